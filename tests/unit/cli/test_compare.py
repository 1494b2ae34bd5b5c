"""`harness compare`, on the logs of runs that were."""

import json
from pathlib import Path

import pytest

from harness.cli.invocation import Invocation
from harness.cli.main import run
from harness.core.errors import ExitCode
from harness.events.facts import CaseFinished, CaseStarted, Outcome, RunFinished, RunStarted
from harness.events.log import EventLog


def _ran(folder: Path, provider: str, *outcomes: Outcome) -> Path:
    """A run's folder, with one case for each outcome."""
    log = EventLog(folder / "events.ndjson")
    log(RunStarted(at=1.0, run_id=folder.name, ecosystem="e", provider=provider, command="c", seed=1))
    for number, outcome in enumerate(outcomes):
        log(CaseStarted(at=2.0, case=f"t::{number}", suite="api", worker="main"))
        log(CaseFinished(at=3.0, case=f"t::{number}", suite="api", outcome=outcome, duration=1.0))
    log(RunFinished(at=4.0, exit_code=0, duration=3.0))
    log.close()
    return folder


def _compare(*folders: Path, missing: str = "") -> int:
    options = ["--missing", missing] if missing else []
    with pytest.raises(SystemExit) as caught:
        run(["compare", *map(str, folders), *options], Invocation((), None))
    return int(caught.value.code or 0)


def test_alike(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A table by suite, the sentence, and the same in the run's reports."""
    own, other = (
        _ran(tmp_path / name, name, Outcome.PASSED, Outcome.PASSED) for name in ("process", "docker")
    )
    assert _compare(own, other) == ExitCode.OK
    said = capsys.readouterr().out
    assert "All 2 cases ended alike on process and docker" in said
    assert "All 2 cases ended alike on process and docker" in (own / "summary.md").read_text()
    assert not (other / "summary.md").exists()


@pytest.mark.parametrize(
    ("there", "code", "told"),
    [
        (Outcome.FAILED, ExitCode.SUITE_FAILED, "process passed, docker failed"),
        (Outcome.SKIPPED, ExitCode.OK, "process passed, docker skipped"),
    ],
)
def test_not_alike(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], there: Outcome, code: ExitCode, told: str
) -> None:
    """What is good here and bad there fails; what was not tried there is told."""
    own, other = _ran(tmp_path / "a", "process", Outcome.PASSED), _ran(tmp_path / "b", "docker", there)
    assert _compare(own, other) == code
    assert f"t::0: {told}" in capsys.readouterr().out


def test_a_place_that_could_not_be_had(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Is told with the reason, on the terminal and in every report; a later comparison knows better."""
    own, other = (_ran(tmp_path / name, name, Outcome.PASSED) for name in ("process", "docker"))
    why = "Not run on kubernetes: there is no Go to build one"
    assert _compare(own, other, missing="kubernetes=there is no Go to build one ") == ExitCode.OK
    said = capsys.readouterr().out
    assert "1 case ended alike on process and docker" in said
    for text in (said, *((own / name).read_text() for name in ("summary.md", "report.html"))):
        assert why in text
    assert json.loads((own / "results.json").read_text())["elsewhere"]["missing"] == {
        "kubernetes": "there is no Go to build one"
    }
    assert _compare(own, other) == ExitCode.OK
    assert why not in (own / "report.html").read_text()


def test_no_other_place_could_be_had(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """That is no agreement."""
    own = _ran(tmp_path / "process", "process", Outcome.PASSED, Outcome.PASSED)
    assert _compare(own, missing="docker=no engine") == ExitCode.OK
    said = capsys.readouterr().out
    assert "2 cases ran on process alone" in said
    assert "Not run on docker: no engine" in said


@pytest.mark.parametrize("missing", ["", "docker", "=why", "docker= "])
def test_nothing_is_missing_without_a_reason(
    tmp_path: Path, missing: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nor is there a comparison with nothing."""
    own = _ran(tmp_path / "process", "process", Outcome.PASSED)
    assert _compare(own, missing=missing) == ExitCode.USAGE
    assert capsys.readouterr().err
    assert not (own / "summary.md").exists()


def test_nothing_to_compare(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder without a run, and a run without cases, are refused before anything is written."""
    own = _ran(tmp_path / "a", "process", Outcome.PASSED)
    assert _compare(own, tmp_path / "nowhere") == ExitCode.USAGE
    assert "no run in" in capsys.readouterr().err
    assert _compare(own, _ran(tmp_path / "b", "docker")) == ExitCode.USAGE
    assert "tested nothing" in capsys.readouterr().err
    assert not (own / "summary.md").exists()
