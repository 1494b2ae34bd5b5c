"""Why this exists: what faults do to a running environment is done here, with the abilities that its provider has."""

import asyncio
from collections.abc import Collection, Mapping

from harness.core.errors import UsageError
from harness.core.tasks import cancel_and_wait
from harness.engine.disks import own_disk
from harness.engine.parts import Parts
from harness.engine.restarting import Restarting, require_ready, running_in
from harness.events.facts import ComponentExited, State
from harness.faults import TESTS
from harness.faults.link import Link, matching
from harness.plan.model import Step
from harness.providers.base import CanFillDisk, CanKill, CanSuspend, HasLinks, Running
from harness.readiness.wait import wait_until_ready


class EngineGround:
    """An open environment under its faults. Implements `harness.faults.Ground`.

    Args:
        parts: What the engine holds.
        restarting: What starts components anew.
        seed: What everything random is drawn from.
    """

    def __init__(self, parts: Parts, restarting: Restarting, seed: int) -> None:
        self._parts = parts
        self._restarting = restarting
        self._suspended: dict[str, Running] = {}
        self._full: set[tuple[str, str]] = set()
        self.seed = seed
        self.is_closing = False
        """Set before the teardown: what is dead stays dead, and nobody waits until what hung is ready."""

    async def kill(self, component: str) -> None:
        """End it by force, and state that as an exit that was expected."""
        running = self._untouched(component, "killed")
        if not isinstance(running, CanKill):
            raise self._cannot("kill", component)
        self._restarting.provider_for(component)  # what cannot come back is not killed
        step = self._parts.plan.step(component)
        self._parts.lifecycle.move(component, State.STOPPING, "killed by a fault")
        await self._parts.supervision.release(step)
        await running.kill()
        await self._state_exit(step, running)

    async def bring_back(self, component: str) -> None:
        """Start it in its place, unless everything is about to be torn down."""
        if not self.is_closing:
            await self._restarting.bring_back(component)

    async def restart(self, component: str, environment: Mapping[str, str] | None = None) -> None:
        """Stop and start it, with `environment` laid over its own; None for what was laid over the last time."""
        self._untouched(component, "restarted")
        await self._restarting.restart(component, environment)

    async def suspend(self, component: str) -> None:
        """Let it stand still."""
        running = self._untouched(component, "suspended")
        if not isinstance(running, CanSuspend):
            raise self._cannot("suspend", component)
        self._suspended[component] = running  # also when this is broken off halfway
        try:
            await running.suspend()
        except Exception:
            del self._suspended[component]
            raise

    async def resume(self, component: str) -> None:
        """Let it go on, and wait until it is ready."""
        running = self._suspended.get(component)
        if not isinstance(running, CanSuspend):  # it goes on already
            return
        await running.resume()
        del self._suspended[component]
        if not self.is_closing:
            await self._wait_ready(self._parts.plan.step(component), running)

    async def fill_disk(self, component: str, path: str | None) -> str:
        """Leave no room on a file system that is its own."""
        running = self._untouched(component, "filled up")
        mount = own_disk(self._parts.plan.step(component).component, path)
        if not isinstance(running, CanFillDisk):
            raise self._cannot("fill a disk of", component)
        if (component, mount.target) in self._full:
            raise UsageError(f"{mount.target} of {component} is full already", hint="heal that fault first")
        self._full.add((component, mount.target))
        try:
            await running.fill_disk(mount)
        except UsageError:
            self._full.discard((component, mount.target))
            raise
        except BaseException:  # broken off halfway, or worse
            await self.free_disk(component, mount.target)
            raise
        return mount.target

    async def free_disk(self, component: str, path: str) -> None:
        """Give the room back, to whatever runs in its place now."""
        running = running_in(self._parts, component)
        if isinstance(running, CanFillDisk):
            await running.free_disk(own_disk(self._parts.plan.step(component).component, path))
        self._full.discard((component, path))

    def links(self, component: str, sources: Collection[str] = ()) -> tuple[Link, ...]:
        """The links of the provider that lead from some sources to a component."""
        provider = self._parts.provider
        if not isinstance(provider, HasLinks):
            raise UsageError(f"the {provider.name} provider has no faults of the network")
        running = running_in(self._parts, component)
        for source in sources:
            self._require_source(source)
        if running.endpoints and not matching(provider.links, component):
            raise _not_proxied(component)
        return matching(provider.links, component, sources)

    def break_with(self, reason: Exception) -> None:
        """What cannot be healed breaks the environment; one that ends is past that."""
        if not self.is_closing:
            self._parts.supervision.break_with(reason)

    async def release_suspended(self) -> None:
        """Let everything go on that stands still: what does not run cannot be asked to stop."""
        for component in tuple(self._suspended):
            await self.resume(component)

    def _untouched(self, component: str, done: str) -> Running:
        """A component that is ready and does not stand still."""
        running = require_ready(self._parts, component, done)
        if component in self._suspended:
            raise UsageError(
                f"{component} is suspended and cannot be {done} now", hint="heal that fault first"
            )
        return running

    def _require_source(self, source: str) -> None:
        if source != TESTS:
            running_in(self._parts, source)

    async def _state_exit(self, step: Step, running: Running) -> None:
        ended = await running.exited()
        at = self._parts.clock.now()
        self._parts.emit(ComponentExited(at=at, component=step.name, exit_code=ended.code, expected=True))
        self._parts.lifecycle.move(step.name, State.STOPPED, str(ended))

    async def _wait_ready(self, step: Step, running: Running) -> None:
        """Return when it answers again; also when it has ended, which its watch deals with."""
        exited = asyncio.ensure_future(running.exited())
        timeout = step.component.settings.ready.timeout
        try:
            await wait_until_ready(step.name, running.probe(), self._parts.clock, timeout, exited)
        finally:
            await cancel_and_wait(exited)

    def _cannot(self, what: str, component: str) -> UsageError:
        return UsageError(f"the {self._parts.provider.name} provider cannot {what} {component}")


def _not_proxied(component: str) -> UsageError:
    return UsageError(
        f"no proxy stands before {component}, so its network cannot be made to fail",
        hint="write `x-harness: {faults: true}` below that service, or at the top of the file for all of them",
    )
