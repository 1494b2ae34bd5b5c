"""Why this exists: what a person needs to understand a failing case, cut to a size a page can carry."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from harness.reports.faults import told, why
from harness.reports.text import cut, plain
from harness.results.cases import Attempt, Case, Status
from harness.results.model import RunResult

BUDGET = 4_000_000  # characters of evidence on one page, all failures together
DETAILS = 40_000  # characters of one traceback
SECTION = 12_000  # characters of one captured section
HUES = 8  # colours that tell components apart

_ERROR = re.compile(r"\b(ERROR|CRITICAL|FATAL|PANIC|Traceback)\b")
_LOCATION = re.compile(r"^\S+:\d+: ")
# What has a verdict on the software comes before what only never ended.
_ORDER = (Status.FAILED, Status.ERROR, Status.INTERRUPTED)


@dataclass(frozen=True, slots=True)
class Logged:
    """A line some component logged, or that a fault began or ended; `after` is in seconds since the case began."""

    after: float
    component: str
    hue: int
    text: str
    is_fault: bool = False

    @property
    def is_error(self) -> bool:
        """Whether it says of itself that something went wrong."""
        return bool(_ERROR.search(self.text))


@dataclass(frozen=True, slots=True)
class FailureView:
    """A failing case and its evidence. `traceback` lines have a kind: error, current, location or none."""

    anchor: str
    case: Case
    rerun: str
    traceback: tuple[tuple[str, str], ...] = ()
    sections: tuple[tuple[str, str], ...] = ()
    logged: tuple[Logged, ...] = ()
    omitted: int = 0

    @property
    def has_evidence(self) -> bool:
        """Whether there is more to show than its message."""
        return bool(self.traceback or self.sections or self.logged or self.case.earlier)


def views(result: RunResult) -> tuple[FailureView, ...]:
    """Every failing case, worst first; when the budget is used up, the rest without evidence."""
    hues = {component.name: n % HUES for n, component in enumerate(result.environment.components)}
    worst_first = sorted(result.bad, key=lambda case: _ORDER.index(case.status))
    left = BUDGET
    made = []
    for number, case in enumerate(worst_first, 1):
        anchor = f"f{number}"
        rerun = _rerun(case, result)
        view = _view(anchor, case, rerun, hues) if left > 0 else FailureView(anchor, case, rerun)
        left -= _size(view)
        made.append(view)
    return tuple(made)


def _view(anchor: str, case: Case, rerun: str, hues: dict[str, int]) -> FailureView:
    return FailureView(
        anchor=anchor,
        case=case,
        rerun=rerun,
        traceback=tuple(_traceback(case.last)),
        sections=tuple(
            (plain(title), cut(plain(text).strip("\n"), SECTION)) for title, text in case.last.output.items()
        ),
        logged=tuple(sorted(_story(case, hues), key=lambda line: line.after)),
        omitted=sum(excerpt.omitted for excerpt in case.excerpts),
    )


def _rerun(case: Case, result: RunResult) -> str:
    words = (*result.rerun, f"{result.root}/{case.id}" if result.root else case.id)
    return " ".join(shlex.quote(plain(word)) for word in words)


def _traceback(attempt: Attempt) -> Iterator[tuple[str, str]]:
    for line in cut(plain(attempt.details).strip("\n"), DETAILS).splitlines():
        yield _kind(line), line


def _kind(line: str) -> str:
    """What a line of pytest's traceback is, so that the ones that matter stand out."""
    if line.startswith("E "):
        return "error"
    if line.startswith(">"):
        return "current"
    return "location" if _LOCATION.match(line) else ""


def _story(case: Case, hues: dict[str, int]) -> list[Logged]:
    """What was logged, and where in it faults began and ended; nothing when nothing was logged."""
    logged = list(_logged(case, hues))
    return logged + list(_faults(case)) if logged else []


def _faults(case: Case) -> Iterator[Logged]:
    """The ends of the faults that were on, as far as they lie within the case."""
    last = case.last
    for span in case.faults:
        if span.began >= last.started:
            yield Logged(span.began - last.started, "fault", 0, f"{told(span)} begins", is_fault=True)
        if span.ended is not None and span.ended <= last.finished:
            told_end = f"{told(span)} is over, {why(span)}"
            yield Logged(span.ended - last.started, "fault", 0, told_end, is_fault=True)


def _logged(case: Case, hues: dict[str, int]) -> Iterator[Logged]:
    """What all components logged during the case, for one list in the order of time."""
    for excerpt in case.excerpts:
        for line in excerpt.lines:
            after = line.at - case.last.started
            yield Logged(after, excerpt.component, hues.get(excerpt.component, 0), plain(line.text))


def _size(view: FailureView) -> int:
    parts = [text for _, text in (*view.traceback, *view.sections)] + [line.text for line in view.logged]
    return sum(map(len, parts))
