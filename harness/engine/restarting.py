"""Why this exists: a component is started anew in its place on request, or after a fault, and never breaks by that."""

from collections.abc import Mapping
from types import MappingProxyType

from harness.core.errors import EnvironmentFailedError, NotPossibleHereError, UsageError
from harness.core.tasks import within
from harness.engine.parts import Parts
from harness.engine.startup import Startup
from harness.engine.teardown import STOP_MARGIN
from harness.events.facts import State
from harness.plan.model import Step
from harness.providers.base import CanRestart, Running

NOTHING: Mapping[str, str] = MappingProxyType({})


class Restarting:
    """Starts components anew.

    Args:
        parts: What the engine holds.
        startup: What starts components.
    """

    def __init__(self, parts: Parts, startup: Startup) -> None:
        self._parts = parts
        self._startup = startup
        self._overlays: dict[str, Mapping[str, str]] = {}

    @property
    def overlaid(self) -> tuple[str, ...]:
        """The components that run with other variables than their own."""
        return tuple(name for name, environment in self._overlays.items() if environment)

    async def restart(self, component: str, environment: Mapping[str, str] | None = None) -> None:
        """Stop and start a component that is ready; returns when it is ready again.

        Args:
            component: Which one.
            environment: Laid over its own variables; None for what was laid over them the last time.

        Raises:
            UsageError: it is not ready, or the provider cannot restart.
            EnvironmentFailedError: it did not come up again; the environment is broken from then on.
        """
        self.provider_for(component)
        require_ready(self._parts, component, "restarted")
        if environment is not None:
            self._overlays[component] = environment
        await self.bring_back(component)

    async def bring_back(self, component: str) -> None:
        """Start a component whether it runs or not; raises as `restart` does."""
        provider, step = self.provider_for(component), self._parts.plan.step(component)
        await self._parts.supervision.release(step)
        try:
            supervised = await self._startup.start(step, self._renew(provider, step))
            await self._startup.become_ready(step, supervised)
        except Exception as error:
            self._parts.supervision.break_with(error)
            raise

    def provider_for(self, component: str) -> CanRestart:
        """The provider, as one that restarts."""
        provider = self._parts.provider
        if not isinstance(provider, CanRestart):
            raise NotPossibleHereError(f"the {provider.name} provider cannot restart {component}")
        return provider

    async def _renew(self, provider: CanRestart, step: Step) -> Running:
        """Stop the old one, politely and not for ever, and start the new one."""
        grace = step.component.stop_grace_period
        longest = grace + STOP_MARGIN
        running = self._parts.supervision.running(step.name)
        try:
            if running is not None:
                await within(longest, self._parts.clock, running.stop(grace))
        except TimeoutError:
            message = f"{step.name} could not be restarted: it did not stop within {longest:g} s"
            raise EnvironmentFailedError(message) from None
        return await provider.restart(step, self._overlays.get(step.name, NOTHING))


def require_ready(parts: Parts, component: str, done: str) -> Running:
    """What was started for a component that is ready: only that can be stopped and become ready again.

    Args:
        parts: What the engine holds.
        component: Its name.
        done: What is to be done to it: "restarted".

    Raises:
        UsageError: there is none of that name, it runs once, or it is not ready.
    """
    running = running_in(parts, component)
    if parts.plan.step(component).is_one_shot:
        raise UsageError(
            f"{component} runs once, to its end, and cannot be {done}",
            hint="restart what works with its result, or start a new environment",
        )
    if (state := parts.lifecycle.states[component]) is not State.READY:
        raise UsageError(
            f"{component} is {state} and cannot be {done} now",
            hint="only a component that is ready can; one that ended has broken the environment",
        )
    return running


def running_in(parts: Parts, component: str) -> Running:
    """What was started for a component. Raises UsageError when there is none of that name."""
    running = parts.supervision.running(component)
    if running is None:
        known = ", ".join(step.name for step in parts.plan.steps)
        raise UsageError(f"this environment has no component {component}", hint=f"It has: {known}.")
    return running
