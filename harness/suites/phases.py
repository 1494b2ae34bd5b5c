"""Why this exists: suites that must not be measured run apart from those that are, each alone on the machine."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from harness.core.errors import UsageError
from harness.spec.model import SuiteSettings


@dataclass(frozen=True, slots=True)
class Phase:
    """Suites that one pytest process runs. `is_instrumented` tells whether components may be measured meanwhile."""

    suites: tuple[SuiteSettings, ...]
    is_instrumented: bool


def choose(known: Sequence[SuiteSettings], asked: Sequence[str]) -> tuple[SuiteSettings, ...]:
    """The suites asked for, in the file's order; without any, those that run by default.

    Raises:
        UsageError: there is no suite of that name.
    """
    by_name = {suite.name: suite for suite in known}
    unknown = [name for name in asked if name not in by_name]
    if unknown:
        names = ", ".join(by_name) or "none: the Compose file has no x-harness.suites"
        raise UsageError(f"there is no suite {', '.join(unknown)}", hint=f"known suites: {names}")
    return tuple(s for s in known if (s.name in asked if asked else s.is_default))


def phases(suites: Sequence[SuiteSettings]) -> tuple[Phase, ...]:
    """Neighbours of one kind together, in order."""
    grouped = groupby(suites, key=lambda suite: suite.instrumented)
    return tuple(Phase(tuple(group), is_instrumented) for is_instrumented, group in grouped)
