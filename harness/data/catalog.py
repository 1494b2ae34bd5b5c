"""Why this exists: how rows are found again and in which order they go, as the database's own catalog says."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Any

from harness.core.errors import UsageError

_KEYS = """
SELECT given.name AS table, pg_attribute.attname AS column
FROM unnest($1::text[], $2::text[]) AS given (name, quoted)
JOIN pg_index ON pg_index.indrelid = to_regclass(given.quoted) AND pg_index.indisprimary
CROSS JOIN LATERAL unnest(pg_index.indkey) WITH ORDINALITY AS part (number, place)
JOIN pg_attribute ON pg_attribute.attrelid = pg_index.indrelid AND pg_attribute.attnum = part.number
ORDER BY given.name, part.place
"""

_TYPES = """
SELECT given.name AS table, attname AS column, format_type(atttypid, atttypmod) AS type
FROM unnest($1::text[], $2::text[]) AS given (name, quoted)
JOIN pg_attribute ON attrelid = to_regclass(given.quoted) AND attnum > 0 AND NOT attisdropped
"""

_REFERENCES = """
SELECT child.name AS child, parent.name AS parent
FROM pg_constraint
JOIN unnest($1::text[], $2::text[]) AS child (name, quoted) ON conrelid = to_regclass(child.quoted)
JOIN unnest($1::text[], $2::text[]) AS parent (name, quoted) ON confrelid = to_regclass(parent.quoted)
WHERE contype = 'f' AND conrelid <> confrelid
"""


@dataclass(frozen=True, slots=True)
class Catalog:
    """What the database says about some tables.

    Args:
        keys: Primary key columns by table; a table without one is missing.
        types: SQL types by table and column.
        parents: For each table the others it refers to.
    """

    keys: Mapping[str, tuple[str, ...]]
    types: Mapping[tuple[str, str], str]
    parents: Mapping[str, frozenset[str]]

    def children_first(self) -> tuple[str, ...]:
        """The tables in an order in which rows can be deleted.

        Raises:
            UsageError: tables refer to each other in a circle.
        """
        try:
            parents_first = tuple(TopologicalSorter(self.parents).static_order())
        except CycleError as error:
            circle = " → ".join(error.args[1])
            raise UsageError(f"data: tables refer to each other in a circle: {circle}") from error
        return parents_first[::-1]


async def read_catalog(connection: Any, tables: Iterable[str]) -> Catalog:
    """Ask the database about `schema.table` names."""
    names = sorted(set(tables))
    arguments = (names, [quoted(name) for name in names])
    keys: dict[str, tuple[str, ...]] = {}
    for row in await connection.fetch(_KEYS, *arguments):
        keys[row["table"]] = (*keys.get(row["table"], ()), row["column"])
    types = {(row["table"], row["column"]): row["type"] for row in await connection.fetch(_TYPES, *arguments)}
    parents: dict[str, frozenset[str]] = dict.fromkeys(names, frozenset())
    for row in await connection.fetch(_REFERENCES, *arguments):
        parents[row["child"]] |= {row["parent"]}
    return Catalog(keys, types, parents)


def quoted(name: str) -> str:
    """`schema.table` or a column as SQL, whatever characters it holds."""
    return ".".join('"' + part.replace('"', '""') + '"' for part in name.split("."))
