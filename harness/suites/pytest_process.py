"""Why this exists: suites run in a pytest process of their own, which ends when we do and hears our Ctrl-C."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from harness.core.parent import die_with_parent

# How the plugin in the pytest process learns where it belongs.
SOCKET = "HARNESS_SOCKET"
RUN_FOLDER = "HARNESS_RUN"
SUITES = "HARNESS_SUITES"  # JSON: suite names by folder
KEEPS = "HARNESS_KEEPS"  # not empty: the environment may outlive the tests
PROVE_ISOLATION = "--harness-prove-isolation"
SECRETS = "HARNESS_SECRETS"  # JSON: names of the variables whose values are never shown

_TEMPORARY = "PYTEST_DEBUG_TEMPROOT"  # pytest's own: below which folder its temporary ones are
_ECHO = 1.0  # seconds within which a second interrupt is the first one's echo


class PytestProcess:
    """One run of pytest. `is_interrupted` tells that a person, or whoever runs us, wanted it to end.

    pytest's own exit code does not tell that: it is 1 for an interrupt while it imports, and 2, which stands for an
    interrupt, also for a file that does not import.

    Args:
        temporary: The folder for its temporary files, made and removed here.
    """

    def __init__(self, temporary: Path) -> None:
        self._temporary = temporary
        self.is_interrupted = False
        self._interrupted_at = 0.0
        self._is_unwanted = False
        self._process: subprocess.Popen[bytes] | None = None

    def run(self, argv: Sequence[str], directory: Path, environment: Mapping[str, str]) -> int:
        """Run pytest and return its exit code, negative for a signal; SIGTERM to us is an interrupt, as Ctrl-C is.

        Its temporary files go with it, unless a person has said where they are kept.
        """
        with self._hearing(), _folder(self._temporary):
            self._process = subprocess.Popen(  # noqa: S603 - ourselves, with the person's own arguments
                [sys.executable, "-m", "pytest", *argv],
                cwd=directory,
                env={_TEMPORARY: str(self._temporary)} | os.environ | dict(environment),
                preexec_fn=partial(die_with_parent, os.getpid()),  # noqa: PLW1509 - one prctl call, no locks
            )
            if self._is_unwanted:
                self.interrupt()
            return self._process.wait()

    def interrupt(self) -> None:
        """Let pytest end its test, report and exit; from any thread, at any time."""
        self._is_unwanted = True
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)

    def _kill(self) -> None:
        if self._process is not None:
            self._process.kill()

    @contextmanager
    def _hearing(self) -> Iterator[None]:
        """While pytest runs, an interrupt is pytest's.

        At a terminal pytest gets Ctrl-C by itself; sent to us alone, it is handed on. Whether it came to both cannot
        be told, so it is always handed on, and the plugin in the pytest process takes two in a row for one. Who
        interrupts again later insists: then a test that hears nothing is killed.
        """

        def hand_on(_number: int, _frame: object) -> None:
            now = time.monotonic()
            is_insisting = self.is_interrupted and now - self._interrupted_at > _ECHO
            if not self.is_interrupted:
                self._interrupted_at = now
            self.is_interrupted = True
            self._kill() if is_insisting else self.interrupt()

        before = {number: signal.signal(number, hand_on) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


@contextmanager
def _folder(path: Path) -> Iterator[None]:
    """A private folder for the time of a block."""
    path.mkdir(mode=0o700)
    try:
        yield
    finally:
        shutil.rmtree(path, ignore_errors=True)
