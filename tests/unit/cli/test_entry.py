"""What happens before a command: the keeper is started ahead, and what is pytest's is put aside."""

import os
import signal
import subprocess
import sys
from types import TracebackType
from typing import Any, Self

import pytest

from harness.cli import entry, main
from harness.cli.invocation import Invocation, invocation_of
from harness.core.errors import ExitCode


class FakeSpare:
    """A keeper that is started ahead."""

    def __init__(self, environment_id: str, project: str, provider: str) -> None:
        self.environment_id = environment_id
        self.project = project
        self.provider = provider
        self.is_closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.is_closed = True


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[FakeSpare]:
    """The keepers that were started; signals are as before afterwards."""
    spares: list[FakeSpare] = []

    def make(environment_id: str, project: str, provider: str) -> FakeSpare:
        spares.append(FakeSpare(environment_id, project, provider))
        return spares[-1]

    monkeypatch.setattr(entry, "SpareKeeper", make)
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    return spares


@pytest.mark.parametrize(
    ("line", "own", "for_pytest", "spares"),
    [
        ("up -f x.yml", ["up", "-f", "x.yml"], (), 1),
        ("test api -- -k slow -- x", ["test", "api"], ("-k", "slow", "--", "x"), 1),
        ("test --", ["test"], (), 1),
        ("test --help", ["test", "--help"], (), 0),
        ("plan", ["plan"], (), 0),
        ("exec web -- ls", ["exec", "web", "--", "ls"], (), 0),
        ("", [], (), 0),
    ],
)
def test_a_command_line_is_taken_apart(
    monkeypatch: pytest.MonkeyPatch,
    made: list[FakeSpare],
    line: str,
    own: list[str],
    for_pytest: tuple[str, ...],
    spares: int,
) -> None:
    """Only commands that start something have a keeper ahead; it is let go at the end whatever became of it."""
    ran: list[tuple[list[str], Invocation]] = []
    monkeypatch.setattr(sys, "argv", ["harness", *line.split()])
    monkeypatch.setattr(main, "run", lambda argv, invocation: ran.append((argv, invocation)))
    entry.main()
    ((argv, invocation),) = ran
    assert (argv, invocation.for_pytest) == (own, for_pytest)
    assert len(made) == spares
    expected: Any = made[0] if made else None
    assert invocation.spare is expected
    assert all(spare.is_closed for spare in made)


def test_a_keeper_ahead_knows_what_is_started(monkeypatch: pytest.MonkeyPatch, made: list[FakeSpare]) -> None:
    """The same files in the same folder are the same project, other ones another; a measured run begins no imports."""
    monkeypatch.setattr(main, "run", lambda *_: None)
    for line in ("up", "up -f x.yml", "up web -f x.yml", "up -f y.yml", "test -f x.yml"):
        monkeypatch.setattr(sys, "argv", ["harness", *line.split()])
        entry.main()
    usual, first, again, other, measured = (spare.project for spare in made)
    assert first == again
    assert len({usual, first, other, measured}) == 4
    assert measured == ""
    assert len({spare.environment_id for spare in made}) == len(made)


@pytest.mark.parametrize("provider", ["--provider docker", "--provider=docker", "--provider existing"])
def test_a_keeper_ahead_imports_no_applications_that_run_elsewhere(
    monkeypatch: pytest.MonkeyPatch, made: list[FakeSpare], provider: str
) -> None:
    """It would take a whole core from the containers that start meanwhile."""
    monkeypatch.setattr(main, "run", lambda *_: None)
    monkeypatch.setattr(sys, "argv", ["harness", "up", *provider.split()])
    entry.main()
    assert made[0].project == ""
    assert f"--provider {made[0].provider}" == provider.replace("=", " ")


def test_an_interrupt_before_the_command_is_one_too(
    monkeypatch: pytest.MonkeyPatch, made: list[FakeSpare]
) -> None:
    """While it is imported: 130 without a traceback."""

    def interrupted(_argv: list[str], _invocation: Invocation) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(sys, "argv", ["harness", "up"])
    monkeypatch.setattr(main, "run", interrupted)
    with pytest.raises(SystemExit) as caught:
        entry.main()
    assert caught.value.code == ExitCode.INTERRUPTED
    assert made[0].is_closed


@pytest.mark.parametrize(
    "module", ["contextlib", "harness.bootstrap.keeping.spare", "harness.cli.invocation"]
)
def test_an_interrupt_while_anything_is_imported_is_one_too(module: str) -> None:
    """From the first line of ours on; what Python does before that is Python's."""
    code = f"""
import signal, sys
class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            signal.raise_signal(signal.SIGINT)
sys.meta_path.insert(0, Interrupting())
sys.modules.pop({module!r}, None)
from harness.cli.entry import main
main()
"""
    ended = subprocess.run(  # noqa: S603 - ourselves
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert (ended.returncode, ended.stderr) == (ExitCode.INTERRUPTED, "")


def test_a_command_needs_its_invocation() -> None:
    """A mistake of ours shows as one."""

    class Context:
        """One without it."""

        def find_object(self, _kind: type) -> None:
            """Nothing."""

    with pytest.raises(TypeError):
        invocation_of(Context())  # type: ignore[arg-type]  # a double


def test_starting_a_keeper_imports_little() -> None:
    """Before it runs, nothing that takes time: a start is measured from the shell on."""
    code = "import sys; import harness.cli.entry; print(*sorted(m.partition('.')[0] for m in sys.modules))"
    told = subprocess.run(  # noqa: S603 - ourselves
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ
    )
    assert not {"typer", "rich", "asyncio", "ruamel", "pydantic", "coverage", "psutil"} & set(
        told.stdout.split()
    )


def test_what_is_done_before_a_start_needs_no_event_loop() -> None:
    """The keeper waits for it: from the command line to the order that it is sent."""
    code = "import sys; import harness.cli.up, harness.bootstrap.keeping.acquire; print(*sorted(sys.modules))"
    told = subprocess.run(  # noqa: S603 - ourselves
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ
    )
    assert "asyncio" not in told.stdout.split()
