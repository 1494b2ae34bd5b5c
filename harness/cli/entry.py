"""Why this exists: the very first thing `harness up` and `harness test` do is start what takes longest to import."""

import hashlib
import os
import signal
import sys
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from harness.bootstrap.spare import SpareKeeper
from harness.core.errors import ExitCode
from harness.core.ids import new_environment_id

if TYPE_CHECKING:  # typer takes a while to import
    import typer

_STARTING = {"up", "test"}
_UNMEASURED = {"up"}  # coverage has to know its folder before anything is imported
_FILE_OPTIONS = {"-f", "--file"}


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
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # who asks us to end is Ctrl-C to us
    try:
        with _spare_keeper(own) as spare:
            from harness.cli.main import run  # noqa: PLC0415 - after the keeper has begun to import

            run(own, Invocation(tuple(for_pytest), spare))
    except KeyboardInterrupt:  # before the command had begun
        sys.exit(ExitCode.INTERRUPTED)


def _spare_keeper(own: list[str]) -> "SpareKeeper | nullcontext[None]":
    if not own or own[0] not in _STARTING or "--help" in own:
        return nullcontext()
    return SpareKeeper(new_environment_id(), _project(own) if own[0] in _UNMEASURED else "")


def _project(own: list[str]) -> str:
    """Stands for what is started: this folder, these files."""
    files = [after for option, after in pairwise(own) if option in _FILE_OPTIONS]
    return hashlib.sha256("\0".join([os.getcwd(), *files]).encode()).hexdigest()[:20]  # noqa: PTH109 - pathlib waits


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
