"""Why this exists: pytest's command line, made of a phase, the settings and what a person wrote after `--`."""

import importlib.util
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.spec.model import SuiteSettings
from harness.suites.phases import Phase
from harness.suites.settings import SuiteVariables

# Options of pytest whose value, the next word, may be the name of something that exists.
_TAKES_A_PATH = frozenset(
    ("-c", "-k", "-m", "-o", "-p", "-W", "--basetemp", "--config-file", "--confcutdir", "--cov", "--deselect")
).union(("--ignore", "--ignore-glob", "--junit-xml", "--junitxml", "--log-file", "--rootdir"))


@dataclass(frozen=True, slots=True)
class Extra:
    """What followed `--`: `targets` are the paths and node ids, `options` everything else in its order."""

    targets: tuple[str, ...] = ()
    options: tuple[str, ...] = ()

    @classmethod
    def read(cls, words: Sequence[str], directory: Path) -> "Extra":
        """Tell one from the other: a target is the name of something that exists, and no option's value."""
        before = ["", *words]
        is_target = [
            not word.startswith("-")
            and previous not in _TAKES_A_PATH
            and (directory / word.partition("::")[0]).exists()
            for previous, word in zip(before, words, strict=False)
        ]
        told = list(zip(words, is_target, strict=True))
        return cls(tuple(w for w, is_one in told if is_one), tuple(w for w, is_one in told if not is_one))


def root_of(directory: Path, suites: Iterable[SuiteSettings]) -> Path:
    """What the node ids of all suites are relative to: the project, or what it has in common with suites beside it."""
    return Path(os.path.commonpath([directory, *(suite.path for suite in suites)]))


def arguments(
    phase: Phase, root: Path, variables: SuiteVariables, workers: int, options: Sequence[str]
) -> list[str]:
    """What pytest is called with: the phase's targets, or else its suites' folders, and the settings.

    Args:
        phase: The suites.
        root: What node ids are relative to.
        variables: INTEGRATION_TEST_* settings.
        workers: xdist workers; 0 for none. A phase that is not instrumented measures, and so runs alone.
        options: Further options; the last word on everything.
    """
    argv = [*(phase.targets or (str(suite.path) for suite in phase.suites)), "--rootdir", str(root)]
    if workers and phase.is_instrumented:
        argv += ["-n", str(workers)]
    if variables.timeout and importlib.util.find_spec("pytest_timeout"):
        argv += ["--timeout", f"{variables.timeout:g}"]
    if variables.log_level:
        argv += ["--log-level", variables.log_level]
    if variables.log_file:
        argv += ["--log-file", variables.log_file, "--log-file-mode", "a"]
    return argv + list(options)
