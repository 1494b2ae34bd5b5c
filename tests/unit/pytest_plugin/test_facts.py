"""A session whose facts cannot be written ends, and is told apart from failed tests."""

from pathlib import Path
from typing import Any

import pytest

from harness.core.errors import EnvironmentFailedError, ExitCode, TeardownError
from harness.events.facts import CaseStarted, EnvironmentFailed
from harness.pytest_plugin import run
from harness.pytest_plugin.facts import Facts, OwnFacts
from harness.pytest_plugin.run import OwnRun

FACT = CaseStarted(at=1.5, case="a", suite="api", worker="main")
FULL = Path("/dev/full")


def test_the_first_that_cannot_be_written_is_raised() -> None:
    """With its file and what to do; after it nothing is tried."""
    log = Facts(FULL)
    with pytest.raises(EnvironmentFailedError, match="cannot be written to /dev/full: No space") as caught:
        log(FACT)
    assert "make room" in caught.value.hint
    assert log.failure is caught.value
    log(FACT)
    log.close()


def test_it_ends_the_session() -> None:
    """With an exit code of its own: pytest's 3 would be a mistake of ours."""
    with pytest.raises(pytest.exit.Exception, match="facts cannot be written to /dev/full") as caught:
        Facts(FULL).record(FACT)
    assert caught.value.returncode not in {None, *pytest.ExitCode, *ExitCode}


def test_facts_from_before_a_run_follow_those_that_it_begins_with(tmp_path: Path) -> None:
    """A session that never asks for an ecosystem writes nothing."""
    broken = EnvironmentFailed(at=2.0, message="a died", hint="", evidence=())
    facts = OwnFacts(tmp_path / "run" / "events.ndjson")
    facts.record(FACT)
    assert (facts.has_begun, list(facts.stated()), list(tmp_path.iterdir())) == (False, [], [])
    facts.begin(broken)
    facts.record(FACT)
    assert list(facts.stated()) == [broken, FACT, FACT]
    assert facts.has_broken


class FakeLease:
    """What it held has ended."""

    path = Path("/run/aaaa/keeper.sock")

    def let_go(self) -> None:
        """It was not started yet."""

    def release(self, *, keep: bool) -> None:
        """There is nothing to wait for."""
        assert not keep


@pytest.fixture
def own(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> OwnRun:
    """A session by itself, with an ecosystem, whose tests have passed; nothing is left of others."""
    monkeypatch.setattr(run, "_new_folder", lambda *_: tmp_path)
    monkeypatch.setattr("harness.bootstrap.runs.sweep.sweep", lambda: ([], []))
    own = OwnRun(request.config)
    own._facts.begin()
    return own


def test_a_session_ends_as_its_tests_do(own: OwnRun) -> None:
    """When nothing else is wrong."""
    assert own.finish(0) == ExitCode.OK
    assert own.ended_badly is None


@pytest.mark.parametrize("code", [0, 1])
def test_what_a_killed_keeper_left_counts(own: OwnRun, monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    """It is named; a failed test is a failed test."""
    lease: Any = FakeLease()
    own._environment._lease = lease
    monkeypatch.setattr("harness.bootstrap.runs.sweep.sweep", lambda: (["aaaa"], ["folder /x"]))
    assert own.finish(code) == (code or ExitCode.TEARDOWN)
    assert isinstance(own.ended_badly, TeardownError)
    assert own.ended_badly.evidence == ("folder /x",)


@pytest.mark.parametrize("code", [0, 1])
def test_reports_that_cannot_be_written_are_told(
    own: OwnRun, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    """The session's verdict stays; a success without its evidence is none."""

    def fail(_folder: Path) -> None:
        raise ExceptionGroup("1 report", [OSError("full")])

    monkeypatch.setattr("harness.bootstrap.runs.reporting.rebuild", fail)
    assert own.finish(code) == (code or ExitCode.ENVIRONMENT)
    assert isinstance(own.ended_badly, EnvironmentFailedError)


def test_an_end_that_cannot_be_written_is_told(own: OwnRun) -> None:
    """The disk is full by then; what was written is reported."""
    assert own._facts._log is not None
    own._facts._log.close()
    own._facts._log = Facts(FULL)
    assert own.finish(0) == ExitCode.ENVIRONMENT
    assert "cannot be written" in str(own.ended_badly)
