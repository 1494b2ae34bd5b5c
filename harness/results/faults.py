"""Why this exists: whoever looks at a failing case has to see what was made to go wrong while it ran."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate
from math import inf

from harness.events.facts import Event, FaultHealed, FaultInjected


@dataclass(frozen=True, slots=True)
class FaultSpan:
    """A fault for as long as it was on. `ended` is None, and `reason` empty, when nobody stated that it healed.

    Each `world` counts its own, and so does the environment itself, for which it is empty.
    """

    number: int
    kind: str
    components: tuple[str, ...]
    detail: str
    began: float
    ended: float | None = None
    reason: str = ""
    world: str = ""


@dataclass
class FaultsFold:
    """All faults of a run, in the order in which they began."""

    spans: list[FaultSpan] = field(default_factory=list)
    on: dict[tuple[str, int], int] = field(default_factory=dict)

    def take(self, event: Event) -> None:
        """Note one fact; those about other things are passed over."""
        match event:
            case FaultInjected():
                self.on[event.world, event.number] = len(self.spans)
                self.spans.append(_span(event, event.detail, event.at))
            case FaultHealed():
                self._heal(event)
            case _:
                pass

    def _heal(self, event: FaultHealed) -> None:
        """End it; one whose beginning is not known began as long before as it says."""
        index = self.on.pop((event.world, event.number), None)
        if index is None:
            span = _span(event, "", event.at - event.duration)
            self.spans.append(replace(span, ended=event.at, reason=event.reason))
            return
        span = self.spans[index]
        self.spans[index] = replace(span, ended=max(span.began, event.at), reason=event.reason)

    def result(self) -> tuple[FaultSpan, ...]:
        """As far as they are known."""
        return tuple(sorted(self.spans, key=lambda span: span.began))


def _span(event: FaultInjected | FaultHealed, detail: str, began: float) -> FaultSpan:
    return FaultSpan(event.number, event.fault, event.components, detail, began, world=event.world)


class Overlaps:
    """Finds the faults of a time, without looking at all the others.

    Args:
        spans: In the order in which they began.
    """

    def __init__(self, spans: Sequence[FaultSpan]) -> None:
        self._spans = spans
        self._began = [span.began for span in spans]
        self._latest_ends = list(accumulate(map(_end, spans), max))

    def of(self, started: float, finished: float) -> tuple[FaultSpan, ...]:
        """Those that were on for a while between two instants."""
        found = []
        index = bisect_left(self._began, finished)
        while index and self._latest_ends[index - 1] > started:
            index -= 1
            if _end(self._spans[index]) > started:
                found.append(self._spans[index])
        return tuple(reversed(found))


def _end(span: FaultSpan) -> float:
    return inf if span.ended is None else span.ended
