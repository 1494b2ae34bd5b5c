"""Why this exists: what faults do to a running environment is done here, with the abilities that its provider has."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from functools import partial

from harness.core.errors import NotPossibleHereError, UsageError
from harness.core.tasks import cancel_and_wait
from harness.engine.disks import own_disk
from harness.engine.parts import Parts
from harness.engine.restarting import Restarting, require_ready, running_in
from harness.events.facts import ComponentExited, State
from harness.faults import TESTS, Direction, Heal
from harness.faults.base import lay
from harness.faults.cut import Hold
from harness.faults.link import Link, matching
from harness.plan.model import Step
from harness.providers.base import (
    CanBeReplaced,
    CanFillDisk,
    CanKill,
    CanScaleToZero,
    CanSeparate,
    CanSuspend,
    HasFewLinks,
    HasLinks,
    Running,
)
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
        await self._take_away(component, running, "killed by a fault", running.kill)

    async def crash(self, component: str) -> None:
        """End it by force and let it come back, by itself where something there looks after it."""
        running = self._untouched(component, "crashed")
        if not isinstance(running, CanBeReplaced):
            await self.kill(component)
            await self.bring_back(component)
            return
        await running.replace()
        try:
            await self._wait_ready(self._parts.plan.step(component), running)
        except Exception as error:
            self.break_with(error)
            raise

    async def scale_to_zero(self, component: str) -> None:
        """Let all of it end politely, and state that as an exit that was expected."""
        running = self._untouched(component, "scaled to zero")
        grace = self._parts.plan.step(component).component.stop_grace_period
        ends = running.scale_to_zero if isinstance(running, CanScaleToZero) else partial(running.stop, grace)
        await self._take_away(component, running, "scaled to zero by a fault", ends)

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

    async def separate(self, groups: Sequence[Collection[str]]) -> Heal | None:
        """Have the provider's network do it between components, and proxies between those and the tests."""
        provider = self._parts.provider
        if not isinstance(provider, CanSeparate):
            return None
        inside = [[name for name in group if name != TESTS] for group in groups]
        for name in (name for group in inside for name in group):
            require_ready(self._parts, name, "cut off")
        cut = [name for group in groups if TESTS not in group for name in group]
        ways = [link for name in cut for link in self.links(name, (TESTS,))] if _has_tests(groups) else []
        undo = []
        if len([group for group in inside if group]) > 1:
            undo.append(await provider.separate([group for group in inside if group]))
        if ways:
            undo.append(await lay(Hold(set(Direction)), ways))
        return partial(_undo, undo)

    def links(self, component: str, sources: Collection[str] = ()) -> tuple[Link, ...]:
        """The links of the provider that lead from some sources to a component."""
        provider = self._parts.provider
        if not isinstance(provider, HasLinks):
            raise NotPossibleHereError(f"the {provider.name} provider has no faults of the network")
        running = running_in(self._parts, component)
        for source in sources:
            self._require_source(source)
        if running.endpoints and not matching(provider.links, component):
            raise _not_proxied(component)
        self._require_links(component, sources)
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

    def _require_links(self, component: str, sources: Collection[str]) -> None:
        """Refuse what not everybody would feel who is to feel it."""
        provider = self._parts.provider
        if not isinstance(provider, HasFewLinks):
            return
        others = (step.name for step in self._parts.plan.steps if step.name != component)
        for source in sources or others:
            if why := provider.unlinked(source):
                raise NotPossibleHereError(
                    f"no proxy stands between {source} and {component}: {why}",
                    hint="what the tests send can be made to fail: sources=(TESTS,)",
                )

    async def _take_away(
        self, component: str, running: Running, why: str, ends: Callable[[], Awaitable[None]]
    ) -> None:
        self._restarting.provider_for(component)  # what cannot come back is not taken away
        step = self._parts.plan.step(component)
        self._parts.lifecycle.move(component, State.STOPPING, why)
        await self._parts.supervision.release(step)
        await ends()
        await self._state_exit(step, running)

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

    def _cannot(self, what: str, component: str) -> NotPossibleHereError:
        return NotPossibleHereError(f"the {self._parts.provider.name} provider cannot {what} {component}")


def _has_tests(groups: Sequence[Collection[str]]) -> bool:
    return any(TESTS in group for group in groups)


async def _undo(heals: Sequence[Heal]) -> None:
    """The latest first."""
    for heal in reversed(heals):
        await heal()


def _not_proxied(component: str) -> UsageError:
    return UsageError(
        f"no proxy stands before {component}, so its network cannot be made to fail",
        hint="write `x-harness: {faults: true}` below that service, or at the top of the file for all of them",
    )
