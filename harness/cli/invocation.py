"""Why this exists: what a command learns of its command line besides its own options; typer's context carries it."""

from dataclasses import dataclass

import typer

from harness.bootstrap.keeping.spare import SpareKeeper


@dataclass(frozen=True, slots=True)
class Invocation:
    """What commands learn of the command line besides their own options.

    Args:
        for_pytest: What followed the first `--`.
        spare: A keeper process that imports meanwhile; for commands that start an environment.
    """

    for_pytest: tuple[str, ...]
    spare: SpareKeeper | None


def invocation_of(context: typer.Context) -> Invocation:
    """The invocation that a command runs in."""
    invocation = context.find_object(Invocation)
    if invocation is None:
        raise TypeError("a command was called without its invocation")
    return invocation
