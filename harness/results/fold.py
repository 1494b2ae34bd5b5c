"""Why this exists: the facts of a run, whole or cut short, become the RunResult of every report."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from math import isfinite
from typing import Any

from harness.core.errors import ExitCode
from harness.events.facts import (
    CaseStarted,
    CoverageMeasured,
    DataSeeded,
    Event,
    FigureMeasured,
    OutcomesElsewhere,
    RunFinished,
    RunStarted,
    SuitesCollected,
)
from harness.results.cases import Case, Status, SuiteResult
from harness.results.elsewhere import Elsewhere, Ended
from harness.results.environment import EnvironmentResult
from harness.results.faults import FaultsFold, FaultSpan, Overlaps
from harness.results.fold_cases import CasesFold
from harness.results.fold_environment import EnvironmentFold
from harness.results.model import Figure, FileCoverage, Layer, RunResult, Seeded

# How runs end that end their tests.
_CUT_SHORT = {ExitCode.INTERRUPTED, ExitCode.ENVIRONMENT, ExitCode.USAGE}

# The shares asked for: 70 % unit, 20 % integration, 10 % end-to-end.
PYRAMID = {"unit": 0.7, "integration": 0.2, "e2e": 0.1}


def fold(events: Iterable[Event]) -> RunResult:
    """The result of a run, from its facts in the order they were stated.

    Never raises on any sequence of facts: a killed run's log may begin, end and miss facts anywhere.
    """
    run, cases, environment, faults = _RunFold(), CasesFold(), EnvironmentFold(), FaultsFold()
    for event in map(_sound, events):
        run.take(event)
        cases.take(event)
        environment.take(event)
        faults.take(event)
    known = replace(environment.result(), faults=faults.result())
    return replace(
        run.result(),
        suites=_under(cases.result(run.last, _unheard(run.finished)), known),
        environment=known,
    )


def _unheard(finished: RunFinished | None) -> Status:
    """What became of a case whose end nobody stated: in a run that went on to its own end, its process died."""
    was_cut_short = finished is None or finished.exit_code in _CUT_SHORT
    return Status.INTERRUPTED if was_cut_short else Status.ERROR


def _under(suites: tuple[SuiteResult, ...], environment: EnvironmentResult) -> tuple[SuiteResult, ...]:
    """The suites, with the faults that were on in each of their cases, in the world that it ran in."""
    by_world: dict[str, list[FaultSpan]] = {}
    for span in environment.faults:
        by_world.setdefault(span.world, []).append(span)
    overlaps = {world: Overlaps(spans) for world, spans in by_world.items()}

    def under(case: Case) -> Case:
        of_world = overlaps.get(environment.world_of(case.last.worker))
        return replace(case, faults=of_world.of(case.last.started, case.last.finished)) if of_world else case

    return tuple(replace(suite, cases=tuple(map(under, suite.cases))) for suite in suites)


def _sound(event: Event) -> Event:
    """The fact with finite times and no negative duration: a broken clock must not cost the report."""
    stated = {name: getattr(event, name, 0.0) for name in ("at", "duration")}
    sound = {"at": _finite(stated["at"]), "duration": max(0.0, _finite(stated["duration"]))}
    broken: dict[str, Any] = {name: sound[name] for name in sound if sound[name] != stated[name]}
    return replace(event, **broken) if broken else event


def _finite(value: float) -> float:
    return value if isfinite(value) else 0.0


@dataclass
class _RunFold:
    """The run itself, and what it measured."""

    first: float | None = None
    last: float = 0.0
    begun: RunStarted | None = None
    finished: RunFinished | None = None
    seeded: Seeded | None = None
    figures: dict[str, list[Figure]] = field(default_factory=dict)
    coverage: dict[str, FileCoverage] = field(default_factory=dict)
    layers: dict[str, int] = field(default_factory=dict)
    elsewhere: dict[int, Elsewhere] = field(default_factory=dict)

    def take(self, event: Event) -> None:
        """Note one fact."""
        if isinstance(event, OutcomesElsewhere):  # stated long after the run
            self._compare(event)
            return
        self.first = event.at if self.first is None else min(self.first, event.at)
        self.last = max(self.last, event.at)
        match event:
            case RunStarted():
                self.begun = self.begun or event  # every process of a run may introduce it
            case RunFinished():
                self.finished = event
            case DataSeeded():
                self.seeded = Seeded(dict(event.counts), event.digest, event.duration)
            case SuitesCollected():
                self.layers |= event.by_layer
            case CoverageMeasured():
                self.coverage |= {path: FileCoverage(path, *counts) for path, counts in event.files.items()}
            case CaseStarted():
                self.figures.pop(event.case, None)  # a rerun measures anew
            case FigureMeasured():
                self.figures.setdefault(event.case, []).append(_figure(event))
            case _:
                pass

    def _compare(self, event: OutcomesElsewhere) -> None:
        if event.number == 0:
            self.elsewhere.clear()
        outcomes = {
            case: Ended(suite, _status(outcome), message)
            for case, (suite, outcome, message) in event.outcomes.items()
        }
        self.elsewhere[event.number] = Elsewhere(event.provider, event.run_id, outcomes, event.missing)

    def result(self) -> RunResult:
        """The run, without its suites and environment."""
        started = self.begun.at if self.begun else self.first or 0.0
        result = RunResult(
            started=started,
            duration=self.finished.duration if self.finished else max(0.0, self.last - started),
            exit_code=self.finished.exit_code if self.finished else None,
            figures=tuple(figure for figures in self.figures.values() for figure in figures),
            coverage=tuple(sorted(self.coverage.values(), key=lambda file: file.path)),
            layers=_layers(self.layers),
            seeded=self.seeded,
            elsewhere=tuple(self.elsewhere.values()),
        )
        return result if self.begun is None else _named(result, self.begun)


def _named(result: RunResult, begun: RunStarted) -> RunResult:
    return replace(
        result,
        run_id=begun.run_id,
        ecosystem=begun.ecosystem,
        provider=begun.provider,
        command=begun.command,
        seed=begun.seed,
        rerun=begun.rerun,
        root=begun.root,
    )


def _status(outcome: str) -> Status:
    """A status as it was stated; one that a newer version knows is none that this one could call good."""
    return Status(outcome) if outcome in set(Status) else Status.ERROR


def _figure(event: FigureMeasured) -> Figure:
    return Figure(event.case, event.figure, event.value, event.unit, event.limit, event.is_ok)


def _layers(counted: dict[str, int]) -> tuple[Layer, ...]:
    """Layers as shares of all cases, the pyramid's three always and first; empty when no case was counted."""
    counts = {name: max(0, counted.get(name, 0)) for name in PYRAMID | counted}
    total = sum(counts.values())
    if not total:
        return ()
    return tuple(Layer(name, count, count / total, PYRAMID.get(name)) for name, count in counts.items())
