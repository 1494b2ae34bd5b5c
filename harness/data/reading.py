"""Why this exists: functions of a row, called for many rows whose values are columns.

Making a row for each call would cost more than most calls: there is one row, and the loop puts the next values into it.
"""

from collections.abc import Callable, Sequence
from functools import partial
from keyword import iskeyword
from typing import Any, Protocol

Values = Sequence[Any]


class Chunk(Protocol):
    """Some rows, a column at a time."""

    @property
    def rows(self) -> range:
        """Their numbers."""
        ...

    def column(self, name: str) -> Values:
        """The values of a declaration."""
        ...


class Reading:
    """What functions read of a row is seen while they are called: from then on it is in the row beforehand.

    Args:
        owner: Whose row it is, for messages.
        names: Every column there is.
    """

    def __init__(self, owner: str, names: frozenset[str]) -> None:
        self._owner = owner
        self._names = names
        self._read: list[str] = []
        self._calls: Callable[..., list[Any]] | None = None

    def call(self, function: Callable[[Any], Any], chunk: Chunk) -> Values:
        """What the function gives for each row. The row is the same object every time: it must not be kept."""
        if self._calls is None:
            self._calls = _loop(self._read)
        reads = len(self._read)
        columns = [chunk.column(name) for name in self._read]
        row = _row_form(self._read, self._names, partial(self._fetch, chunk))()
        made = self._calls(function, row, chunk.rows, *columns)
        if len(self._read) > reads:
            self._calls = None
        return made

    def _fetch(self, chunk: Chunk, name: str, row: Any) -> Any:
        """A value that is not in the row yet."""
        if name not in self._read and name.isidentifier() and not iskeyword(name):
            self._read.append(name)
        return chunk.column(name)[row._number - chunk.rows.start]  # noqa: SLF001 - our own


def _row_form(read: Sequence[str], names: frozenset[str], fetch: Callable[[str, Any], Any]) -> type:
    """The class of a row: what is read of it in slots, the rest fetched when it is asked for."""
    others = {name: property(partial(fetch, name)) for name in names - {*read}}
    return type("Row", (), {"__slots__": ("_number", *read), "factory_parent": None} | others)


def _loop(read: Sequence[str]) -> Callable[..., list[Any]]:
    """A loop that calls a function once for each row. As code, since a loop may assign to attributes only by name."""
    columns = [f"column_{number}" for number in range(len(read))]
    targets = ", ".join(f"row.{name}" for name in ("_number", *read))
    source = f"[call(row) for {targets}, in zip({', '.join(['numbers', *columns])}, strict=True)]"
    made: Callable[..., list[Any]] = eval(f"lambda call, row, {', '.join(['numbers', *columns])}: {source}")  # noqa: S307 - made of names alone
    return made
