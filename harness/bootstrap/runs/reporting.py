"""Why this exists: reports that cannot be written are told like any other failure; what the tests said stays true."""

from collections.abc import Iterator
from pathlib import Path

from harness.core.errors import EnvironmentFailedError, as_failure
from harness.reports import rebuild
from harness.results import RunResult


def write_reports(folder: Path) -> RunResult:
    """Write every report of a run anew.

    Raises:
        UsageError: the folder holds no run.
        EnvironmentFailedError: some could not be written, one line of evidence each; all others were.
    """
    try:
        return rebuild(folder)
    except ExceptionGroup as failures:
        raise EnvironmentFailedError(
            f"not every report could be written to {folder}",
            evidence=[line for failure in failures.exceptions for line in _told(failure)],
            hint=f"once that is mended, `harness report --results {folder.parent} {folder.name}` writes them",
        ) from failures


def _told(failure: Exception) -> Iterator[str]:
    """What happened, and to which file; where, when it is a mistake of ours."""
    while_writing = "".join(getattr(failure, "__notes__", ()))
    if isinstance(failure, OSError):
        yield f"{while_writing}: {failure.strerror or failure}"
        return
    error = as_failure(failure)
    yield f"{while_writing}: {error.message}"
    yield from error.evidence
