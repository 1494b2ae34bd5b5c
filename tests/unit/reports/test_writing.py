"""Reports reach the disk whole, each on its own."""

import json
from pathlib import Path

import pytest

from harness import reports
from harness.core.errors import UsageError
from harness.events.facts import SuitesCollected
from harness.events.log import EventLog
from harness.reports import writing
from harness.results import RunResult, fold
from tests.unit.reports import sample_runs
from tests.unit.reports.reading import xml


def test_every_format_is_written(failing: RunResult, tmp_path: Path) -> None:
    """One file a format, one JUnit file a suite, and nothing else is left in the folder."""
    folder = tmp_path / "results" / "run"
    written = reports.write(failing, folder)
    assert [path.name for path in written] == [
        "junit.xml",
        "results.json",
        "summary.md",
        "report.html",
        "coverage.json",
        "junit-component.xml",
        "junit-api.xml",
        "junit-e2e.xml",
        "junit-performance.xml",
    ]
    assert sorted(folder.iterdir()) == sorted(written)
    root = xml((folder / "junit-api.xml").read_bytes())
    assert (root.get("tests"), root.get("time")) == ("40", root[0].get("time"))


def test_without_coverage_there_is_no_coverage_file(tmp_path: Path) -> None:
    """What was not measured is absent."""
    written = reports.write(fold(sample_runs.interrupted()), tmp_path)
    assert "coverage.json" not in {path.name for path in written}


def test_suite_names_become_distinct_file_names(tmp_path: Path) -> None:
    """A suite may be called anything."""
    names = ("../../etc", "a b", "a/b", "A-B", "", "ünï")
    result = fold([SuitesCollected(at=1.0, by_suite=dict.fromkeys(names, 0), by_layer={})])
    written = [path for path in reports.write(result, tmp_path / "out") if path.name.startswith("junit-")]
    assert len({path.name.lower() for path in written}) == len(names)
    assert {path.parent for path in written} == {tmp_path / "out"}


def test_a_format_that_fails_costs_no_other(
    failing: RunResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All others are written; the failure is raised afterwards, and the old file stays as it was."""

    def fails(_result: RunResult) -> str:
        raise ZeroDivisionError

    (tmp_path / "results.json").write_text("old")
    broken = (writing.Reporter("results.json", fails), *writing.REPORTERS[2:])
    monkeypatch.setattr(writing, "REPORTERS", broken)
    with pytest.raises(ExceptionGroup, match="1 reports") as caught:
        reports.write(failing, tmp_path)
    assert "results.json" in caught.value.exceptions[0].__notes__[0]
    assert (tmp_path / "report.html").exists()
    assert (tmp_path / "results.json").read_text() == "old"


def test_a_file_that_cannot_be_replaced_leaves_no_temporary(failing: RunResult, tmp_path: Path) -> None:
    """A folder in the place of a report is told, and nothing half-written stays."""
    (tmp_path / "junit.xml").mkdir()
    with pytest.raises(ExceptionGroup):
        reports.write(failing, tmp_path)
    assert not list(tmp_path.glob(".*.tmp"))


def test_a_killed_run_is_rebuilt_from_its_log(tmp_path: Path) -> None:
    """Events and logs on disk are all it takes; a torn last line does not matter."""
    log = EventLog(tmp_path / "events.ndjson")
    for event in sample_runs.failing()[:-20]:
        log(event)
    log.close()
    with (tmp_path / "events.ndjson").open("a") as torn:
        torn.write('{"event":"CaseFin')
    sample_runs.write_logs(tmp_path / "logs")
    result = reports.rebuild(tmp_path)
    assert not result.is_complete
    assert json.loads((tmp_path / "results.json").read_text())["is_complete"] is False
    assert "duplicate key value" in (tmp_path / "report.html").read_text()


def test_a_folder_that_is_no_run_is_refused(tmp_path: Path) -> None:
    """The message names the folder and what is missing."""
    with pytest.raises(UsageError, match=r"holds no events\.ndjson"):
        reports.rebuild(tmp_path)
