"""Why this exists: one console for people (standard error), and one way to tell them of an error.

What a command answers goes to standard output, so that `eval "$(harness env)"` and pipes work.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape

from harness.core.errors import HarnessError

people = Console(stderr=True, highlight=False, soft_wrap=True)


def tell(error: HarnessError) -> None:
    """One line first, then what was seen, then what to do."""
    people.print(f"[bold red]error:[/] {escape(error.message)}")
    for line in error.evidence:
        if not error.message.endswith(f": {line}"):  # the only leftover, for example, is in the first line
            people.print(f"  {escape(line)}")
    for note in getattr(error, "__notes__", ()):
        people.print(f"  {escape(note)}")
    if error.hint:
        people.print(f"[bold]→[/] {escape(error.hint)}")


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
