"""Why this exists: the faults of a run as people read them: in words beside a case, and as bars over time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from harness.reports.text import LONGEST, duration
from harness.reports.timeline import Bar, Scale, Tick, ticks
from harness.results.cases import Case
from harness.results.faults import FaultSpan
from harness.results.model import RunResult

ROWS = 100  # more are left out, and counted
CASES = 3  # named for one fault; the others are counted


@dataclass(frozen=True, slots=True)
class FaultRow:
    """One fault; `bar` is None when it lies outside the picture."""

    what: str
    settings: str
    bar: Bar | None
    lasted: str
    ended: str
    cases: tuple[Case, ...]
    more_cases: int


@dataclass(frozen=True, slots=True)
class FaultPicture:
    """All faults, from the first thing that is shown to the last."""

    rows: tuple[FaultRow, ...]
    omitted: int
    ticks: tuple[Tick, ...]


def told(span: FaultSpan) -> str:
    """What went wrong, and where: `Latency of db`, `Kill of db in the world of gw1`."""
    what = f"{span.kind} of {', '.join(span.components)}" if span.components else span.kind
    return f"{what} in the world of {span.world}" if span.world else what


def settings(span: FaultSpan) -> str:
    """Its settings, without the component that `told` names already."""
    name = "".join(span.components[:1])
    return span.detail.removeprefix(f"component={name!r}").removeprefix(", ")


def why(span: FaultSpan) -> str:
    """Why it is over, or that it is not."""
    if span.ended is None:
        return "nobody stated that it healed"
    return f"healed: {span.reason}" if span.reason else "healed"


def since(span: FaultSpan, start: float) -> str:
    """A line for a report: what, on whom, from when to when in seconds after `start`, and why it ended."""
    end = "…" if span.ended is None else f"{span.ended - start:+.3f} s"
    what = f"{told(span)} ({detail})" if (detail := settings(span)) else told(span)
    return f"{what}, {span.began - start:+.3f} s to {end}, {why(span)}"


def draw(result: RunResult) -> FaultPicture | None:
    """The faults over the time in which cases ran; None when there were none."""
    spans = result.environment.faults
    if not spans:
        return None
    scale = _scale(result, spans)
    rows = tuple(_row(span, result, scale) for span in spans[:ROWS])
    return FaultPicture(rows, max(0, len(spans) - ROWS), tuple(ticks(scale.seconds)))


def _scale(result: RunResult, spans: Sequence[FaultSpan]) -> Scale:
    """From the first beginning to the last end of what is known to have ended."""
    lasts = [case.last for case in result.cases]
    began = min([span.began for span in spans] + [last.started for last in lasts])
    ended = max([span.ended or span.began for span in spans] + [last.finished for last in lasts])
    seconds = ended - began
    return Scale(began, seconds if 0 < seconds < LONGEST else 1.0)


def _row(span: FaultSpan, result: RunResult, scale: Scale) -> FaultRow:
    end = scale.began + scale.seconds if span.ended is None else span.ended
    cases = tuple(_cases(span, result))
    return FaultRow(
        what=told(span),
        settings=settings(span),
        bar=scale.bar("fault", span.began, end, ""),
        lasted=duration(end - span.began),
        ended=why(span),
        cases=cases[:CASES],
        more_cases=max(0, len(cases) - CASES),
    )


def _cases(span: FaultSpan, result: RunResult) -> Iterator[Case]:
    """Those that it was on for, the failing ones first."""
    under = [case for case in result.cases if span in case.faults]
    yield from sorted(under, key=lambda case: not case.is_bad)
