"""Why this exists: whatever was started is stopped, dependants first, and what resists is named, not hidden."""

import asyncio

from harness.core.tasks import cancel_and_wait, within
from harness.engine.parts import Parts
from harness.events.facts import State
from harness.plan.model import Plan, Step
from harness.providers.base import Running

STOP_MARGIN = 5.0
"""Seconds a provider may need beyond a component's grace to end it by force."""

REMOVAL_TIMEOUT = 60.0
"""Seconds a provider may need to remove everything it made."""


class Teardown:
    """Takes one environment down. Made before anything is started.

    Args:
        parts: What there is to take down.
        hurry: Set, before or meanwhile, when what still runs shall be ended by force and at once.
    """

    def __init__(self, parts: Parts, hurry: asyncio.Event) -> None:
        self._hurry = hurry
        self._plan = parts.plan
        self._provider = parts.provider
        self._lifecycle = parts.lifecycle
        self._supervision = parts.supervision
        self._clock = parts.clock
        self._is_gone = {step.name: asyncio.Event() for step in parts.plan.steps}
        self._leftovers: list[str] = []

    async def run(self) -> tuple[str, ...]:
        """Stop every component, those nobody depends on any more side by side; remove all else.

        Returns:
            What could not be stopped or removed.
        """
        try:
            await self._supervision.end_watches()
            self._give_up_planned()
            await self._stop_all_in_order()
        finally:  # whatever that met: what a provider holds lives on without us
            await self._remove()
        for name in self._lifecycle.states:
            self._settle(name)
        await self._supervision.aclose()
        return tuple(self._leftovers)

    async def _stop_all_in_order(self) -> None:
        """Return when everything has stopped, or when there is no time for that: removing ends what runs then."""
        stopping = asyncio.create_task(self._stop_all(), name="stop all")
        hurried = asyncio.create_task(self._hurry.wait(), name="hurry")
        try:
            await asyncio.wait({stopping, hurried}, return_when=asyncio.FIRST_COMPLETED)
            if stopping.done():
                stopping.result()
        finally:
            await cancel_and_wait(stopping, hurried)
        for name, state in self._lifecycle.states.items():
            if state in (State.PROBING, State.READY):
                self._lifecycle.move(name, State.STOPPING, "by force: nobody waits for its end")

    async def _stop_all(self) -> None:
        if self._hurry.is_set():
            return
        async with asyncio.TaskGroup() as group:
            for step in reversed(self._plan.steps):
                group.create_task(self._take_down(step), name=f"stop {step.name}")

    def _give_up_planned(self) -> None:
        for name, state in self._lifecycle.states.items():
            if state in (State.PLANNED, State.WAITING):
                self._lifecycle.move(name, State.SKIPPED, "not started")
            elif state is State.STARTING:
                self._lifecycle.move(name, State.STOPPING, "its start was broken off")

    async def _take_down(self, step: Step) -> None:
        try:
            for dependant in _dependants(self._plan, step.name):
                await self._is_gone[dependant].wait()
            running = self._supervision.running(step.name)
            if running is not None:
                await self._stop(step, running)
        finally:
            self._is_gone[step.name].set()

    async def _stop(self, step: Step, running: Running) -> None:
        """Stop also what has ended by itself: it may have started others."""
        grace = step.component.stop_grace_period
        if self._lifecycle.states[step.name] in (State.PROBING, State.READY):
            self._lifecycle.move(step.name, State.STOPPING)
        try:
            await within(grace + STOP_MARGIN, self._clock, running.stop(grace))
        except Exception as error:  # noqa: BLE001 - whatever one resists with, the others must still be stopped
            self._leave_behind(step.name, error)
        else:
            self._settle(step.name)

    def _leave_behind(self, component: str, error: Exception) -> None:
        leftover = f"component {component} did not stop in order: {error or type(error).__name__}"
        self._leftovers.append(leftover)
        if self._lifecycle.states[component] is State.STOPPING:
            self._lifecycle.move(component, State.FAILED, leftover)

    async def _remove(self) -> None:
        try:
            left = await within(REMOVAL_TIMEOUT, self._clock, self._provider.aclose())
        except Exception as error:  # noqa: BLE001 - named in the result, which the caller raises
            left = (f"{self._provider.name} provider: {error or type(error).__name__}",)
        self._leftovers.extend(left)

    def _settle(self, component: str) -> None:
        """What was being stopped is stopped; a component whose start was broken off is after the removal."""
        if self._lifecycle.states[component] is State.STOPPING:
            self._lifecycle.move(component, State.STOPPED)


def _dependants(plan: Plan, component: str) -> list[str]:
    """Who directly waits for a component."""
    return [step.name for step in plan.steps if any(w.component == component for w in step.waits_for)]
