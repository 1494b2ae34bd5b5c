"""Why this exists: suites run in a pytest process of their own, which ends when we do and hears our Ctrl-C."""

import ctypes
import importlib.util
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from harness.suites.phases import Phase
from harness.suites.settings import SuiteVariables

# How the plugin in the pytest process learns where it belongs.
SOCKET = "HARNESS_SOCKET"
RUN_FOLDER = "HARNESS_RUN"
SUITES = "HARNESS_SUITES"  # JSON: suite names by folder

_PR_SET_PDEATHSIG = 1


def arguments(phase: Phase, variables: SuiteVariables, workers: int, more: Sequence[str]) -> list[str]:
    """What pytest is called with: the suites' folders, or what `more` names instead, and the settings.

    Args:
        phase: The suites.
        variables: INTEGRATION_TEST_* settings.
        workers: xdist workers; 0 for none. A phase that is not instrumented measures, and so runs alone.
        more: What followed `--` on the command line.
    """
    argv = [str(suite.path) for suite in phase.suites]
    if workers and phase.is_instrumented:
        argv += ["-n", str(workers)]
    if variables.timeout and importlib.util.find_spec("pytest_timeout"):
        argv += ["--timeout", f"{variables.timeout:g}"]
    if variables.log_level:
        argv += ["--log-level", variables.log_level]
    if variables.log_file:
        argv += ["--log-file", variables.log_file, "--log-file-mode", "a"]
    return argv + list(more)


def run(argv: Sequence[str], directory: Path, environment: Mapping[str, str]) -> int:
    """Run pytest and return its exit code; SIGTERM to us becomes an interrupt of it, as Ctrl-C does by itself."""
    process = subprocess.Popen(  # noqa: S603 - ourselves, with the person's own arguments
        [sys.executable, "-m", "pytest", *argv],
        cwd=directory,
        env=os.environ | dict(environment),
        preexec_fn=_die_with_parent,  # noqa: PLW1509 - one prctl call, no locks, no allocation
    )
    with _interrupting(process):
        return process.wait()


@contextmanager
def _interrupting(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """While pytest runs, an interrupt is pytest's: it ends its test, reports, and its exit code tells us.

    At a terminal pytest gets Ctrl-C by itself; sent to us alone, it is handed on. Whether it came to both cannot be
    told, so it is always handed on, and the plugin in the pytest process takes two in a row for one.
    """

    def hand_on(_number: int, _frame: object) -> None:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)

    before = {number: signal.signal(number, hand_on) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _die_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
