"""Why this exists: how the environment came up, lived and went, as values the reports draw from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import groupby

from harness.events.facts import State
from harness.results.faults import FaultSpan


@dataclass(frozen=True, slots=True)
class Change:
    """A component entered a state. `detail` says what it waits for, answers on, or failed with."""

    at: float
    state: State
    detail: str = ""


@dataclass(frozen=True, slots=True)
class ComponentExit:
    """A component's process or container ended; a negative code is a signal. `awaited_by` has paths, nearest first."""

    at: float
    exit_code: int
    expected: bool
    last_lines: tuple[str, ...] = ()
    awaited_by: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class ComponentHistory:
    """One component's states over time. `level` is None when no plan named it."""

    name: str
    changes: tuple[Change, ...] = ()
    exits: tuple[ComponentExit, ...] = ()
    level: int | None = None

    @property
    def state(self) -> State:
        """Its last known state."""
        return self.changes[-1].state if self.changes else State.PLANNED

    @property
    def ready_at(self) -> float | None:
        """When it first was ready or, as a one-shot, had completed; None when it never was."""
        done = (State.READY, State.COMPLETED)
        return next((change.at for change in self.changes if change.state in done), None)

    @property
    def failure(self) -> Change | None:
        """The first time it failed."""
        return next((change for change in self.changes if change.state is State.FAILED), None)

    @property
    def crashes(self) -> tuple[ComponentExit, ...]:
        """The exits nobody had asked for."""
        return tuple(ended for ended in self.exits if not ended.expected)


@dataclass(frozen=True, slots=True)
class Stretch:
    """One stretch of the start-up: what a component spent time on."""

    component: str
    what: str
    started: float
    duration: float


@dataclass(frozen=True, slots=True)
class PathStep:
    """One step of the critical path: shortening anything else would not have helped."""

    component: str
    what: str
    duration: float


@dataclass(frozen=True, slots=True)
class Failure:
    """Why the environment did not come up, or how it broke."""

    at: float
    message: str
    hint: str = ""
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WorldResult:
    """The components once more, for one worker: since when, and how many seconds after it was begun with."""

    name: str
    at: float
    ready_after: float


@dataclass(frozen=True, slots=True)
class EnvironmentResult:
    """A started ecosystem, or the attempt to start one.

    Args:
        id: The environment's name; empty when it was never up.
        started: When the start-up began.
        ready_after: Seconds until everything planned was ready; None when that never happened.
        stopped_after: Seconds the teardown took; None when it was not stated.
        faults: What was made to go wrong, in the order in which it began.
        skipped: Components that were not to start, with the reasons.
        leftovers: What could not be removed.
        worlds: Those that workers had beside the environment itself, each time one was opened.
    """

    id: str = ""
    started: float = 0.0
    ready_after: float | None = None
    components: tuple[ComponentHistory, ...] = ()
    stretches: tuple[Stretch, ...] = ()
    critical_path: tuple[PathStep, ...] = ()
    failure: Failure | None = None
    faults: tuple[FaultSpan, ...] = ()
    stopped_after: float | None = None
    skipped: Mapping[str, str] = field(default_factory=dict)
    leftovers: tuple[str, ...] = ()
    worlds: tuple[WorldResult, ...] = ()

    def world_of(self, worker: str) -> str:
        """The world that a worker's cases ran in; empty for the environment itself."""
        return worker if any(world.name == worker for world in self.worlds) else ""

    @property
    def path_by_component(self) -> tuple[tuple[str, float], ...]:
        """The critical path with what a component did in a row added up."""
        runs = groupby(self.critical_path, key=lambda step: step.component)
        return tuple((name, sum(step.duration for step in steps)) for name, steps in runs)

    @property
    def crashed(self) -> tuple[ComponentHistory, ...]:
        """Components that ended although nobody had asked them to."""
        return tuple(component for component in self.components if component.crashes)
