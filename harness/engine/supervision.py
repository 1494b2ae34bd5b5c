"""Why this exists: whatever runs is watched from its first moment, and its end is noticed in one place only."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

from harness.core.clock import Clock
from harness.core.errors import ComponentExitedError, HarnessError, as_failure
from harness.core.tasks import cancel_and_wait
from harness.engine.failures import component_exited, waiting_paths
from harness.engine.lifecycle import Lifecycle
from harness.events.facts import ComponentExited, EnvironmentFailed, State
from harness.events.log import Emit
from harness.plan.model import Plan, Step
from harness.providers.base import Exit, Place, Running

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Supervised:
    """A running component, since when it runs (monotonic), and the task that is done when it has ended."""

    step: Step
    running: Running
    since: float
    exited: asyncio.Task[Exit]


class Supervision:
    """What runs, what ended, and whether that broke the environment."""

    def __init__(self, plan: Plan, place: Place, lifecycle: Lifecycle, clock: Clock, emit: Emit) -> None:
        self._plan = plan
        self._place = place
        self._lifecycle = lifecycle
        self._clock = clock
        self._emit = emit
        self._supervised: dict[str, Supervised] = {}
        self._watches: dict[str, asyncio.Task[None]] = {}
        self._is_broken = asyncio.Event()
        self._is_closed = False
        self.broken: HarnessError | None = None

    def running(self, component: str) -> Running | None:
        """What was started for `component`; None when nothing was."""
        supervised = self._supervised.get(component)
        return supervised.running if supervised else None

    def add(self, step: Step, running: Running) -> Supervised:
        """Take charge of a component that has just been started."""
        exited = asyncio.create_task(running.exited(), name=f"exit of {step.name}")
        supervised = Supervised(step, running, self._clock.monotonic(), exited)
        self._supervised[step.name] = supervised
        return supervised

    def watch(self, step: Step) -> None:
        """From now on the end of a component breaks the environment, unless it may end."""
        watch = asyncio.create_task(self._watch(step), name=f"watch {step.name}")
        self._watches[step.name] = watch

    async def release(self, step: Step) -> None:
        """From now on the end of a component is expected."""
        ended = [self._watches.pop(step.name, None), self._supervised[step.name].exited]
        await cancel_and_wait(*(task for task in ended if task))

    def conclude(self, step: Step) -> ComponentExitedError | None:
        """State how a component ended; gives the error when it was not supposed to.

        A one-shot is supposed to end with 0, and so may a component that listens nowhere and has nothing that
        shows readiness: nobody can be using it.
        """
        supervised = self._supervised[step.name]
        ended = supervised.exited.result()
        is_expected = ended.code == 0 and may_end(step)
        lines = () if is_expected else supervised.running.tail()
        self._state_exit(step, ended, lines, is_expected=is_expected)
        if is_expected:
            return None
        after = self._clock.monotonic() - supervised.since
        log = self._place.logs / f"{step.name}.log"
        return component_exited(self._plan, step, ended, after, lines, log)

    def _state_exit(self, step: Step, ended: Exit, lines: tuple[str, ...], *, is_expected: bool) -> None:
        fact = ComponentExited(
            at=self._clock.now(),
            component=step.name,
            exit_code=ended.code,
            expected=is_expected,
            last_lines=lines,
            awaited_by=() if is_expected else waiting_paths(self._plan, step.name),
        )
        self._emit(fact)
        self._lifecycle.move(step.name, State.COMPLETED if is_expected else State.FAILED, str(ended))

    def break_with(self, reason: Exception) -> None:
        """The environment is broken from now on; only the first reason counts. After the end it is no fact any more."""
        if self.broken is not None:
            return
        self.broken = error = as_failure(reason)
        self._is_broken.set()
        if self._is_closed:
            return
        at = self._clock.now()
        self._emit(EnvironmentFailed(at=at, message=error.message, hint=error.hint, evidence=error.evidence))

    async def wait_broken(self) -> HarnessError:
        """Return the reason once the environment is broken."""
        await self._is_broken.wait()
        assert self.broken is not None  # noqa: S101 - set just before the event
        return self.broken

    async def unless_broken(self, work: Coroutine[Any, Any, T]) -> T:
        """The result of `work`, which is cancelled when the environment breaks meanwhile.

        Raises:
            HarnessError: what broke the environment.
        """
        working = asyncio.create_task(work)
        breaking = asyncio.create_task(self.wait_broken())
        try:
            await asyncio.wait({working, breaking}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await cancel_and_wait(working, breaking)
        if self.broken is not None:  # also when it broke in the same instant in which the work was done
            raise self.broken
        return working.result()

    async def end_watches(self) -> None:
        """From now on every component may end."""
        await cancel_and_wait(*self._watches.values())

    async def aclose(self) -> None:
        """Stop waiting for exits; nothing of this object runs afterwards."""
        self._is_closed = True
        await cancel_and_wait(*self._watches.values(), *(s.exited for s in self._supervised.values()))

    async def _watch(self, step: Step) -> None:
        await asyncio.wait({self._supervised[step.name].exited})
        try:
            error: Exception | None = self.conclude(step)
        except Exception as failure:  # noqa: BLE001 - nobody awaits a watch; the environment carries what it met
            error = failure
        if error is not None:
            self.break_with(error)


def may_end(step: Step) -> bool:
    """Whether ending with exit code 0 is in order for a component."""
    return step.is_one_shot or not _is_used(step)


def _is_used(step: Step) -> bool:
    """Whether others can be using a component while it runs."""
    component = step.component
    ready = component.settings.ready
    shows_readiness = any((ready.http, ready.tcp, ready.log, ready.command, ready.port))
    return bool(component.targets) or component.healthcheck is not None or shows_readiness
