"""Why this exists: test cases as they ended, attempt by attempt, and how they are counted."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from harness.results.faults import FaultSpan


class Status(StrEnum):
    """How a case ended: the outcomes of `harness.events.facts.Outcome`; INTERRUPTED also when nobody stated any."""

    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"
    INTERRUPTED = "interrupted"
    SKIPPED = "skipped"
    XFAILED = "xfailed"
    XPASSED = "xpassed"

    @property
    def group(self) -> "Status":
        """PASSED, FAILED, SKIPPED or INTERRUPTED: a verdict on the software, none that was wanted, or none yet."""
        return _GROUPS.get(self, self)

    @property
    def is_bad(self) -> bool:
        """Whether it failed, had an error, or never ended."""
        return self.group in {Status.FAILED, Status.INTERRUPTED}


_GROUPS = {
    Status.ERROR: Status.FAILED,
    Status.XFAILED: Status.SKIPPED,
    Status.XPASSED: Status.PASSED,
}


@dataclass(frozen=True, slots=True)
class Attempt:
    """One execution of a case. One whose end nobody stated lasts until its environment's end, or the log's."""

    status: Status
    started: float
    finished: float
    duration: float
    phases: Mapping[str, float] = field(default_factory=dict)
    message: str = ""
    details: str = ""
    output: Mapping[str, str] = field(default_factory=dict)
    worker: str = "main"


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line a component logged, at an instant."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Excerpt:
    """What one component logged while a case ran, oldest first; `omitted` earlier lines were left out."""

    component: str
    lines: tuple[LogLine, ...]
    omitted: int = 0


@dataclass(frozen=True, slots=True)
class Case:
    """One test case of one suite. `id` is its pytest node id; the last of its `attempts` counts.

    `faults` are those that were on while that one ran.
    """

    id: str
    suite: str
    attempts: tuple[Attempt, ...]
    file: str = ""
    line: int = 0
    excerpts: tuple[Excerpt, ...] = ()
    faults: tuple[FaultSpan, ...] = ()

    @property
    def last(self) -> Attempt:
        """The attempt that counts."""
        return self.attempts[-1]

    @property
    def earlier(self) -> tuple[Attempt, ...]:
        """Attempts before the last: reruns, or workers that crashed."""
        return self.attempts[:-1]

    @property
    def status(self) -> Status:
        """How the last attempt ended."""
        return self.last.status

    @property
    def duration(self) -> float:
        """How long the last attempt took."""
        return self.last.duration

    @property
    def is_bad(self) -> bool:
        """Whether it failed, had an error, or never ended."""
        return self.status.is_bad

    @property
    def is_flaky(self) -> bool:
        """Whether it ended well only after an attempt that had not."""
        return not self.is_bad and any(a.status.is_bad for a in self.earlier)

    @property
    def module(self) -> str:
        """The file part of its id, as in `tests/api/test_users.py`."""
        return self.id.partition("::")[0]

    @property
    def name(self) -> str:
        """Its id without the file part, as in `TestUsers::test_create[admin]`."""
        head, _, tail = self.id.partition("::")
        return tail or head


@dataclass(frozen=True, slots=True)
class Totals:
    """Cases by how they ended. `passed + failed + errors + skipped + interrupted == cases`, always."""

    by_status: Mapping[Status, int]

    @classmethod
    def of(cls, cases: Iterable[Case]) -> "Totals":
        """Count some cases."""
        return cls.of_statuses(case.status for case in cases)

    @classmethod
    def of_statuses(cls, statuses: Iterable[Status]) -> "Totals":
        """Count how some cases ended."""
        return cls(Counter(statuses))

    def _sum(self, *statuses: Status) -> int:
        return sum(self.by_status.get(status, 0) for status in statuses)

    @property
    def cases(self) -> int:
        """Cases that were begun."""
        return sum(self.by_status.values())

    @property
    def ended(self) -> int:
        """Those of them that also ended."""
        return self.cases - self.interrupted

    @property
    def passed(self) -> int:
        """Passed, unexpected passes included."""
        return self._sum(Status.PASSED, Status.XPASSED)

    @property
    def failed(self) -> int:
        """Failed in the test's own body."""
        return self._sum(Status.FAILED)

    @property
    def errors(self) -> int:
        """Failed in set-up or tear-down, or with their process."""
        return self._sum(Status.ERROR)

    @property
    def interrupted(self) -> int:
        """Began, and were not let end: neither good nor bad."""
        return self._sum(Status.INTERRUPTED)

    @property
    def bad(self) -> int:
        """Failures and errors."""
        return self.failed + self.errors

    @property
    def skipped(self) -> int:
        """Skipped, expected failures included."""
        return self._sum(Status.SKIPPED, Status.XFAILED)


@dataclass(frozen=True, slots=True)
class SuiteResult:
    """One suite's cases in the order they began. `collected` is None when nobody stated it."""

    name: str
    cases: tuple[Case, ...]
    collected: int | None = None

    @property
    def totals(self) -> Totals:
        """Its cases, counted."""
        return Totals.of(self.cases)

    @property
    def started(self) -> float:
        """When its first case began; 0 when none did."""
        return min((case.attempts[0].started for case in self.cases), default=0.0)

    @property
    def duration(self) -> float:
        """Seconds from its first case's begin to its last one's end."""
        return max((case.last.finished for case in self.cases), default=self.started) - self.started

    @property
    def not_run(self) -> int:
        """Cases that were collected and never begun."""
        return max(0, (self.collected or 0) - len(self.cases))
