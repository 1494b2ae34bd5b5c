"""Why this exists: every fact a run can state, as frozen values with one JSON form.

The JSON form of a fact is its fields plus `"event"`, the class name: `{"event": "CaseStarted", "at": …}`.
Times `at` are seconds since the Unix epoch; durations are seconds. No fact ever carries a secret.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any


class State(StrEnum):
    """A component's life; `harness.engine.lifecycle` holds the transitions."""

    PLANNED = "planned"
    WAITING = "waiting"  # for what it depends on
    STARTING = "starting"  # its process or container is being made
    PROBING = "probing"  # it runs; readiness not yet shown
    READY = "ready"
    COMPLETED = "completed"  # a one-shot that ended with exit code 0
    STOPPING = "stopping"
    STOPPED = "stopped"
    FAILED = "failed"
    SKIPPED = "skipped"


class Outcome(StrEnum):
    """How one test case ended.

    ERROR is a failure in set-up or tear-down, not in the test's own body; INTERRUPTED was a session before the case
    could end.
    """

    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"
    SKIPPED = "skipped"
    XFAILED = "xfailed"
    XPASSED = "xpassed"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened; in which world of the environment, or, without one, in the environment itself."""

    at: float
    world: str = ""

    @property
    def name(self) -> str:
        """The fact's name, as its JSON form carries it."""
        return type(self).__name__


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStarted(Event):
    """A run began. `seed` is what its data is generated from.

    `rerun` is the command that runs a case again once its id follows, behind `root`, the folder that ids begin in.
    """

    run_id: str
    ecosystem: str
    provider: str
    command: str
    seed: int
    rerun: tuple[str, ...] = ("pytest",)
    root: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFinished(Event):
    """A run ended in an orderly way; a log without this fact belongs to a run that was killed."""

    exit_code: int
    duration: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanMade(Event):
    """What is going to start. `levels` lists component names by level, `skipped` maps names to reasons."""

    levels: tuple[tuple[str, ...], ...]
    skipped: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ComponentChanged(Event):
    """A component's state changed. `detail` says what it waits for, answers on, or failed with."""

    component: str
    old: State
    new: State
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComponentExited(Event):
    """A component's process or container ended. `exit_code` is negative for a signal, as in subprocess.

    `awaited_by` has the paths of those who wait for it: one that does, one that waits for that, and so on.
    """

    component: str
    exit_code: int
    expected: bool
    last_lines: tuple[str, ...] = ()
    awaited_by: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeSpent(Event):
    """One stretch of the start-up: `what` of `component` took `duration` and ended at `at`."""

    component: str
    what: str
    duration: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageProgress(Event):
    """What is done about a component's image, in a line; `is_there` is the last of it."""

    component: str
    what: str
    is_there: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StartHeld(Event):
    """What keeps a component from starting, in a line of the place to run; it may go by itself."""

    component: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LogCut(Event):
    """What a component writes is not in its log any more; `reason` says why, and which file that is. Told once."""

    component: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentStarted(Event):
    """Everything planned is ready. `critical_path` lists the (component, what, seconds) that decided it."""

    environment_id: str
    duration: float
    critical_path: tuple[tuple[str, str, float], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentFailed(Event):
    """The environment did not come up or broke; fields as in `harness.core.errors.HarnessError`."""

    message: str
    hint: str = ""
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentStopped(Event):
    """Teardown ended; `leftovers` names whatever could not be removed."""

    environment_id: str
    duration: float
    leftovers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class WorldsPrepared(Event):
    """The data of these components was copied in its seeded state: worlds begin with it."""

    components: tuple[str, ...]
    duration: float


@dataclass(frozen=True, slots=True, kw_only=True)
class WorldOpened(Event):
    """The components run once more, on copies of the data."""

    duration: float


@dataclass(frozen=True, slots=True, kw_only=True)
class WorldClosed(Event):
    """Nothing of a world is there any more, but what `leftovers` names."""

    duration: float
    leftovers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateTaken(Event):
    """Stores begin with a copy of what was migrated and seeded at `made`, from just what is there now."""

    made: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSeeded(Event):
    """Seed data is in the stores. `digest` identifies the generated bytes."""

    counts: Mapping[str, int]
    digest: str
    duration: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultInjected(Event):
    """From now on something goes wrong on purpose. `number` tells the faults of an environment apart."""

    number: int
    fault: str
    components: tuple[str, ...]
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultHealed(Event):
    """What went wrong on purpose is well again; `reason` says why it was healed, `duration` how long it was on."""

    number: int
    fault: str
    components: tuple[str, ...]
    duration: float
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SuitesCollected(Event):
    """What pytest found: cases by suite to be run, and cases by pyramid layer in the whole project."""

    by_suite: Mapping[str, int]
    by_layer: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseStarted(Event):
    """A test case began. `case` is its pytest node id."""

    case: str
    suite: str
    worker: str = "main"


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFinished(Event):
    """A test case ended; durations by phase (`setup`, `call`, `teardown`) in seconds.

    `message` is one line; `details` the traceback text; `output` captured sections by title.
    """

    case: str
    suite: str
    outcome: Outcome
    duration: float
    phases: Mapping[str, float] = field(default_factory=dict)
    message: str = ""
    details: str = ""
    output: Mapping[str, str] = field(default_factory=dict)
    file: str = ""
    line: int = 0
    worker: str = "main"


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureMeasured(Event):
    """A suite measured something, such as a load test's p95. `limit` is empty when nothing is asked of it."""

    case: str
    figure: str
    value: float
    unit: str
    limit: str = ""
    is_ok: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class StateKept(Event):
    """The state of these components is kept, as what tests start from (`seeded`) or by name: in `duration` seconds."""

    components: tuple[str, ...]
    duration: float
    snapshot: str = "seeded"


@dataclass(frozen=True, slots=True, kw_only=True)
class StateReset(Event):
    """What differed from a snapshot, by component, was put back within `duration` seconds."""

    changed: Mapping[str, tuple[str, ...]]
    duration: float
    snapshot: str = "seeded"


@dataclass(frozen=True, slots=True, kw_only=True)
class StateLeft(Event):
    """What a case left behind in the stores, by component; it was put back right after it."""

    case: str
    changed: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourcesLeft(Event):
    """What a case left open in the process of the tests, and the files it left lying about; nothing of it was put back.

    `connections` are those to components; `descriptors` what else is open. With a `fixture` it is that which opened
    the connections, for longer than a test, and the case the first that used it.
    """

    case: str
    connections: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    descriptors: tuple[str, ...] = ()
    fixture: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverageMeasured(Event):
    """Coverage of the services under test: covered and total statements by file, relative to the project."""

    files: Mapping[str, tuple[int, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomesElsewhere(Event):
    """How cases ended in another run, with which this one was compared: suite, outcome and message, by case.

    The others of one comparison are numbered from 0; it replaces whatever was compared before. `missing` is why there
    was no such run, where there should have been one.
    """

    number: int
    provider: str
    run_id: str
    outcomes: Mapping[str, tuple[str, str, str]]
    missing: str = ""


def event_types() -> dict[str, type[Event]]:
    """Every kind of fact by its name."""
    return {kind.__name__: kind for kind in Event.__subclasses__()}


def encode(event: Event) -> dict[str, Any]:
    """The JSON form of a fact, made of str, int, float, bool, None, list and dict only."""
    form = {"event": event.name} | {f.name: _plain(getattr(event, f.name)) for f in fields(event)}
    if not event.world:
        del form["world"]
    return form


def _plain(value: Any) -> Any:
    """Facts hold any mapping and tuples (a Counter, a read-only view) where JSON has objects and arrays."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, (tuple, list)) else value


def decode(form: Mapping[str, Any]) -> Event | None:
    """The fact of a JSON form; None for a kind this version does not know (a newer writer's log).

    Raises:
        TypeError: a known kind lacks a field.
    """
    kind = event_types().get(str(form.get("event")))
    if kind is None:
        return None
    known = {f.name for f in fields(kind)}
    return kind(**{key: _revive(kind, key, value) for key, value in form.items() if key in known})


_ENUMS: dict[str, type[StrEnum]] = {"old": State, "new": State, "outcome": Outcome}


def _revive(kind: type[Event], key: str, value: Any) -> Any:
    """JSON has lists and strings where facts have tuples and enums."""
    if key in _ENUMS and kind in (ComponentChanged, CaseFinished):
        return _ENUMS[key](value)
    if key in ("changed", "outcomes"):
        return {name: tuple(what) for name, what in value.items()}
    if kind is CoverageMeasured and key == "files":
        return {name: (counts[0], counts[1]) for name, counts in value.items()}
    return _frozen(value)


def _frozen(value: Any) -> Any:
    return tuple(_frozen(item) for item in value) if isinstance(value, list) else value
