"""Why this exists: the test pyramid counts every test of the project, also the unit tests that this run leaves out.

They are counted by pytest itself, in a process beside the run and at low priority, without running one. While load is
measured it stands still: a low priority yields to processes of the same control group, and not to containers.
"""

import contextlib
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from signal import SIGCONT, SIGSTOP
from types import TracebackType
from typing import Self

from harness.core.parent import die_with_parent
from harness.events.facts import SuitesCollected
from harness.spec.model import SuiteSettings
from harness.suites.command_line import root_of

# One line a file, `tests/test_a.py: 3`, however talkative the project's own options want pytest to be.
_FORM = ("-q", "-o", "verbosity_test_cases=-2")
_COLLECT = ("-m", "pytest", "--collect-only", *_FORM, "-p", "no:cacheprovider")
_LOW_PRIORITY = 15


class Counting:
    """Counts the cases of all suites while its block runs."""

    def __init__(self, suites: Sequence[SuiteSettings], directory: Path) -> None:
        self._suites = [suite for suite in suites if suite.path.exists()]
        self._directory = directory
        self._root = root_of(directory, suites)

    def __enter__(self) -> Self:
        environment = {k: v for k, v in os.environ.items() if not k.startswith("HARNESS_")}
        self._process = subprocess.Popen(  # noqa: S603 - ourselves
            [sys.executable, *_COLLECT, "--rootdir", str(self._root), *(str(s.path) for s in self._suites)],
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

    @contextmanager
    def standing_still(self) -> Iterator[None]:
        """For the time of a block it takes nothing of the machine."""
        self._process.send_signal(SIGSTOP)
        try:
            yield
        finally:
            self._process.send_signal(SIGCONT)

    def result(self, timeout: float) -> SuitesCollected:
        """The counts by layer; none where pytest did not see all: late, interrupted, or a file does not import.

        Now somebody waits for the count: where we may raise its priority, it need not yield to others any more.

        Args:
            timeout: Seconds that it is waited for at most.
        """
        with contextlib.suppress(PermissionError, ProcessLookupError):
            os.setpriority(os.PRIO_PROCESS, self._process.pid, os.getpriority(os.PRIO_PROCESS, 0))
        try:
            listed, _ = self._process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            listed = ""
        if self._process.returncode != 0:
            listed = ""
        by_layer: Counter[str] = Counter()
        for line in listed.splitlines():
            file, _, count = line.rpartition(": ")
            suite = self._suite_of(self._root / file)
            if suite is not None and count.isdigit():
                by_layer[suite.layer] += int(count)
        return SuitesCollected(at=time.time(), by_suite={}, by_layer=dict(by_layer))

    def _suite_of(self, file: Path) -> SuiteSettings | None:
        return next((suite for suite in self._suites if file.is_relative_to(suite.path)), None)


def _yield_to_others(parent: int) -> None:
    os.nice(_LOW_PRIORITY)
    die_with_parent(parent)
