"""`harness compare`, on the logs of runs that were."""

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


def _compare(*folders: Path) -> int:
    with pytest.raises(SystemExit) as caught:
        run(["compare", *map(str, folders)], Invocation((), None))
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


def test_nothing_to_compare(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder without a run, and a run without cases, are refused before anything is written."""
    own = _ran(tmp_path / "a", "process", Outcome.PASSED)
    assert _compare(own, tmp_path / "nowhere") == ExitCode.USAGE
    assert "no run in" in capsys.readouterr().err
    assert _compare(own, _ran(tmp_path / "b", "docker")) == ExitCode.USAGE
    assert "tested nothing" in capsys.readouterr().err
    assert not (own / "summary.md").exists()
