"""Why this exists: the test pyramid counts every test of the project, also the unit tests that this run leaves out.

They are counted by pytest itself, in a process beside the run and at low priority, without running one.
"""

import contextlib
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

from harness.core.parent import die_with_parent
from harness.events.facts import SuitesCollected
from harness.spec.model import SuiteSettings

_COLLECT = ("-m", "pytest", "--collect-only", "-qq", "-p", "no:cacheprovider")
_LOW_PRIORITY = 15
_PATIENCE = 30.0  # seconds that the end of a run waits for the count at most


class Counting:
    """Counts the cases of all suites while its block runs."""

    def __init__(self, suites: Sequence[SuiteSettings], directory: Path) -> None:
        self._suites = [suite for suite in suites if suite.path.exists()]
        self._directory = directory

    def __enter__(self) -> Self:
        environment = {k: v for k, v in os.environ.items() if not k.startswith("HARNESS_")}
        self._process = subprocess.Popen(  # noqa: S603 - ourselves
            [sys.executable, *_COLLECT, *(str(suite.path) for suite in self._suites)],
            cwd=self._directory,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            preexec_fn=partial(_yield_to_others, os.getpid()),  # noqa: PLW1509 - one system call, no locks
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.communicate()

    def result(self) -> SuitesCollected:
        """The counts by layer; none where pytest did not see all: interrupted, or a file does not import.

        Now somebody waits for the count: where we may raise its priority, it need not yield to others any more.
        """
        with contextlib.suppress(PermissionError, ProcessLookupError):
            os.setpriority(os.PRIO_PROCESS, self._process.pid, os.getpriority(os.PRIO_PROCESS, 0))
        try:
            listed, _ = self._process.communicate(timeout=_PATIENCE)
        except subprocess.TimeoutExpired:
            listed = ""
        if self._process.returncode != 0:
            listed = ""
        by_layer: Counter[str] = Counter()
        for line in listed.splitlines():
            file, _, count = line.rpartition(": ")
            suite = self._suite_of(self._directory / file)
            if suite is not None and count.isdigit():
                by_layer[suite.layer] += int(count)
        return SuitesCollected(at=time.time(), by_suite={}, by_layer=dict(by_layer))

    def _suite_of(self, file: Path) -> SuiteSettings | None:
        return next((suite for suite in self._suites if file.is_relative_to(suite.path)), None)


def _yield_to_others(parent: int) -> None:
    os.nice(_LOW_PRIORITY)
    die_with_parent(parent)
