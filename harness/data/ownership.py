"""Why this exists: who owns what, as a value: what a security suite asks "whose is this, and who must not see it?" of.

OWNERSHIP = Ownership(
    people="shop.users",
    owned={"shop.orders": {"user_id": "shop.users"}, "shop.lines": {"order_id": "shop.orders"}},
    ownerless={"shop.articles": "everybody may read them"},
)
contrast = await OWNERSHIP.contrast(connection)   # an owner, a stranger, and of each kind one row that is the owner's
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import asyncpg

from harness.core.errors import UsageError
from harness.data.catalog import quoted, read_catalog

_TABLES = """
SELECT table_schema || '.' || table_name FROM information_schema.tables
WHERE table_type = 'BASE TABLE' AND table_schema = ANY($1) ORDER BY 1
"""


@dataclass(frozen=True, slots=True)
class Contrast:
    """Two people, and what one of them owns and the other does not.

    Args:
        owner: The id of the one.
        stranger: The id of the other.
        resources: A row of each kind, by table: its primary key, by column.
    """

    owner: str
    stranger: str
    resources: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Ownership:
    """For every table, which columns lead to whom a row belongs.

    Args:
        people: The table of those who own.
        owned: For each table the columns that lead to an owner, and the table they lead to: that of the people, or
            one that is owned itself. Several columns are several owners.
        ownerless: Tables whose rows belong to nobody, each with the reason.
        condition: SQL that holds for people who own only what is theirs, such as `role = 'user'`.
        id: The column that tells people apart; what leads to them holds its values, as text.
    """

    people: str
    owned: Mapping[str, Mapping[str, str]]
    ownerless: Mapping[str, str] = field(default_factory=dict)
    condition: str = "true"
    id: str = "id"

    def __post_init__(self) -> None:
        """Raise UsageError for a column that leads nowhere, or back to where it came from."""
        for table in self.owned:
            self._require_way(table, ())

    async def forgotten(
        self, connection: "asyncpg.Connection[Any]", schemas: Iterable[str]
    ) -> tuple[str, ...]:
        """The tables of these schemas of which nothing is said: who may read them, nobody has thought of."""
        said = {self.people, *self.owned, *self.ownerless}
        return tuple(row[0] for row in await connection.fetch(_TABLES, list(schemas)) if row[0] not in said)

    async def owners(
        self, connection: "asyncpg.Connection[Any]", table: str, key: Mapping[str, Any]
    ) -> frozenset[str]:
        """Whose a row is.

        Args:
            connection: To the database.
            table: One of `owned`, or that of the people.
            key: Values that tell the row, by column.
        """
        columns = ", ".join(quoted(column) for column in key)
        values = ", ".join(f"${number}" for number in range(1, len(key) + 1))
        query = f"SELECT DISTINCT owner FROM ({self._owners(table)}) AS its WHERE ({columns}) = ({values})"  # noqa: S608 - quoted
        return frozenset(row["owner"] for row in await connection.fetch(query, *key.values()))

    async def contrast(
        self, connection: "asyncpg.Connection[Any]", tables: Iterable[str] | None = None
    ) -> Contrast:
        """Two people, and one row of each kind that only the first owns; always the same of equal data.

        Args:
            connection: To the database; only reads.
            tables: The kinds; without it all that are owned, and the people themselves.

        Raises:
            UsageError: nobody owns one of each, or everybody else owns one of them, too.
        """
        kinds = tuple(tables) if tables is not None else (self.people, *self.owned)
        keys = (await read_catalog(connection, kinds)).keys
        if missing := [table for table in kinds if table not in keys]:
            raise UsageError(f"data: rows of {', '.join(missing)} cannot be told apart: no primary key")
        owner = await self._owner_of_all(connection, kinds)
        resources = {table: await self._first(connection, table, keys[table], owner) for table in kinds}
        owners = [await self.owners(connection, table, key) for table, key in resources.items()]
        stranger = await connection.fetchval(
            f"SELECT id FROM ({self._people()}) AS person (id) WHERE id <> ALL($1) ORDER BY id LIMIT 1",  # noqa: S608 - quoted
            list(frozenset[str]().union(*owners)),
        )
        if stranger is None:
            raise UsageError(
                f"data: everybody in {self.people} owns some of what {owner} owns", hint="seed more"
            )
        return Contrast(owner, stranger, resources)

    async def _owner_of_all(self, connection: "asyncpg.Connection[Any]", kinds: tuple[str, ...]) -> str:
        each = [f"SELECT owner FROM ({self._owners(table)}) AS its" for table in kinds]  # noqa: S608 - quoted
        query = " INTERSECT ".join([self._people(), *each])
        owner = await connection.fetchval(f"{query} ORDER BY 1 LIMIT 1")
        if owner is None:
            raise UsageError(
                f"data: nobody in {self.people} owns one of each of {', '.join(kinds)}",
                hint="seed more, or ask for fewer kinds",
            )
        return str(owner)

    async def _first(
        self, connection: "asyncpg.Connection[Any]", table: str, key: tuple[str, ...], owner: str
    ) -> Mapping[str, Any]:
        columns = ", ".join(quoted(column) for column in key)
        row = await connection.fetchrow(
            f"SELECT {columns} FROM ({self._owners(table)}) AS its WHERE owner = $1 ORDER BY {columns} LIMIT 1",  # noqa: S608 - quoted
            owner,
        )
        return dict(row or {})

    def _people(self) -> str:
        return f"SELECT {quoted(self.id)}::text FROM {quoted(self.people)} WHERE {self.condition}"  # noqa: S608 - quoted

    def _owners(self, table: str) -> str:
        """SQL for the rows of a table, each with one of its owners in `owner`."""
        if table == self.people:
            return f"SELECT *, {quoted(self.id)}::text AS owner FROM {quoted(table)}"  # noqa: S608 - quoted
        return " UNION ALL ".join(self._led(table, column, to) for column, to in self.owned[table].items())

    def _led(self, table: str, column: str, to: str) -> str:
        if to == self.people:
            return f"SELECT *, {quoted(column)}::text AS owner FROM {quoted(table)} WHERE {quoted(column)} IS NOT NULL"  # noqa: S608 - quoted
        parent = f"({self._owners(to)}) AS parent"
        return (
            f"SELECT child.*, parent.owner FROM {quoted(table)} AS child"  # noqa: S608 - quoted
            f" JOIN {parent} ON parent.{quoted(self.id)} = child.{quoted(column)}"
        )

    def _require_way(self, table: str, walked: tuple[str, ...]) -> None:
        for column, to in self.owned[table].items():
            way = (*walked, table, to)
            if to in (*walked, table):
                raise UsageError(f"data: who owns {table} goes round in a circle: {' → '.join(way)}")
            if to == self.people:
                continue
            if to not in self.owned:
                raise UsageError(f"data: {table}.{column} leads to {to}, of which no owner is said")
            self._require_way(to, (*walked, table))
