"""Why this exists: the `harness` command: its subcommands, and the one place where errors become exit codes."""

import functools
import sys
from collections.abc import Callable

import typer

from harness.cli.down import down
from harness.cli.env import env, shell
from harness.cli.logs import logs
from harness.cli.plan import plan
from harness.cli.report import report
from harness.cli.screen import tell
from harness.cli.status import status
from harness.cli.testing import run_tests
from harness.cli.up import up
from harness.core.errors import ExitCode, HarnessError

COMMANDS: dict[str, Callable[..., None]] = {
    "plan": plan,
    "up": up,
    "status": status,
    "env": env,
    "logs": logs,
    "shell": shell,
    "test": run_tests,
    "report": report,
    "down": down,
}

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Start, seed, test and tear down a whole ecosystem of services from its Compose file.",
)


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

    return guarded


for name, command in COMMANDS.items():
    app.command(name)(_guarded(command))


def main() -> None:
    """Run the command line and end with its exit code; a traceback means a bug of ours."""
    own, for_pytest = _split(sys.argv[1:])
    app(own, obj=for_pytest)


def _split(argv: list[str]) -> tuple[list[str], list[str]]:
    """What follows the first `--` is pytest's."""
    if "--" not in argv:
        return argv, []
    at = argv.index("--")
    return argv[:at], argv[at + 1 :]


if __name__ == "__main__":
    main()
