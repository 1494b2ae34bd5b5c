"""What comes after the suites can be interrupted, and is then told as that."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Self

import pytest

from harness.bootstrap.preparation.request import Warm
from harness.cli import job, testing
from harness.cli.invocation import Invocation
from harness.cli.suite_run import SuiteRun
from harness.core.errors import ExitCode
from harness.events.facts import RunFinished, SuitesCollected
from harness.events.log import EventLog, read
from harness.keeper.protocol import Ending
from harness.spec.model import Isolation, SuiteSettings
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
    """Counts nothing, and notes how long it was waited for; where `error` is set, the person has no patience."""

    def __init__(self, error: BaseException | None = None) -> None:
        self._error = error
        self.waited: list[float] = []

    def __call__(self, *_: object) -> Self:
        """Begin to count."""
        return self

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing to end."""

    def standing_still(self) -> AbstractContextManager[None]:
        """It does nothing anyhow."""
        return nullcontext()

    def result(self, timeout: float) -> SuitesCollected:
        """No test is known."""
        self.waited.append(timeout)
        if self._error is not None:
            raise self._error
        return SuitesCollected(at=1.0, by_suite={}, by_layer={})


Carry = Callable[..., ExitCode]


@pytest.fixture
def carry_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Carry:
    """Carries out the main job of two suites that come to `ended`, with this count and these words."""
    suites = (SuiteSettings("tiny", tmp_path), SuiteSettings("more", tmp_path, is_default=False))
    settings = SimpleNamespace(suites=suites, isolation=Isolation.NONE)
    ecosystem = SimpleNamespace(settings=settings, directory=tmp_path)
    keep = SimpleNamespace(is_wanted=lambda _code: False)
    request: Any = SimpleNamespace(keep=keep, is_measured=False, warm=Warm.NEVER, workers=0)
    prepared: Any = SimpleNamespace(ecosystem=ecosystem, request=request)
    monkeypatch.setattr(job, "start", lambda *_: FakeLease())
    monkeypatch.setattr(testing, "prepare", lambda _request: prepared)
    monkeypatch.setattr(testing, "accepted", lambda prepared: prepared)
    monkeypatch.setattr(testing, "begin_run", lambda *_: (tmp_path, EventLog(tmp_path / "events.ndjson")))
    monkeypatch.setattr("harness.cli.concluding.sweep", lambda: ([], []))

    def carry_out(
        counting: FakeCounting, ended: ExitCode, names: Sequence[str] = (), for_pytest: tuple[str, ...] = ()
    ) -> ExitCode:
        monkeypatch.setattr(job, "Counting", counting)
        monkeypatch.setattr(SuiteRun, "run", lambda *_: ended)
        return testing._carry_out(request, names, SuiteVariables.read({}), Invocation(for_pytest, None))

    return carry_out


def test_an_interrupt_after_the_suites_is_told_as_one(tmp_path: Path, carry_out: Carry) -> None:
    """The exit code, the log and the report say the same: interrupted, and not that the environment broke."""
    assert carry_out(FakeCounting(KeyboardInterrupt()), ExitCode.OK) is ExitCode.INTERRUPTED
    (finished,) = [fact for fact in read(tmp_path / "events.ndjson") if isinstance(fact, RunFinished)]
    assert finished.exit_code == ExitCode.INTERRUPTED
    assert "Interrupted" in (tmp_path / "summary.md").read_text()


def test_an_interrupted_run_is_not_held_up(carry_out: Carry, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever ended it may kill it before it has its report: nothing is counted or measured any more."""
    counting, measured = FakeCounting(), []
    monkeypatch.setattr(job.Job, "_state_coverage", lambda _job, _log: measured.append("coverage"))
    assert carry_out(counting, ExitCode.INTERRUPTED) is ExitCode.INTERRUPTED
    assert (counting.waited, measured) == ([], [])
    assert carry_out(counting, ExitCode.OK) is ExitCode.OK
    assert (len(counting.waited), measured) == (1, ["coverage"])


@pytest.mark.parametrize(
    ("ended", "names", "for_pytest", "is_awaited"),
    [
        (ExitCode.OK, (), (), True),
        (ExitCode.SUITE_FAILED, ("tiny", "more"), (), True),
        (ExitCode.OK, ("more",), (), False),
        (ExitCode.OK, (), ("-k", "login"), False),
        (ExitCode.ENVIRONMENT, (), (), False),
    ],
)
def test_only_a_whole_run_waits_for_the_pyramid(
    carry_out: Carry,
    capsys: pytest.CaptureFixture[str],
    ended: ExitCode,
    names: tuple[str, ...],
    for_pytest: tuple[str, ...],
    is_awaited: bool,
) -> None:
    """Counting takes longer than a few tests do; who asked for those has not asked for the pyramid."""
    counting = FakeCounting()
    carry_out(counting, ended, names, for_pytest)
    (waited,) = counting.waited
    assert (waited > 1) == is_awaited
    assert ("no pyramid is shown" in capsys.readouterr().err) == is_awaited
