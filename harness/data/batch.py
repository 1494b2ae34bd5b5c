"""Why this exists: rows on their way into a table as a frozen value, and a name for their content."""

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Self

from harness.core.errors import UsageError


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows of one table, written by one COPY.

    Args:
        table: `schema.table`.
        columns: The columns that are given; the others take their defaults.
        records: One tuple of values a row, in the order of the columns.
        key: The columns by which the rows are found again to be removed; empty for the primary key. Needed where
            the database makes the primary key itself: rows with these values must be this batch's alone.
    """

    table: str
    columns: tuple[str, ...]
    records: tuple[tuple[Any, ...], ...]
    key: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Raise UsageError unless the table has a schema and the key is among the columns."""
        if self.table.count(".") != 1:
            raise UsageError(f"data: the table {self.table!r} lacks its schema", hint="write schema.table")
        if missing := set(self.key) - set(self.columns):
            raise UsageError(f"data: the key of {self.table} is not given: {', '.join(sorted(missing))}")

    @classmethod
    def of(
        cls,
        table: str,
        rows: Sequence[Mapping[str, Any]],
        columns: Iterable[str] | None = None,
        key: Iterable[str] = (),
    ) -> Self:
        """Rows given as mappings; without `columns`, those of the first row.

        Raises:
            UsageError: a row lacks a column.
        """
        names = tuple(columns if columns is not None else rows[0] if rows else ())
        try:
            records = tuple(tuple(row[name] for name in names) for row in rows)
        except KeyError as error:
            raise UsageError(f"data: a row for {table} has no {error.args[0]!r}") from error
        return cls(table, names, records, tuple(key))


def digest_of(batches: Iterable[Batch]) -> str:
    """The SHA-256 of what the batches hold, as 64 hexadecimal digits: equal data, equal digest, on any machine."""
    digest = hashlib.sha256()
    for batch in batches:
        for part in ((batch.table, *batch.columns), *batch.records):
            digest.update(json.dumps(part, default=_canonical, ensure_ascii=False).encode())
            digest.update(b"\n")
    return digest.hexdigest()


def _canonical(value: Any) -> Any:
    """What JSON has no word for, with its type, so that `1.50` and `"1.50"` differ."""
    match value:
        case Decimal():
            return {"decimal": str(value)}
        case dt.datetime() | dt.date() | dt.time():
            return {type(value).__name__: value.isoformat()}
        case bytes():
            return {"bytes": value.hex()}
        case _:
            return {type(value).__name__: str(value)}
