"""Why this exists: related tables of any size from one seed, made in portions that are gone once they are written.

population = Population(seed=7)
users = population.add("shop.users", Rows(UserFactory, 100_000), keep=["id"])
population.add("shop.orders", Rows(OrderFactory, 400_000))   # its SubFactory(UserFactory) takes one of those users
population.add("shop.carts", Rows(CartFactory, 100_000, user=Iterator(users.kept)))   # a cart for each
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from harness.core.errors import UsageError
from harness.data.columns import Columns
from harness.data.copytext import lines_of
from harness.data.declarations import POOL
from harness.data.reading import Values

PORTION = 8192
"""Rows that are made at a time. More are not faster, and wait in memory."""


KeptRow = Mapping[str, Any] | SimpleNamespace
"""What is kept of a row for those that refer to it: a mapping where the factory builds mappings, else an object."""


class Rows:
    """What one factory contributes to a table.

    Args:
        factory: A factory_boy factory.
        count: How many rows.
        declared: Values or declarations in place of the factory's own, as for `build`.
    """

    def __init__(self, factory: Any, count: int, **declared: Any) -> None:
        self.factory = factory
        self.count = count
        self.declared = declared


@dataclass(frozen=True, slots=True)
class Portion:
    """Some rows as COPY reads them."""

    count: int
    lines: bytes


class Table:
    """One table's rows. `Population.add` makes it.

    Args:
        name: `schema.table`.
        columns: Those that are written.
        parts: What its rows come from, in this order: how many, and what makes them from the first on.
        keep: What is kept of each row for later tables.
    """

    def __init__(
        self, name: str, columns: tuple[str, ...], parts: Sequence["_Part"], keep: Sequence[str]
    ) -> None:
        self.name = name
        self.columns = columns
        self.kept: list[Any] = []
        self._parts = parts
        self._keep = tuple(keep)

    @property
    def count(self) -> int:
        """How many rows there are."""
        return sum(part.rows.count for part in self._parts)

    @property
    def slow(self) -> Mapping[str, str]:
        """What factory_boy evaluates row by row, by column, and why."""
        return {name: why for part in self._parts for name, why in part.begin().slow.items()}

    @property
    def pooled(self) -> frozenset[str]:
        """The columns whose values repeat."""
        return frozenset[str]().union(*(part.begin().pooled for part in self._parts))

    def portions(self, size: int = PORTION) -> Iterator[Portion]:
        """All rows from the first on, at most `size` at a time; `kept` fills meanwhile.

        Raises:
            UsageError: a declaration cannot be made a column.
        """
        self.kept.clear()
        for part in self._parts:
            columns = part.begin()
            for start in range(0, part.rows.count, size):
                count = min(size, part.rows.count - start)
                taken = self._taken(columns, count)
                if self._keep:
                    kept = zip(*(taken[name] for name in self._keep), strict=True)
                    self.kept += map(part.as_kept, (dict(zip(self._keep, row, strict=True)) for row in kept))
                yield Portion(count, lines_of([taken[name] for name in self.columns]))

    def _taken(self, columns: Columns, count: int) -> Mapping[str, Values]:
        try:
            return columns.take(count)
        except (KeyError, AttributeError) as error:
            error.add_note(f"{self.name}: of rows that are referred to there is only what `keep` names")
            raise


@dataclass(frozen=True, slots=True)
class _Part:
    """Rows, and what they follow from."""

    rows: Rows
    seed: int
    stream: str
    parents: Mapping[Any, list[Any]]

    def begin(self) -> Columns:
        """What makes them, at the first row."""
        rows = self.rows
        pool = min(POOL, rows.count)
        return Columns(rows.factory, self.seed, self.stream, rows.declared, self.parents, pool)

    @property
    def as_kept(self) -> Callable[[dict[str, Any]], KeptRow]:
        """The form in which declarations expect one of the rows."""
        model = self.rows.factory._meta.model  # noqa: SLF001 - how factory_boy names its public options
        return _itself if issubclass(model, Mapping) else _as_object


def _itself(row: dict[str, Any]) -> KeptRow:
    """Plain dictionaries of plain values: the garbage collector need not look at millions of them."""
    return row


def _as_object(row: dict[str, Any]) -> KeptRow:
    return SimpleNamespace(**row)


class Population:
    """Tables in the order in which they are made and written: those that others refer to first.

    Args:
        seed: What everything follows from.
        stream: Tells apart what one seed gives: other streams, other rows.
    """

    def __init__(self, seed: int, stream: str = "") -> None:
        self.tables: list[Table] = []
        self._seed = seed
        self._stream = stream
        self._parents: dict[Any, list[Any]] = {}

    def add(
        self, name: str, *rows: Rows, columns: Iterable[str] | None = None, keep: Sequence[str] = ()
    ) -> Table:
        """Add a table.

        Args:
            name: `schema.table`; its rows come after those of the tables that were added before.
            rows: What they come from.
            columns: Those that are written; without it, all that the first factory declares.
            keep: What is kept of each row (a few hundred bytes for each) for tables that refer to it: by `kept`, or by
                their sub-factories.

        Raises:
            UsageError: the table has no schema, or no rows, or a factory declares no such column.
        """
        if name.count(".") != 1 or not rows:
            raise UsageError(f"data: {name!r} is no table with rows", hint="write schema.table, and Rows(…)")
        parts = [self._part(name, number, one) for number, one in enumerate(rows)]
        written = tuple(columns) if columns is not None else parts[0].begin().names
        for part in parts:
            if missing := {*written, *keep} - set(part.begin().names):
                declares = f"{part.rows.factory.__name__} declares no {', '.join(sorted(missing))}"
                raise UsageError(f"data: {declares}, which {name} needs")
        table = Table(name, written, parts, keep)
        if keep:
            self._parents |= {one.factory: table.kept for one in rows}
        self.tables.append(table)
        return table

    def digest(self, size: int = PORTION) -> str:
        """The SHA-256 of everything as COPY reads it; equal data, equal digest, whatever the size of portions."""
        digest = hashlib.sha256()
        for table in self.tables:
            digest.update(heading(table))
            for portion in table.portions(size):
                digest.update(portion.lines)
        return digest.hexdigest()

    def _part(self, name: str, number: int, rows: Rows) -> _Part:
        return _Part(rows, self._seed, f"{self._stream}/{name}/{number}", dict(self._parents))


def heading(table: Table) -> bytes:
    """What stands before a table's lines in a digest."""
    return "\t".join((table.name, *table.columns)).encode() + b"\n"
