"""Which environments `harness down` ends, once what killed runs left is swept."""

from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest
import typer

from harness.cli import down
from harness.cli.environments import Life
from harness.core.errors import EnvironmentFailedError, ExitCode, TeardownError, UsageError
from harness.keeper import folders
from harness.keeper.client import Lease
from harness.keeper.folders import About
from harness.keeper.protocol import Ending

Scene = Callable[..., list[str]]


class FakeLease:
    """A keeper that ends as it is told to."""

    def __init__(self, ending: Ending) -> None:
        self.ending = ending

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing to close."""

    def ask(self, command: str, *, timeout: float) -> None:
        """Only to stop, and not for ever."""
        assert (command, timeout > 0) == ("stop", True)

    def wait_ended(self) -> Ending:
        """How it ended."""
        return self.ending


@pytest.fixture
def scene(monkeypatch: pytest.MonkeyPatch) -> Scene:
    """Environments of `up` and of tests, and some whose keepers were killed; gives the list of those stopped."""

    def make(
        running: Sequence[str] = (),
        dead: Sequence[str] = (),
        leftovers: Sequence[str] = (),
        ending: Ending = Ending(ExitCode.OK),  # noqa: B008 - frozen
        tested: Sequence[str] = (),
        left: Sequence[str] = (),
        elsewhere: Sequence[str] = (),
    ) -> list[str]:
        def about(name: str) -> About:
            file = "/elsewhere/compose.yml" if name in elsewhere else f"{Path.cwd()}/compose.yml"
            return About(name, "tiny", "process", (file,), 1, "", name in (*tested, *left))

        known = [(Path(f"/run/{name}"), about(name)) for name in (*left, *running, *tested)]
        stopped: list[str] = []

        def attach(path: Path, _on_event: object, *, hold: bool) -> FakeLease:
            assert not hold
            stopped.append(path.parent.name)
            return FakeLease(ending)

        monkeypatch.setattr(down, "look", lambda folder: Life("ready", folder.name not in tested, {}, None))
        monkeypatch.setattr(down, "sweep", lambda **_: (list(dead), list(leftovers)))
        monkeypatch.setattr(folders, "known", lambda: iter(known))
        monkeypatch.setattr(Lease, "attach", attach)
        return stopped

    return make


def code_of(environment: str | None = None, *, everything: bool = False) -> int:
    """What the command ends with."""
    with pytest.raises(typer.Exit) as caught:
        down.down(environment, everything)
    return caught.value.exit_code


@pytest.mark.parametrize(
    ("running", "dead", "asked", "stopped"),
    [
        (["aaaa"], [], None, ["aaaa"]),
        (["aaaa", "bbbb"], [], "bb", ["bbbb"]),
        ([], ["dddd"], None, []),
        ([], ["dddd"], "dd", []),
        (["aaaa"], ["dddd"], None, ["aaaa"]),
        (["aaaa"], ["dddd"], "dd", []),
        (["aaaa"], ["dddd"], "aa", ["aaaa"]),
    ],
)
def test_what_is_meant_ends(
    scene: Scene, running: list[str], dead: list[str], asked: str | None, stopped: list[str]
) -> None:
    """The one that runs, or the one that is named; a dead one counts as ended, and hides no living one."""
    ended = scene(running, dead)
    assert code_of(asked) == ExitCode.OK
    assert ended == stopped


def test_a_cluster_is_looked_at_when_it_is_named(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """And allowed for tests; else nobody has to have one."""
    scene()
    swept: list[str] = []

    def sweep(**asked: str) -> tuple[list[str], list[str]]:
        swept.append(asked["cluster"])
        return [], []

    monkeypatch.setattr(down, "sweep", sweep)
    file = tmp_path / "config"
    file.write_text("contexts: [{name: kind-a}, {name: production}]")
    monkeypatch.setenv("KUBECONFIG", str(file))
    for context in ("", "kind-a"):
        with pytest.raises(typer.Exit):
            down.down(context=context)
    assert swept == ["", "kind-a"]
    with pytest.raises(UsageError, match="not allowed"):
        down.down(context="production")


def test_all_means_all(scene: Scene) -> None:
    """Also none."""
    ended = scene(["aaaa", "bbbb"])
    assert code_of(everything=True) == ExitCode.OK
    assert ended == ["aaaa", "bbbb"]
    scene()
    assert code_of(everything=True) == ExitCode.OK


def test_what_is_not_there_or_unclear_is_told(scene: Scene) -> None:
    """With what there is."""
    scene()
    with pytest.raises(UsageError, match="no environment 'x' runs"):
        down.down("x", False)
    scene(["aaaa", "abbb"], ["dddd"])
    for asked in (None, "a"):
        with pytest.raises(UsageError, match="several") as caught:
            down.down(asked, False)
        assert [line.split()[0] for line in caught.value.evidence] == ["aaaa", "abbb"]
        assert ("--all" in caught.value.hint) == (asked is None)


def test_nothing_to_end_is_well(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    """`make down` may be said at any time."""
    scene()
    assert code_of() == ExitCode.OK
    assert capsys.readouterr().err == "nothing runs here that `harness up` started\n"


def test_what_tests_run_against_is_left_alone(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    """It is told, and why, and how to end it all the same: by its name, or all."""
    ended = scene(["aaaa"], tested=["tttt"])
    assert code_of() == ExitCode.OK
    assert ended == ["aaaa"]
    assert (
        "left alone: tiny (tttt), because tests run against it; `harness down -e tttt` ends it"
        in capsys.readouterr().err
    )
    for asked in ({"environment": "tt"}, {"everything": True}):
        ended = scene(tested=["tttt"])
        assert code_of(**asked) == ExitCode.OK
        assert ended == ["tttt"]


def test_what_tests_have_left_running_is_ended_after_what_up_started(
    scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    """Only one of them is what `down` is for; of the other it is told how to end it."""
    ended = scene(["aaaa"], left=["tttt"])
    assert code_of() == ExitCode.OK
    assert ended == ["aaaa"]
    assert (
        "left alone: tiny (tttt), which tests have left running; `harness down -e tttt` ends it, --all ends all"
        in capsys.readouterr().err
    )
    ended = scene(left=["tttt"])
    assert code_of() == ExitCode.OK
    assert ended == ["tttt"]


def test_another_folder_s_stack_is_left_alone(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    """Also when it is the only one: it is told, and how to end it; here nothing was to be ended."""
    told = (
        "left alone: tiny (eeee), of /elsewhere/compose.yml; `harness down -e eeee` ends it, --all ends all"
    )
    ended = scene(["eeee"], elsewhere=["eeee"])
    assert code_of() == ExitCode.OK
    assert ended == []
    assert told in " ".join(capsys.readouterr().err.split())
    ended = scene(["eeee", "aaaa"], left=["ffff"], elsewhere=["eeee", "ffff"])
    assert code_of() == ExitCode.OK
    assert ended == ["aaaa"]
    assert told in " ".join(capsys.readouterr().err.split())
    ended = scene(["eeee"], elsewhere=["eeee"])
    assert code_of("ee") == ExitCode.OK
    assert ended == ["eeee"]


def test_what_ends_by_itself_meanwhile_needs_no_word(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its keeper has gone between the look at the folder and the question."""
    ended = scene(["aaaa"])
    monkeypatch.setattr(down, "look", lambda _folder: None)
    assert code_of() == ExitCode.OK
    assert (ended, "left alone" in capsys.readouterr().err) == ([], False)


def test_what_cannot_be_removed_is_told(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    """By a dead keeper's sweep, after what runs was ended, and by a living one's teardown: exit code 4 each."""
    ended = scene(["aaaa"], dead=["dddd"], leftovers=["folder /dev/shm/x"])
    assert code_of() == ExitCode.TEARDOWN
    assert ended == ["aaaa"]
    assert "error: not everything of dddd could be removed\n  folder /dev/shm/x\n" in capsys.readouterr().err
    left = TeardownError("1 thing could not be torn down", evidence=["process 42"])
    scene(["aaaa"], ending=Ending(ExitCode.TEARDOWN, left))
    assert code_of() == ExitCode.TEARDOWN


def test_what_is_dead_and_stays_is_not_asked(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its folder is there for the next sweep, and nobody listens in it."""
    ended = scene(["aaaa", "dddd"], dead=["dddd"], leftovers=["folder /dev/shm/x"])
    monkeypatch.setattr(folders, "is_kept", lambda folder: folder.name == "aaaa")
    assert code_of(everything=True) == ExitCode.TEARDOWN
    assert ended == ["aaaa"]


def test_one_that_does_not_answer_stops_no_other(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is told, in the exit code too; the others end."""
    ended = scene(["aaaa", "bbbb"])

    def look(folder: Path) -> Life:
        if folder.name == "aaaa":
            raise EnvironmentFailedError("the keeper did not answer 'status' within 3 s")
        return Life("ready", True, {}, None)

    monkeypatch.setattr(down, "look", look)
    assert code_of() == ExitCode.ENVIRONMENT
    assert ended == ["bbbb"]
    assert "error: tiny (aaaa): the keeper did not answer" in capsys.readouterr().err


def test_one_that_cannot_be_stopped_stops_no_other(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With --all; and one that is gone before it could be asked needs no word."""
    ended = scene(["aaaa", "bbbb", "cccc"])
    attach = Lease.attach

    def attach_some(path: Path, on_event: object, *, hold: bool) -> object:
        if path.parent.name != "cccc":
            raise EnvironmentFailedError(f"no keeper answers at {path.parent.name}")
        return attach(path, on_event, hold=hold)  # type: ignore[arg-type]  # passed on as they come

    monkeypatch.setattr(Lease, "attach", attach_some)
    monkeypatch.setattr(folders, "wait_gone", lambda folder, _timeout: folder.name == "bbbb")
    assert code_of(everything=True) == ExitCode.ENVIRONMENT
    assert ended == ["cccc"]
    told = capsys.readouterr().err
    assert "error: tiny (aaaa): no keeper answers at aaaa" in told
    assert "error: tiny (bbbb)" not in told
