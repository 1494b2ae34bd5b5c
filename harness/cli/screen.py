"""Why this exists: one console for people (standard error), and one way to tell them of an error.

What a command answers goes to standard output, so that `eval "$(harness env)"` and pipes work.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape

from harness.core.errors import HarnessError

_UNWRAPPED = 100_000  # columns; more than any line has
people = Console(stderr=True, highlight=False, soft_wrap=True)


def answers() -> Console:
    """Standard output, for tables: wrapped at the width of a terminal, and not at all for a program that reads it."""
    return Console(highlight=False, width=None if sys.stdout.isatty() else _UNWRAPPED)


def tell(error: HarnessError, console: Console | None = None) -> None:
    """One line first, then what was seen, then what to do."""
    console = console or people
    if error.message:
        console.print(f"[bold red]error:[/] {escape(error.message)}")
    for line in error.evidence:
        if not error.message.endswith(f": {line}"):  # the only leftover, for example, is in the first line
            console.print(f"  {escape(line)}")
    for note in getattr(error, "__notes__", ()):
        console.print(f"  {escape(note)}")
    if error.hint:
        console.print(f"[bold]→[/] {escape(error.hint)}")


def untold(error: HarnessError, told: HarnessError | None) -> HarnessError:
    """What is left to tell of an error: all of it, or, without a first line, what it has beyond the one `told`."""
    if told is None or told.message != error.message:
        return error
    rest = HarnessError("", evidence=[line for line in error.evidence if line not in told.evidence])
    rest.exit_code = error.exit_code
    return rest


@contextmanager
def doing(what: str) -> Iterator[None]:
    """Say what takes a moment while its block runs: at a terminal in a line that goes away, else in one that stays."""
    if people.is_terminal:
        with people.status(f"{escape(what)} …"):
            yield
    else:
        people.print(f"{escape(what)} …", style="dim")
        yield


def warn(line: str) -> None:
    """Something worth knowing that stops nobody."""
    people.print(f"[yellow]warning:[/] {escape(line)}")
