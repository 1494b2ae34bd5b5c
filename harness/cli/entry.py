"""Why this exists: the very first thing `harness up` and `harness test` do is start what takes longest to import."""

import signal
import sys
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.bootstrap.spare import SpareKeeper
from harness.core.errors import ExitCode

if TYPE_CHECKING:  # typer takes a while to import
    import typer

_STARTING = {"up", "test"}


@dataclass(frozen=True, slots=True)
class Invocation:
    """What commands learn of the command line besides their own options.

    Args:
        for_pytest: What followed the first `--`.
        spare: A keeper process that imports meanwhile; for commands that start an environment.
    """

    for_pytest: tuple[str, ...]
    spare: SpareKeeper | None


def main() -> None:
    """The `harness` command."""
    own, for_pytest = _split(sys.argv[1:])
    is_starting = bool(own) and own[0] in _STARTING and "--help" not in own
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # who asks us to end is Ctrl-C to us
    try:
        with SpareKeeper() if is_starting else nullcontext() as spare:
            from harness.cli.main import run  # noqa: PLC0415 - after the keeper has begun to import

            run(own, Invocation(tuple(for_pytest), spare))
    except KeyboardInterrupt:  # before the command had begun
        sys.exit(ExitCode.INTERRUPTED)


def invocation_of(context: "typer.Context") -> Invocation:
    """The invocation that a command runs in."""
    invocation = context.find_object(Invocation)
    if invocation is None:
        raise TypeError("a command was called without its invocation")
    return invocation


def _split(argv: list[str]) -> tuple[list[str], list[str]]:
    """What follows the first `--` is pytest's."""
    if "--" not in argv:
        return argv, []
    at = argv.index("--")
    return argv[:at], argv[at + 1 :]
