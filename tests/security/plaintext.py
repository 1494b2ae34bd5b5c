"""Why this exists: finds a text wherever the stores keep it, so that a test can say: nowhere."""

import base64
from collections.abc import AsyncIterator, Mapping
from typing import Any

from redis.asyncio import Redis

from tests.data.stores import Connection

_COLUMNS = """
SELECT quote_ident(table_schema) || '.' || quote_ident(table_name) AS table,
       array_agg(quote_ident(column_name)::text ORDER BY ordinal_position) AS columns,
       array_agg(data_type::text ORDER BY ordinal_position) AS types
FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name)
WHERE table_type = 'BASE TABLE' AND table_schema NOT IN ('pg_catalog', 'information_schema')
GROUP BY table_schema, table_name
"""


def forms_of(text: str) -> tuple[str, ...]:
    """The text as it is, and as it looks when somebody takes an encoding for encryption."""
    raw = text.encode()
    return text, raw.hex(), base64.b64encode(raw).decode().rstrip("=")


async def columns_holding(connection: Connection, text: str) -> list[str]:
    """Every column of every schema, as schema.table.column, with a value in which the text occurs, in any form."""
    found = []
    for table in await connection.fetch(_COLUMNS):
        conditions = [
            _occurs(column, kind) for column, kind in zip(table["columns"], table["types"], strict=True)
        ]
        looks = ", ".join(f"coalesce(bool_or({condition}), false)" for condition in conditions)
        row = await connection.fetchrow(
            f"SELECT {looks} FROM {table['table']} AS held",  # noqa: S608 - the database's own names, quoted by it
            list(forms_of(text)),
        )
        held = zip(table["columns"], row or (), strict=True)
        found += [f"{table['table']}.{column}" for column, is_there in held if is_there]
    return found


def _occurs(column: str, kind: str) -> str:
    readable = f"encode(held.{column}, 'escape')" if kind == "bytea" else f"held.{column}::text"
    wanted = "unnest($1::text[]) AS wanted (form)"
    return f"EXISTS (SELECT FROM {wanted} WHERE position(wanted.form IN {readable}) > 0)"


async def keys_holding(variables: Mapping[str, str], text: str) -> list[str]:
    """Every key of Redis with a value in which the text occurs, in any form."""
    async with _redis(variables) as redis:
        return [
            name
            async for name, value in _values(redis)
            if any(form in name or form in value for form in forms_of(text))
        ]


def _redis(variables: Mapping[str, str]) -> Redis:
    return Redis(
        host=variables["TEST_REDIS_HOST"],
        port=int(variables["TEST_REDIS_PORT"]),
        db=int(variables["TEST_REDIS_DB"]),
        password=variables["TEST_REDIS_PASSWORD"],
    )


async def _values(redis: Redis) -> AsyncIterator[tuple[str, str]]:
    async for key in redis.scan_iter(count=1000):
        value: Any = None
        match await redis.type(key):
            case b"stream":
                value = await redis.xrange(key)
            case b"string":
                value = await redis.get(key)
            case kind:
                raise AssertionError(f"nobody looked into {key!r}, a {kind!r}")
        if value is not None:  # it has expired meanwhile
            yield key.decode(), str(value)
