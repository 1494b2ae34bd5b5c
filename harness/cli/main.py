"""Why this exists: the `harness` command: its subcommands, and the one place where errors become exit codes."""

import functools
import gc
import importlib
import sys
import traceback
from collections.abc import Callable, Iterable
from typing import Annotated

import typer

from harness.cli.invocation import Invocation
from harness.cli.screen import tell
from harness.core.errors import ExitCode, HarnessError, refused

# Where each command is. Only the one that is asked for is imported: a start is measured from the shell on.
COMMANDS = {
    "plan": "harness.cli.plan:plan",
    "up": "harness.cli.up:up",
    "status": "harness.cli.status:status",
    "env": "harness.cli.env:env",
    "logs": "harness.cli.logs:logs",
    "shell": "harness.cli.env:shell",
    "exec": "harness.cli.inside:execute",
    "copy": "harness.cli.inside:copy",
    "test": "harness.cli.testing:run_tests",
    "report": "harness.cli.report:report",
    "compare": "harness.cli.compare:compare",
    "snapshot": "harness.cli.reset:snapshot",
    "seed": "harness.cli.seed:seed",
    "reset": "harness.cli.reset:reset",
    "down": "harness.cli.down:down",
    "images": "harness.cli.images:images",
    "doctor": "harness.cli.doctor:doctor",
}


def run(argv: list[str], invocation: Invocation) -> None:
    """Run a command line and end with its exit code; a traceback means a bug of ours, and no failed suite."""
    asked = argv[0] if argv else ""
    app = _app([asked] if asked in COMMANDS else COMMANDS)
    if not gc.isenabled():
        gc.freeze()  # or planning would have all modules looked through for garbage: a third of what it takes
        gc.enable()
    app(argv, prog_name="harness", obj=invocation)


def _app(names: Iterable[str]) -> typer.Typer:
    app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
    app.callback()(_introduce)
    for name in names:
        module, _, function = COMMANDS[name].partition(":")
        # what follows the first word that is no option belongs to another command, with its options
        settings = {"allow_interspersed_args": name != "exec"}
        app.command(name, context_settings=settings)(
            _guarded(getattr(importlib.import_module(module), function))
        )
    return app


def _print_version(is_wanted: bool) -> None:
    if is_wanted:
        import importlib.metadata  # noqa: PLC0415 - a third of this command's imports, for one option

        sys.stdout.write(f"harness {importlib.metadata.version('ecosystem-harness')}\n")
        raise typer.Exit


def _introduce(
    _version: Annotated[
        bool,
        typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True),
    ] = False,
) -> None:
    """Start, seed, test and tear down a whole ecosystem of services from its Compose file."""


def _guarded(command: Callable[..., None]) -> Callable[..., None]:
    """The command with every error it may raise told to the person and turned into an exit code."""

    @functools.wraps(command)
    def guarded(*args: object, **kwargs: object) -> None:
        try:
            command(*args, **kwargs)
        except HarnessError as error:
            tell(error)
            raise typer.Exit(error.exit_code) from None
        except KeyboardInterrupt:
            raise typer.Exit(ExitCode.INTERRUPTED) from None
        except (typer.Exit, BrokenPipeError):
            # An end as it is meant; nobody reads us, which typer ends quietly.
            raise
        except OSError as error:
            tell(refused(error))
            raise typer.Exit(ExitCode.ENVIRONMENT) from None
        except Exception:  # noqa: BLE001 - told as what it is, but not by Python's own exit code, a failed suite's
            traceback.print_exc()
            raise typer.Exit(ExitCode.ENVIRONMENT) from None

    return guarded
