"""Why this exists: suites that must not be measured run apart from those that are, each alone on the machine."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain, groupby
from pathlib import Path

from harness.core.errors import UsageError
from harness.spec.diagnostics import did_you_mean
from harness.spec.model import SuiteSettings


@dataclass(frozen=True, slots=True)
class Phase:
    """Suites that one pytest process runs.

    Args:
        suites: The suites.
        is_instrumented: Whether components may be measured meanwhile.
        targets: Paths and node ids to run instead of all that the suites hold; empty for all.
    """

    suites: tuple[SuiteSettings, ...]
    is_instrumented: bool
    targets: tuple[str, ...] = ()


def choose(known: Sequence[SuiteSettings], asked: Sequence[str]) -> tuple[SuiteSettings, ...]:
    """The suites asked for, in the file's order; without any, those that run by default.

    Raises:
        UsageError: there is no suite of that name, or none at all.
    """
    by_name = {suite.name: suite for suite in known}
    if not known:
        raise UsageError(
            "the Compose file names no suites, so there is nothing to run",
            hint="list them under a top-level x-harness: {suites: {api: {path: tests/api}}}, or call pytest",
        )
    unknown = [name for name in asked if name not in by_name]
    if unknown:
        hint = did_you_mean(unknown[0], by_name) or f"known: {', '.join(by_name)}"
        raise UsageError(f"there is no suite {', '.join(unknown)}", hint=hint)
    return tuple(s for s in known if (s.name in asked if asked else s.is_default))


def phases(suites: Sequence[SuiteSettings]) -> tuple[Phase, ...]:
    """Neighbours of one kind together, in order."""
    grouped = groupby(suites, key=lambda suite: suite.instrumented)
    return tuple(Phase(tuple(group), is_instrumented) for is_instrumented, group in grouped)


def narrow(planned: Sequence[Phase], targets: Sequence[str], directory: Path) -> tuple[Phase, ...]:
    """The phases with only the targets in them, each in the phase of its suite; without targets, as they are.

    A folder above suites stands for those below it, each in its own phase. A target that has to do with none of the
    suites runs in the first phase; a phase without one does not run.

    Args:
        planned: The phases.
        targets: Paths and node ids, as pytest takes them.
        directory: What relative ones are relative to.
    """
    if not targets:
        return tuple(planned)
    shares = [_shares(target, planned, directory) for target in targets]
    mine = [tuple(chain.from_iterable(own)) for own in zip(*shares, strict=True)]
    return tuple(replace(phase, targets=own) for phase, own in zip(planned, mine, strict=True) if own)


def _shares(target: str, planned: Sequence[Phase], directory: Path) -> list[tuple[str, ...]]:
    """What each phase runs of a target."""
    path = (directory / target.partition("::")[0]).resolve()
    inside = [any(path.is_relative_to(suite.path.resolve()) for suite in phase.suites) for phase in planned]
    below = [
        tuple(str(suite.path) for suite in phase.suites if suite.path.resolve().is_relative_to(path))
        for phase in planned
    ]
    if not any(inside) and any(below):
        return below
    place = inside.index(True) if any(inside) else 0
    return [(target,) if number == place else () for number in range(len(planned))]
