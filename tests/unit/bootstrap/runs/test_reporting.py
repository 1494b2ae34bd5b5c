"""Reports that cannot be written are told: which, and why; a mistake of ours with its place."""

import errno
from pathlib import Path

import pytest

from harness.bootstrap.runs import reporting
from harness.bootstrap.runs.reporting import write_reports
from harness.core.errors import EnvironmentFailedError, UsageError


def test_what_could_not_be_written_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One line each for what the system refuses; the way to write them again is the hint."""

    def rebuild(_folder: Path) -> None:
        failures: list[Exception] = [OSError(errno.ENOSPC, "No space left on device")]
        try:
            int("a bug")
        except ValueError as mistake:
            failures.append(mistake)
        for failure, file in zip(failures, ("junit.xml", "summary.md"), strict=True):
            failure.add_note(f"while writing {file}")
        raise ExceptionGroup("2 reports", failures)

    monkeypatch.setattr(reporting, "rebuild", rebuild)
    with pytest.raises(EnvironmentFailedError, match="not every report") as caught:
        write_reports(tmp_path)
    refused, mistake, *where = caught.value.evidence
    assert refused == "while writing junit.xml: No space left on device"
    assert (
        mistake
        == "while writing summary.md: unexpected ValueError: invalid literal for int() with base 10: 'a bug'"
    )
    assert "test_reporting.py" in where[0]
    assert caught.value.hint.endswith(
        f"`harness report --results {tmp_path.parent} {tmp_path.name}` writes them"
    )


def test_a_folder_without_a_run_is_a_wrong_request(tmp_path: Path) -> None:
    """As `harness report` may be given one."""
    with pytest.raises(UsageError, match="is no run's folder"):
        write_reports(tmp_path)
