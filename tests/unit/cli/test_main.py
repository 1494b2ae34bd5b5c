"""The table of commands, and the one place where errors become exit codes."""

import errno
import importlib
import importlib.metadata
import re
from pathlib import Path

import pytest
import typer

from harness.bootstrap.preparation.providers import KINDS
from harness.cli.invocation import Invocation
from harness.cli.main import COMMANDS, _guarded, run
from harness.core.errors import EnvironmentFailedError, ExitCode, HarnessError, TeardownError, UsageError

_LONGEST_SUMMARY = 90


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_where_the_table_says(name: str) -> None:
    """With a first line for its help that fits into the list of commands on a terminal of 100 columns."""
    module, _, function = COMMANDS[name].partition(":")
    command = getattr(importlib.import_module(module), function)
    first = command.__doc__.splitlines()[0]
    assert first.endswith((".", "`."))
    assert len(first) <= _LONGEST_SUMMARY


def said(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    """What a command line ends with, answers and tells, each in one line."""
    with pytest.raises(SystemExit) as caught:
        run(list(words), Invocation((), None))
    out, err = capsys.readouterr()
    return int(caught.value.code or 0), re.sub(r"[\s│]+", " ", out), re.sub(r"[\s│]+", " ", err)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(
    name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It needs no Compose file, and says what an option takes in a word of people, not of Python."""
    monkeypatch.setenv("TERMINAL_WIDTH", "100")
    code, shown, _ = said(capsys, name, "--help")
    assert (code, f"Usage: harness {name}" in shown) == (ExitCode.OK, True)
    options = shown.partition("Options")[2]
    assert "<str>" not in options
    assert "list[" not in options


@pytest.mark.parametrize("command", ["plan", "up", "test"])
def test_the_providers_offered_are_those_there_are(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """In the help; and any other is told not to be there yet, with exit code 2."""
    names = ["auto", *(kind.name for kind in KINDS)]
    shown = said(capsys, command, "--help")[1]
    assert f"Where to run: {', '.join(names[:-1])} or {names[-1]}" in shown
    code, _, told = said(capsys, command, "--provider", "cloud")
    assert code == ExitCode.USAGE
    assert f"this build has no provider 'cloud' yet; choose one of: {', '.join(names)}" in told


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """That of pyproject.toml, as it was installed."""
    code, shown, _ = said(capsys, "--version")
    assert (code, shown) == (ExitCode.OK, f"harness {importlib.metadata.version('ecosystem-harness')} ")


def test_the_readme_lists_these_commands() -> None:
    """All of them, in its block of commands; and nowhere one that does not exist."""
    readme = (Path(__file__).parents[3] / "README.md").read_text()
    block = readme.partition("## Commands")[2].split("```")[1]
    lines = [line.partition("#")[0] for line in block.splitlines() if line.startswith("harness ")]
    listed = [re.match(r"[a-z]+", word.strip()) for line in lines for word in line[8:].split("|")]
    assert {found[0] for found in listed if found} == set(COMMANDS)
    assert set(re.findall(r"[`(]harness ([a-z]+)", readme)) <= set(COMMANDS)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UsageError("x"), ExitCode.USAGE),
        (EnvironmentFailedError("x"), ExitCode.ENVIRONMENT),
        (TeardownError("x"), ExitCode.TEARDOWN),
        (KeyboardInterrupt(), ExitCode.INTERRUPTED),
    ],
)
def test_an_error_ends_a_command_with_its_code(
    error: BaseException, code: ExitCode, capsys: pytest.CaptureFixture[str]
) -> None:
    """Told once; an interrupt needs no words."""

    def command() -> None:
        raise error

    with pytest.raises(typer.Exit) as caught:
        _guarded(command)()
    assert caught.value.exit_code == code
    assert ("error: x" in capsys.readouterr().err) == isinstance(error, HarnessError)


@pytest.mark.parametrize(
    ("error", "told", "hint"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "/r/x"), "/r/x: No space left on device", "room"),
        (PermissionError(errno.EACCES, "Permission denied", "/r/x"), "/r/x: Permission denied", ""),
        (OSError("no more"), "no more", ""),
    ],
)
def test_what_the_system_refuses_is_no_failed_suite(
    error: OSError, told: str, hint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Told in a line; exit code 3."""

    def command() -> None:
        raise error

    with pytest.raises(typer.Exit) as caught:
        _guarded(command)()
    assert caught.value.exit_code == ExitCode.ENVIRONMENT
    first, *more = capsys.readouterr().err.splitlines()
    assert first == f"error: {told}"
    assert hint in "".join(more)
    assert bool(more) == bool(hint)


def test_a_mistake_of_ours_is_no_failed_suite_either(capsys: pytest.CaptureFixture[str]) -> None:
    """With its traceback, for us; exit code 3."""

    def command() -> None:
        raise ValueError("a bug")

    with pytest.raises(typer.Exit) as caught:
        _guarded(command)()
    assert caught.value.exit_code == ExitCode.ENVIRONMENT
    told = capsys.readouterr().err
    assert told.startswith("Traceback")
    assert told.endswith("ValueError: a bug\n")


def test_a_command_ends_as_it_says() -> None:
    """An exit that was asked for is no error."""

    def command() -> None:
        raise typer.Exit(ExitCode.SUITE_FAILED)

    with pytest.raises(typer.Exit) as caught:
        _guarded(command)()
    assert caught.value.exit_code == ExitCode.SUITE_FAILED
