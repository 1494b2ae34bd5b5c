"""What comes after the suites can be interrupted, and is then told as that."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, Self

import pytest

from harness.cli import job, testing
from harness.cli.invocation import Invocation
from harness.cli.suite_run import SuiteRun
from harness.core.errors import ExitCode
from harness.events.facts import RunFinished
from harness.events.log import EventLog, read
from harness.keeper.protocol import Ending
from harness.spec.model import SuiteSettings
from harness.suites.settings import SuiteVariables


class FakeLease:
    """Held, and let go."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing to close."""

    def release(self, *, keep: bool) -> Ending:
        """It is gone at once."""
        assert not keep
        return Ending(ExitCode.OK)


class FakeCounting:
    """The person has no patience for it."""

    def __init__(self, *_: object) -> None:
        """Counts nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing to end."""

    def result(self) -> None:
        """Ctrl-C."""
        raise KeyboardInterrupt


def test_an_interrupt_after_the_suites_is_told_as_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The exit code, the log and the report say the same: interrupted, and not that the environment broke."""
    settings = SimpleNamespace(suites=(SuiteSettings("tiny", tmp_path),))
    ecosystem = SimpleNamespace(settings=settings, directory=tmp_path)
    keep = SimpleNamespace(is_wanted=lambda _code: False)
    request: Any = SimpleNamespace(keep=keep, is_measured=False, workers=0)
    prepared: Any = SimpleNamespace(ecosystem=ecosystem, request=request)
    monkeypatch.setattr(job, "start", lambda *_: FakeLease())
    monkeypatch.setattr(job, "Counting", FakeCounting)
    monkeypatch.setattr(SuiteRun, "run", lambda *_: ExitCode.OK)
    monkeypatch.setattr(testing, "plan_for", lambda _request: prepared)
    monkeypatch.setattr(testing, "require_steps", lambda _prepared: None)
    monkeypatch.setattr(testing, "begin_run", lambda *_: (tmp_path, EventLog(tmp_path / "events.ndjson")))
    monkeypatch.setattr("harness.cli.concluding.sweep", lambda: ([], []))
    code = testing._carry_out(request, (), SuiteVariables.read({}), Invocation((), None))
    assert code is ExitCode.INTERRUPTED
    (finished,) = [fact for fact in read(tmp_path / "events.ndjson") if isinstance(fact, RunFinished)]
    assert finished.exit_code == ExitCode.INTERRUPTED
    assert "Interrupted" in (tmp_path / "summary.md").read_text()
