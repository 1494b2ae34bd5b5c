"""Why this exists: puts rows into Postgres by COPY, remembers which they were, and takes exactly those out again."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import asyncpg

from harness.core.errors import EnvironmentFailedError, TeardownError, UsageError
from harness.data.batch import Batch, digest_of
from harness.data.catalog import Catalog, quoted, read_catalog

Progress = Callable[[str, int, int], None]
"""Told the table, the rows written so far and the rows there are altogether."""

_PROGRESS_EVERY = 10_000


class DataStore:
    """What was inserted over one connection, which stays the caller's."""

    def __init__(self, connection: "asyncpg.Connection[Any]") -> None:
        self._connection = connection
        self._inserted: list[Batch] = []

    @property
    def inserted(self) -> Sequence[Batch]:
        """What is in the database and was not cleaned up yet, in the order it was inserted."""
        return tuple(self._inserted)

    @property
    def digest(self) -> str:
        """The digest of what is inserted."""
        return digest_of(self._inserted)

    async def insert(self, batches: Iterable[Batch], progress: Progress | None = None) -> None:
        """Write the batches in this order, one COPY each, all in one transaction or not at all.

        Raises:
            EnvironmentFailedError: the database refused a row; it says which and why.
        """
        written = [batch for batch in batches if batch.records]
        async with self._connection.transaction():
            for batch in written:
                await self._copy(batch, progress)
        self._inserted += written

    async def cleanup(self) -> Mapping[str, int]:
        """Remove what was inserted, children first, in one transaction; returns the rows removed by table.

        Rows that somebody else has removed already are no error.

        Raises:
            TeardownError: other rows still refer to them; nothing was removed.
            UsageError: rows of a table cannot be told from others, as `Batch.key` explains.
        """
        if not self._inserted:
            return {}
        catalog = await read_catalog(self._connection, (batch.table for batch in self._inserted))
        batches = _deletion_order(self._inserted, catalog)
        keys = [_key_of(batch, catalog) for batch in batches]
        removed: dict[str, int] = {}
        async with self._connection.transaction():
            for batch, key in zip(batches, keys, strict=True):
                count = await self._delete(batch, key, catalog)
                removed[batch.table] = removed.get(batch.table, 0) + count
        self._inserted.clear()
        return removed

    async def _copy(self, batch: Batch, progress: Progress | None) -> None:
        schema, _, table = batch.table.partition(".")
        records = _reported(batch, progress) if progress else batch.records
        try:
            await self._connection.copy_records_to_table(
                table, schema_name=schema, columns=batch.columns, records=records
            )
        except (asyncpg.PostgresError, asyncpg.InterfaceError, TypeError, ValueError) as error:
            raise EnvironmentFailedError(
                f"data: {len(batch.records)} rows could not be written to {batch.table}: {error}",
                hint=remedy_for(error),
                evidence=details_of(error),
            ) from error

    async def _delete(self, batch: Batch, key: tuple[str, ...], catalog: Catalog) -> int:
        places = [batch.columns.index(column) for column in key]
        values = zip(*{tuple(record[place] for place in places) for record in batch.records}, strict=True)
        try:
            status = await self._connection.execute(
                _delete_sql(batch.table, key, catalog), *map(list, values)
            )
        except asyncpg.ForeignKeyViolationError as error:
            raise TeardownError(
                f"data: {len(batch.records)} rows of {batch.table} cannot be removed: others refer to them",
                hint="remove what was made from them first, or reset the database",
                evidence=details_of(error),
            ) from error
        return int(status.rpartition(" ")[2])


def details_of(error: Exception) -> list[str]:
    """What the server adds to its refusal: the row or value in question, and what to do."""
    known = (getattr(error, name, None) for name in ("constraint_name", "detail", "hint"))
    return [str(detail) for detail in known if detail]


def remedy_for(error: Exception) -> str:
    """What to do about a refused row."""
    if isinstance(error, asyncpg.UniqueViolationError):
        return "such rows are there already: reset the database, or use another seed or stream"
    return "compare the rows with the table's migrations"


def _reported(batch: Batch, progress: Progress) -> Iterator[tuple[Any, ...]]:
    total = len(batch.records)
    for number, record in enumerate(batch.records, 1):
        yield record
        if number % _PROGRESS_EVERY == 0 or number == total:
            progress(batch.table, number, total)


def _deletion_order(batches: Sequence[Batch], catalog: Catalog) -> list[Batch]:
    """Children first; within a table, what came last goes first."""
    rank = {table: place for place, table in enumerate(catalog.children_first())}
    latest_first = batches[::-1]
    return sorted(latest_first, key=lambda batch: rank[batch.table])


def _key_of(batch: Batch, catalog: Catalog) -> tuple[str, ...]:
    key = batch.key or catalog.keys.get(batch.table, ())
    if not key or not set(key) <= set(batch.columns):
        raise UsageError(
            f"data: the rows of {batch.table} cannot be told from others to be removed: "
            f"their primary key ({', '.join(key) or 'none'}) was not given",
            hint="give Batch a key: columns whose values are these rows' alone",
        )
    return key


def _delete_sql(table: str, key: tuple[str, ...], catalog: Catalog) -> str:
    arrays = ", ".join(f"${number}::{catalog.types[table, column]}[]" for number, column in enumerate(key, 1))
    columns = ", ".join(quoted(column) for column in key)
    matches = " AND ".join(f"target.{quoted(column)} = doomed.{quoted(column)}" for column in key)
    return (
        f"DELETE FROM {quoted(table)} AS target USING unnest({arrays}) AS doomed ({columns}) WHERE {matches}"  # noqa: S608 - quoted
    )
