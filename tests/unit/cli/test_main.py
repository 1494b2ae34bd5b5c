"""The table of commands, and the one place where errors become exit codes."""

import importlib

import pytest
import typer

from harness.cli.main import COMMANDS, _guarded
from harness.core.errors import EnvironmentFailedError, ExitCode, HarnessError, TeardownError, UsageError


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_where_the_table_says(name: str) -> None:
    """With a first line for its help."""
    module, _, function = COMMANDS[name].partition(":")
    command = getattr(importlib.import_module(module), function)
    assert command.__doc__.splitlines()[0].endswith(".")


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


def test_a_mistake_of_ours_stays_one() -> None:
    """With its traceback."""

    def command() -> None:
        raise ValueError("a bug")

    with pytest.raises(ValueError, match="a bug"):
        _guarded(command)()
