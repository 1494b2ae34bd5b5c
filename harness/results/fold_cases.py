"""Why this exists: facts about cases, stated several times or never finished, become attempts."""

from dataclasses import dataclass, field
from math import inf

from harness.events.facts import CaseFinished, CaseStarted, EnvironmentStopped, Event, SuitesCollected
from harness.results.cases import Attempt, Case, Status, SuiteResult


@dataclass
class _CaseFold:
    """One case: the attempts that ended, and the one that runs."""

    attempts: list[Attempt] = field(default_factory=list)
    running: CaseStarted | None = None
    file: str = ""
    line: int = 0

    def start(self, event: CaseStarted) -> None:
        """Note that it began; an attempt that still runs was lost with its worker."""
        self.break_off(event.at, Status.INTERRUPTED)
        self.running = event

    def finish(self, event: CaseFinished) -> None:
        """Note how it ended."""
        started = self.running.at if self.running else event.at - event.duration
        self.running = None
        self.file, self.line = event.file or self.file, event.line or self.line
        self.attempts.append(
            Attempt(
                status=Status(event.outcome.value),
                started=started,
                finished=max(started, event.at),
                duration=event.duration,
                phases=dict(event.phases),
                message=event.message,
                details=event.details,
                output=dict(event.output),
                worker=event.worker,
            )
        )

    def break_off(self, now: float, status: Status) -> None:
        """Close the attempt that runs, if any: nothing was heard of it until `now`."""
        if self.running is None:
            return
        started = self.running.at
        end = max(started, now)
        message = "began and never ended: its process was stopped or died"
        self.attempts.append(
            Attempt(status, started, end, end - started, message=message, worker=self.running.worker)
        )
        self.running = None


@dataclass
class CasesFold:
    """All suites; a case is known by its suite and its id."""

    suites: dict[str, dict[str, _CaseFold]] = field(default_factory=dict)
    collected: dict[str, int] = field(default_factory=dict)
    last: float = inf  # no case outlives the environment

    def take(self, event: Event) -> None:
        """Note one fact; those about other things are passed over."""
        match event:
            case SuitesCollected():
                self.collected |= event.by_suite
            case CaseStarted():
                self._case(event.suite, event.case).start(event)
            case CaseFinished():
                self._case(event.suite, event.case).finish(event)
            case EnvironmentStopped():
                self.last = min(self.last, event.at - event.duration)
            case _:
                pass

    def _case(self, suite: str, case: str) -> _CaseFold:
        return self.suites.setdefault(suite, {}).setdefault(case, _CaseFold())

    def result(self, now: float, unheard: Status) -> tuple[SuiteResult, ...]:
        """Suites in the order they were collected or began.

        Args:
            now: When what still runs ends, unless the environment's end came first.
            unheard: What becomes of it.
        """
        now = min(now, self.last)
        names = dict.fromkeys([*self.collected, *self.suites])
        return tuple(
            SuiteResult(
                name,
                tuple(
                    _case(fold, suite=name, id_=id_) for id_, fold in self._closed(name, now, unheard).items()
                ),
                self.collected.get(name),
            )
            for name in names
        )

    def _closed(self, suite: str, now: float, unheard: Status) -> dict[str, _CaseFold]:
        cases = self.suites.get(suite, {})
        for case in cases.values():
            case.break_off(now, unheard)
        return cases


def _case(fold: _CaseFold, *, suite: str, id_: str) -> Case:
    return Case(id_, suite, tuple(fold.attempts), fold.file, fold.line)
