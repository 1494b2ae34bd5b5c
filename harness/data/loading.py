"""Why this exists: puts a population into Postgres, all of it or nothing, with every constraint and trigger on.

While the server takes rows, and checks a table's constraints at its end, the next ones are made in a thread.
"""

import asyncio
import hashlib
import re
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Any, Self

import asyncpg

from harness.core.errors import EnvironmentFailedError
from harness.data.population import PORTION, Population, Portion, Table, heading
from harness.data.report import SeedReport
from harness.data.store import Progress, details_of, remedy_for

AHEAD = 32
"""Portions that may wait in memory: enough to go on making rows while the server checks a million of them."""


async def load(
    connection: "asyncpg.Connection[Any]",
    population: Population,
    progress: Progress | None = None,
    portion: int = PORTION,
) -> SeedReport:
    """Write every table, one COPY each, in one transaction: an error or Ctrl-C leaves the database as it was.

    Meanwhile nothing else in this process may make data: factory_boy's and Faker's generators are the process's.

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
    with _Ahead(_in_order(population.tables, portion)) as made:
        async with connection.transaction():
            for table in population.tables:
                digest.update(heading(table))
                await _copy(connection, table, _told(table, made, digest.update, progress))
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
    table: Table, made: "_Ahead", hear: Callable[[bytes], None], progress: Progress | None
) -> AsyncIterator[bytes]:
    """The table's bytes, told of as they go."""
    written = 0
    while (portion := await made.take()) is not None:
        hear(portion.lines)
        yield portion.lines
        written += portion.count
        if progress is not None and written < table.count:
            progress(table.name, written, table.count)


def _in_order(tables: Iterable[Table], size: int) -> Iterator[Portion | None]:
    """All portions of all tables, None after each table's last."""
    for table in tables:
        yield from table.portions(size)
        yield None


class _Ahead:
    """Portions that a thread makes before they are asked for, a bounded number. Use as a context manager."""

    def __init__(self, portions: Iterator[Portion | None]) -> None:
        self._portions = portions
        self._thread = ThreadPoolExecutor(1, "making rows")
        self._made = deque(self._begin() for _ in range(AHEAD))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._thread.shutdown(cancel_futures=True)  # waits for the portion that is being made, no longer

    async def take(self) -> Portion | None:
        """The next one; None after each table's last. Raises what making it raised."""
        self._made.append(self._begin())
        return await asyncio.wrap_future(self._made.popleft())

    def _begin(self) -> "Future[Portion | None]":
        return self._thread.submit(next, self._portions, None)
