"""The end of a main job: whatever goes wrong with it is told, and no verdict is lost by it."""

import errno
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from harness.bootstrap.runs import reporting
from harness.bootstrap.runs.run_folder import EVENTS
from harness.cli import concluding
from harness.cli.concluding import conclude
from harness.core.errors import ExitCode
from harness.events.facts import RunFinished
from harness.events.log import EventLog, read

FULL = OSError(errno.ENOSPC, "No space left on device")
OK, FAILED, ENVIRONMENT, TEARDOWN = (
    ExitCode.OK,
    ExitCode.SUITE_FAILED,
    ExitCode.ENVIRONMENT,
    ExitCode.TEARDOWN,
)
Left = Callable[..., None]


@pytest.fixture
def left(monkeypatch: pytest.MonkeyPatch) -> Left:
    """What the sweep finds: environments, and what cannot be removed of them."""

    def leave(swept: Sequence[str] = (), leftovers: Sequence[str] = ()) -> None:
        monkeypatch.setattr(concluding, "sweep", lambda: (list(swept), list(leftovers)))

    leave()
    return leave


def concluded(code: ExitCode, folder: Path, log: EventLog | None = None) -> ExitCode:
    """End a run of the environment `aaaa`."""
    return conclude(code, folder, log or EventLog(folder / EVENTS), time.monotonic(), "aaaa")


@pytest.mark.parametrize(
    ("swept", "leftovers", "before", "after", "told"),
    [
        ([], [], OK, OK, ""),
        (["aaaa"], [], OK, OK, ""),
        (
            ["aaaa"],
            ["folder /x"],
            OK,
            TEARDOWN,
            "error: not everything of aaaa could be removed\n  folder /x\n",
        ),
        (["aaaa"], ["folder /x"], FAILED, TEARDOWN, "error"),
        (["aaaa"], ["folder /x"], ENVIRONMENT, ENVIRONMENT, "error"),
        (["bbbb"], ["folder /x"], OK, OK, "warning: something is left of bbbb: folder /x; `harness down`"),
    ],
)
def test_what_a_killed_keeper_left_counts(
    left: Left,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    swept: list[str],
    leftovers: list[str],
    before: ExitCode,
    after: ExitCode,
    told: str,
) -> None:
    """Where it is ours; the log says the same. What others left is a remark."""
    left(swept, leftovers)
    assert concluded(before, tmp_path) == after
    assert [fact.exit_code for fact in read(tmp_path / EVENTS) if isinstance(fact, RunFinished)] == [after]
    assert capsys.readouterr().err.startswith(told)


@pytest.mark.parametrize(("before", "after"), [(OK, ENVIRONMENT), (FAILED, FAILED), (TEARDOWN, TEARDOWN)])
@pytest.mark.usefixtures("left")
def test_reports_that_cannot_be_written_are_told(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    before: ExitCode,
    after: ExitCode,
) -> None:
    """The verdict stays; a success without its evidence is none."""
    FULL.__notes__ = ["while writing junit.xml"]
    group = ExceptionGroup("1 report", [FULL])

    def fail(_folder: Path) -> None:
        raise group

    monkeypatch.setattr(reporting, "rebuild", fail)
    assert concluded(before, tmp_path) == after
    told = capsys.readouterr().err
    assert f"error: not every report could be written to {tmp_path}\n" in told
    assert "  while writing junit.xml: No space left on device\n" in told
    assert "harness report" in told


@pytest.mark.usefixtures("left")
def test_an_end_that_cannot_be_written_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The reports are written all the same."""
    EventLog(tmp_path / EVENTS).close()
    assert concluded(OK, tmp_path, EventLog(Path("/dev/full"))) == ENVIRONMENT
    assert "error: /dev/full: No space left on device" in capsys.readouterr().err
    assert (tmp_path / "report.html").exists()
