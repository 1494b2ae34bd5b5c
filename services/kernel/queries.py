"""Why this exists: filtered pages of rows with their total in one query, and readers that wait for enough of them."""

from typing import Annotated, Any, Self

from fastapi import Query

from kernel.changes import LONGEST_WAIT, Connection
from kernel.pages import PageRequest

Found = tuple[list[dict[str, Any]], int]

WaitQuery = Annotated[
    float,
    Query(
        ge=0, le=LONGEST_WAIT, description="Seconds to hold the answer back until there is enough to tell."
    ),
]
AtLeastQuery = Annotated[int, Query(ge=1, description="How many matches are enough to end `wait`.")]


class Where:
    """Conditions joined with AND; their values travel as parameters, never in the SQL."""

    def __init__(self) -> None:
        self.values: list[Any] = []
        self._terms: list[str] = []

    def add(self, term: str, value: Any) -> Self:
        """Add `term`, SQL with `?` for the value (`kind = ?`); a value of None asks for nothing."""
        if value is not None:
            self.values.append(value)
            self._terms.append(f"({term.replace('?', f'${len(self.values)}')})")
        return self

    @property
    def sql(self) -> str:
        """The condition; true where nothing was asked for."""
        return " AND ".join(self._terms) or "true"


async def fetch_page(
    connection: Connection, columns: str, source: str, where: Where, order: str, page: PageRequest
) -> Found:
    """The rows of one page and how many rows there are in all.

    Args:
        connection: A connection or a pool.
        columns: SQL of the columns, none called `total_`.
        source: SQL of what follows FROM.
        where: Which rows.
        order: SQL of what follows ORDER BY; it must order every two rows.
        page: Which part of them.
    """
    values = where.values
    rows = await connection.fetch(
        f"SELECT {columns}, count(*) OVER () AS total_ FROM {source} WHERE {where.sql}"  # noqa: S608 - the SQL is ours
        f" ORDER BY {order} LIMIT ${len(values) + 1} OFFSET ${len(values) + 2}",
        *values,
        page.per_page,
        page.offset,
    )
    if rows:
        return [dict(list(row.items())[:-1]) for row in rows], rows[0]["total_"]
    if page.page == 1:
        return [], 0
    sql = f"SELECT count(*) FROM {source} WHERE {where.sql}"  # noqa: S608 - the SQL is ours
    return [], await connection.fetchval(sql, *values)
