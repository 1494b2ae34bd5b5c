"""Why this exists: the start-up drawn as bars over time needs arithmetic, and a template is no place for it.

Positions and widths are per cent of the time shown, so that a picture of any width can be drawn from them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

from harness.events.facts import State
from harness.reports.text import LONGEST, duration
from harness.results.environment import Change, ComponentHistory, EnvironmentResult, Stretch

TICKS = 6  # at most

# The states that are drawn, and what the stretches of the critical path spent in them are called.
_DRAWN: Mapping[State, set[str]] = {
    State.WAITING: set(),
    State.STARTING: {"starting"},
    State.PROBING: {"probing", "completing"},
    State.READY: set(),
    State.COMPLETED: set(),
    State.FAILED: set(),
}


@dataclass(frozen=True, slots=True)
class Bar:
    """What a component did in one stretch of the start-up. `kind` is a state, or what the stretch is called."""

    kind: str
    left: float
    width: float
    title: str
    is_critical: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """One component. `outcome` says when it was ready, or what became of it."""

    name: str
    bars: tuple[Bar, ...]
    outcome: str
    is_failed: bool = False

    @property
    def is_critical(self) -> bool:
        """Whether some of it lies on the critical path."""
        return any(bar.is_critical for bar in self.bars)


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark on the axis."""

    left: float
    label: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """The whole picture. `seconds` is what its width stands for."""

    seconds: float
    rows: tuple[Row, ...]
    ticks: tuple[Tick, ...]


@dataclass(frozen=True, slots=True)
class Scale:
    """What stands where: the picture begins at an instant and is some seconds wide."""

    began: float
    seconds: float

    def bar(
        self, kind: str, began: float, ended: float, detail: str, *, is_critical: bool = False
    ) -> Bar | None:
        """A stretch as a bar, cut at the edges; None when nothing of it is within."""
        left, right = self._position(began), self._position(ended)
        if right <= left:
            return None
        told = f"{kind} for {duration(ended - began)}" + (f" {detail}" if detail else "")
        return Bar(kind, round(left, 2), round(right - left, 2), told, is_critical)

    def _position(self, at: float) -> float:
        return min(100.0, max(0.0, (at - self.began) / self.seconds * 100))


def draw(environment: EnvironmentResult) -> Timeline | None:
    """The start-up from its begin until everything was ready, or until it failed; None when nothing is known."""
    seconds = _shown(environment)
    if not 0 < seconds < LONGEST:
        return None
    scale = Scale(environment.started, seconds)
    components = {component.name for component in environment.components}
    others = [stretch for stretch in environment.stretches if stretch.component not in components]
    rows = [_component_row(component, environment, scale) for component in environment.components]
    before = [_other_row(s, scale) for s in others if s.started <= environment.started + seconds / 2]
    after = [_other_row(s, scale) for s in others if s.started > environment.started + seconds / 2]
    drawn = tuple(row for row in (*before, *rows, *after) if row.bars or row.is_failed)
    return Timeline(seconds, drawn, tuple(ticks(seconds))) if drawn else None


def _shown(environment: EnvironmentResult) -> float:
    if environment.ready_after is not None:
        return environment.ready_after
    if environment.failure:
        return environment.failure.at - environment.started
    moves = [change.at for component in environment.components for change in component.changes]
    return max(moves, default=environment.started) - environment.started


def _component_row(component: ComponentHistory, environment: EnvironmentResult, scale: Scale) -> Row:
    bars = tuple(bar for bar in _bars(component, environment, scale) if bar)
    end = scale.began + scale.seconds
    failure = component.failure
    if failure and failure.at <= end:
        return Row(component.name, bars, f"failed after {duration(failure.at - scale.began)}", is_failed=True)
    if component.ready_at is not None and component.ready_at <= end:
        return Row(component.name, bars, duration(component.ready_at - scale.began))
    return Row(component.name, bars, "not ready")


def _bars(component: ComponentHistory, environment: EnvironmentResult, scale: Scale) -> Iterator[Bar | None]:
    """A bar from each change to the next; the last one lasts until the picture ends."""
    end = Change(scale.began + scale.seconds, State.STOPPED)
    critical = {step.what for step in environment.critical_path if step.component == component.name}
    for change, following in pairwise((*component.changes, end)):
        if change.state in _DRAWN:
            is_critical = bool(critical & _DRAWN[change.state])
            until = min(following.at, end.at)
            yield scale.bar(change.state.value, change.at, until, change.detail, is_critical=is_critical)


def _other_row(stretch: Stretch, scale: Scale) -> Row:
    """What is no component, such as preparing the provider or seeding."""
    ended = stretch.started + stretch.duration
    bar = scale.bar(stretch.what, stretch.started, ended, "", is_critical=True)
    return Row(stretch.component, (bar,) if bar else (), duration(ended - scale.began))


def ticks(seconds: float) -> Iterator[Tick]:
    """Marks at round times."""
    step = _round_step(seconds)
    for number in range(int(seconds / step) + 1):
        yield Tick(round(number * step / seconds * 100, 2), _round_time(number * step))


def _round_time(seconds: float) -> str:
    """A round time with no more digits than it needs: `0`, `200 ms`, `1.5 s`."""
    if not seconds:
        return "0"
    return f"{seconds:g} s" if seconds >= 1 else f"{seconds * 1000:g} ms"


def _round_step(seconds: float) -> float:
    """The smallest of 1, 2, 5, 10, 20 … (or the same as fractions) that gives few enough marks."""
    step = 1e-6
    while True:
        for factor in (1, 2, 5):
            if seconds / (step * factor) <= TICKS:
                return step * factor
        step *= 10
