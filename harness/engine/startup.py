"""Why this exists: every component starts the moment what it waits for is there, all of them side by side."""

import asyncio
from collections.abc import Awaitable, Callable

from harness.core.errors import NotReadyError, as_failure
from harness.engine.critical_path import COMPLETING, PROBING, STARTING, WAITING
from harness.engine.failures import first_failure, not_ready, not_started, one_line
from harness.engine.parts import Parts
from harness.engine.supervision import Supervised
from harness.events.facts import State
from harness.plan.model import Step, Wait
from harness.providers.base import CanTellWhere, Running
from harness.readiness.base import Answer, Probe
from harness.readiness.wait import wait_until_ready
from harness.spec.model import Condition

BeforeUse = Callable[[Step], Awaitable[None]]


class Startup:
    """Brings components up. Compose's `restart` is not applied: in a test, an exit is a finding, not a hiccup."""

    def __init__(self, parts: Parts) -> None:
        self._plan = parts.plan
        self._place = parts.place
        self._provider = parts.provider
        self._lifecycle = parts.lifecycle
        self._supervision = parts.supervision
        self._stopwatch = parts.stopwatch
        self._clock = parts.clock
        self._has_started = {step.name: asyncio.Event() for step in parts.plan.steps}
        self._is_done = {step.name: asyncio.Event() for step in parts.plan.steps}
        self.before_use: BeforeUse | None = None
        """What is done to each component that is ready, before those that wait for it begin."""

    async def run(self) -> None:
        """Return when every component of the plan is ready or, for a one-shot, has completed.

        Raises:
            EnvironmentFailedError: one could not be started, ended, or did not become ready in time. The others
                are cancelled; what runs by then is left to the teardown.
        """
        try:
            async with asyncio.TaskGroup() as group:
                for step in self._plan.steps:
                    group.create_task(self._bring_up(step), name=f"start {step.name}")
        except BaseExceptionGroup as failures:
            raise first_failure(failures) from None

    async def _bring_up(self, step: Step) -> None:
        try:
            await self._come_up(step)
        except Exception as error:
            self._supervision.break_with(error)  # told at once, however long it takes to break off the others
            raise

    async def _come_up(self, step: Step) -> None:
        if step.waits_for:
            await self._wait_for_others(step)
        if step.is_one_shot and self._place.is_copy:
            self._take_for_done(step)
            return
        supervised = await self.start(step, self._provider.start(step))
        self._has_started[step.name].set()
        await self.become_ready(step, supervised)
        if self.before_use is not None:
            await self.before_use(step)
        self._is_done[step.name].set()

    def _take_for_done(self, step: Step) -> None:
        """What a one-shot does is in the data that stores begin with."""
        self._lifecycle.move(step.name, State.SKIPPED, "what it does is in the data that was copied")
        self._has_started[step.name].set()
        self._is_done[step.name].set()

    async def _wait_for_others(self, step: Step) -> None:
        shown = ", ".join(f"{wait.component} ({_WAITED_FOR[wait.condition]})" for wait in step.waits_for)
        self._lifecycle.move(step.name, State.WAITING, f"for {shown}")
        with self._stopwatch.stretch(step.name, WAITING):
            for wait in step.waits_for:
                await self._condition(wait).wait()

    def _condition(self, wait: Wait) -> asyncio.Event:
        met = self._has_started if wait.condition is Condition.STARTED else self._is_done
        return met[wait.component]

    async def start(self, step: Step, starting: Awaitable[Running]) -> Supervised:
        """Await a provider's start of one component and take charge of what it gives."""
        self._lifecycle.move(step.name, State.STARTING)
        with self._stopwatch.stretch(step.name, STARTING):
            try:
                running = await starting
            except Exception as error:
                self._lifecycle.move(step.name, State.FAILED, one_line(error))
                raise not_started(self._plan, step, as_failure(error)) from error
        return self._supervision.add(step, running)

    async def become_ready(self, step: Step, supervised: Supervised) -> None:
        """Return when a started component is ready, or has completed.

        Raises:
            ComponentExitedError: it ended before, or a one-shot ended with another exit code than 0.
            NotReadyError: its time is over.
        """
        with self._stopwatch.stretch(step.name, COMPLETING if step.is_one_shot else PROBING):
            answer = await self._probe(step, supervised)
        if answer is not None:
            self._lifecycle.move(step.name, State.READY, answer.seen)
            self._supervision.watch(step)
        elif (error := self._supervision.conclude(step)) is not None:
            raise error

    async def _probe(self, step: Step, supervised: Supervised) -> Answer | None:
        """The answer that showed readiness; None when the component ended first."""
        timeout = step.component.settings.ready.timeout
        try:
            probe: Probe = _CompletionProbe() if step.is_one_shot else supervised.running.probe()
            self._lifecycle.move(step.name, State.PROBING, probe.describe())
            return await wait_until_ready(step.name, probe, self._clock, timeout, supervised.exited)
        except NotReadyError as error:
            self._lifecycle.move(step.name, State.FAILED, one_line(error))
            log = self._place.logs / f"{step.name}.log"
            kept = log if log.exists() else None
            running = supervised.running
            where = running.whereabouts() if isinstance(running, CanTellWhere) else ""
            raise not_ready(error, running.tail(), kept, self._lifecycle.states, where) from None


class _CompletionProbe:
    """What is waited for with a one-shot: not an answer, but its end."""

    def describe(self) -> str:
        return "it ends with exit code 0"

    async def check(self) -> Answer:
        return Answer(is_ready=False, seen="still running")


_WAITED_FOR = {
    Condition.STARTED: "started",
    Condition.HEALTHY: "ready",
    Condition.COMPLETED: "completed",
}
