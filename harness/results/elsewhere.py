"""Why this exists: the same cases, run in several places: where they ended alike, and where not. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from harness.results.cases import Case, Status, Totals

ABSENT = "not run"


@dataclass(frozen=True, slots=True)
class Ended:
    """How one case ended in one place. `message` is why it was skipped, or failed."""

    suite: str
    status: Status
    message: str = ""


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Another run of the same cases: how each ended, by its id; `missing` is why there was none there."""

    provider: str
    run_id: str
    outcomes: Mapping[str, Ended] = field(default_factory=dict)
    missing: str = ""


@dataclass(frozen=True, slots=True)
class Difference:
    """A case that did not end alike everywhere; `ended` is in the order of the places, None where it was not run."""

    case: str
    ended: tuple[Ended | None, ...]

    @property
    def is_contrary(self) -> bool:
        """Whether it was good in one place and bad in another; else it was only not tried everywhere."""
        groups = {each.status.group for each in self.ended if each is not None}
        return Status.PASSED in groups and any(group.is_bad for group in groups)

    @property
    def reasons(self) -> tuple[str, ...]:
        """What was said where it did not pass, each once."""
        return tuple(dict.fromkeys(each.message for each in self.ended if each is not None and each.message))


@dataclass(frozen=True, slots=True)
class SuiteAcross:
    """One suite in all places: its totals in each, and how many of its `cases` ended alike everywhere."""

    name: str
    totals: tuple[Totals, ...]
    cases: int
    same: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """Several runs of the same cases. `places` names them, this run's own first.

    `missing` are the places that should be among them, and why nothing was run there.
    """

    places: tuple[str, ...]
    suites: tuple[SuiteAcross, ...]
    differences: tuple[Difference, ...]
    missing: tuple[tuple[str, str], ...] = ()

    @property
    def cases(self) -> int:
        """Cases that were run anywhere."""
        return sum(suite.cases for suite in self.suites)

    @property
    def same(self) -> int:
        """How many of them ended alike everywhere."""
        return sum(suite.same for suite in self.suites)

    @property
    def contrary(self) -> tuple[Difference, ...]:
        """Those that were good in one place and bad in another."""
        return tuple(each for each in self.differences if each.is_contrary)

    @property
    def untried(self) -> tuple[Difference, ...]:
        """Those that were skipped, or not run, in some place, and contradict themselves nowhere."""
        return tuple(each for each in self.differences if not each.is_contrary)


def outcomes_of(cases: Iterable[Case]) -> dict[str, Ended]:
    """How cases ended, by id."""
    return {case.id: Ended(case.suite, case.status, case.last.message) for case in cases}


def compare(own: Elsewhere, others: Iterable[Elsewhere]) -> Comparison:
    """This run beside others."""
    others = tuple(others)
    runs = (own, *(run for run in others if not run.missing))
    ids = dict.fromkeys(case for run in runs for case in run.outcomes)
    ended = {case: tuple(run.outcomes.get(case) for run in runs) for case in ids}
    return Comparison(
        places=_names(runs),
        suites=tuple(_suite(name, cases) for name, cases in _by_suite(ended).items()),
        differences=tuple(Difference(case, each) for case, each in ended.items() if not _is_same(each)),
        missing=tuple((run.provider, run.missing) for run in others if run.missing),
    )


def _names(runs: Iterable[Elsewhere]) -> tuple[str, ...]:
    """By provider; by run too where several have the same."""
    providers = [run.provider for run in runs]
    return tuple(
        f"{run.provider} ({run.run_id})" if providers.count(run.provider) > 1 else run.provider
        for run in runs
    )


_Row = tuple[Ended | None, ...]


def _by_suite(ended: Mapping[str, _Row]) -> dict[str, list[_Row]]:
    by_suite: dict[str, list[_Row]] = {}
    for each in ended.values():
        by_suite.setdefault(next(known.suite for known in each if known is not None), []).append(each)
    return by_suite


def _suite(name: str, rows: list[_Row]) -> SuiteAcross:
    return SuiteAcross(
        name=name,
        totals=tuple(
            Totals.of_statuses(each.status for each in column if each is not None)
            for column in zip(*rows, strict=True)
        ),
        cases=len(rows),
        same=sum(map(_is_same, rows)),
    )


def _is_same(ended: _Row) -> bool:
    return len({None if each is None else each.status.group for each in ended}) == 1
