"""Why this exists: puts a population into Postgres, all of it or nothing, with every constraint and trigger on.

While the server takes one portion, the next is made: in a thread, as making it never waits.
"""

import asyncio
import hashlib
import re
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import aclosing
from typing import Any

import asyncpg

from harness.core.errors import EnvironmentFailedError
from harness.data.population import PORTION, Population, Portion, Table, heading
from harness.data.report import SeedReport
from harness.data.store import Progress, details_of, remedy_for


async def load(
    connection: "asyncpg.Connection[Any]",
    population: Population,
    progress: Progress | None = None,
    portion: int = PORTION,
) -> SeedReport:
    """Write every table, one COPY each, in one transaction: an error or Ctrl-C leaves the database as it was.

    Args:
        connection: Stays the caller's.
        population: What is written.
        progress: Told after each portion that is on its way, and when all of a table is in it.
        portion: Rows that are made and sent at a time; what is written does not depend on it.

    Returns:
        How many rows each table got, and the SHA-256 of the bytes that were sent.

    Raises:
        EnvironmentFailedError: the database refused a row; it says which and why.
        UsageError: a declaration cannot be made a column.
    """
    digest = hashlib.sha256()
    async with connection.transaction():
        for table in population.tables:
            digest.update(heading(table))
            await _copy(connection, table, _told(table, portion, digest.update, progress))
            if progress is not None:  # only now are constraints and triggers done with its last rows
                progress(table.name, table.count, table.count)
    notes = [f"{table.name}.{name}: {why}" for table in population.tables for name, why in table.slow.items()]
    counts = {table.name: table.count for table in population.tables}
    return SeedReport(counts, digest.hexdigest(), tuple(notes))


async def _copy(connection: "asyncpg.Connection[Any]", table: Table, lines: AsyncIterator[bytes]) -> None:
    schema, _, name = table.name.partition(".")
    try:
        await connection.copy_to_table(name, source=lines, schema_name=schema, columns=table.columns)
    except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise EnvironmentFailedError(
            f"data: {table.count} rows could not be written to {table.name}: {error}",
            hint=_remedy(error, table),
            evidence=details_of(error),
        ) from error


def _remedy(error: Exception, table: Table) -> str:
    """What to do; where a value has to be unique and comes from a pool, that is the reason."""
    told = str(getattr(error, "detail", "")).partition("=")[0]  # Key (name)=(Ada) already exists.
    pools = sorted(table.pooled & set(re.findall(r"\w+", told)))
    if isinstance(error, asyncpg.UniqueViolationError) and pools:
        return (
            f"{', '.join(pools)} repeats, as it comes from a pool: declare a Sequence, or make it from the id"
        )
    return remedy_for(error)


async def _told(
    table: Table, size: int, hear: Callable[[bytes], None], progress: Progress | None
) -> AsyncGenerator[bytes, None]:
    """The table's bytes, told of as they go."""
    written = 0
    async with aclosing(_ahead(table.portions(size))) as portions:
        async for portion in portions:
            hear(portion.lines)
            yield portion.lines
            written += portion.count
            if progress is not None and written < table.count:
                progress(table.name, written, table.count)


async def _ahead(portions: Iterator[Portion]) -> AsyncGenerator[Portion, None]:
    """Each portion while the next one is being made."""
    making = asyncio.ensure_future(asyncio.to_thread(next, portions, None))
    try:
        while (portion := await making) is not None:
            making = asyncio.ensure_future(asyncio.to_thread(next, portions, None))
            yield portion
    finally:  # what is broken off in the middle still runs in its thread
        await asyncio.wait([making])
