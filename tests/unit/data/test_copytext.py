"""Values as COPY reads them: what the database gives back is what was declared."""

import datetime as dt
import enum
import json
import uuid
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.core.errors import UsageError
from harness.data.copytext import lines_of

EARLY, LATE = dt.datetime(1900, 1, 1), dt.datetime(2200, 1, 1)  # noqa: DTZ001  hypothesis adds the zone
ZONE = dt.timezone(dt.timedelta(hours=5, minutes=30))
texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
values = {
    "text": texts,
    "bigint": st.integers(-(2**63), 2**63 - 1),
    "boolean": st.booleans(),
    "numeric": st.decimals(
        allow_nan=False, allow_infinity=False, min_value=-(10**9), max_value=10**9, places=4
    ),
    "double precision": st.floats(allow_nan=False),
    "timestamptz": st.datetimes(
        EARLY,
        LATE,
        timezones=st.sampled_from([dt.UTC, ZONE]),
    ),
    "timestamp": st.datetimes(EARLY, LATE),
    "date": st.dates(),
    "time": st.times(),
    "interval": st.timedeltas(dt.timedelta(-1000), dt.timedelta(1000)),
    "uuid": st.uuids(),
    "bytea": st.binary(max_size=20),
    "text[]": st.lists(st.none() | texts, max_size=3),
    "bigint[]": st.lists(st.integers(-100, 100), max_size=3),
    "jsonb": st.dictionaries(
        texts, st.none() | st.booleans() | st.integers(-99, 99) | texts | st.lists(texts)
    ),
}


async def read_back(connection: "asyncpg.Connection[Any]", kind: str, column: Sequence[Any]) -> list[Any]:
    """What a table of one column of this type holds once the column is copied in."""

    async def source() -> Any:
        yield lines_of([range(len(column)), column])

    await connection.execute(f"CREATE TEMP TABLE told (number integer, value {kind})")
    try:
        await connection.copy_to_table("told", source=source())
        return [row["value"] for row in await connection.fetch("SELECT value FROM told ORDER BY number")]
    finally:
        await connection.execute("DROP TABLE told")


@pytest.mark.parametrize("kind", values)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
async def test_the_database_reads_what_was_meant(
    connection: "asyncpg.Connection[Any]", kind: str, data: st.DataObject
) -> None:
    """Of every type, with and without NULL among the values."""
    column = data.draw(st.lists(values[kind], min_size=1, max_size=6))
    column += data.draw(st.lists(st.none(), max_size=1))
    found = await read_back(connection, kind, column)
    assert [json.loads(value) if kind == "jsonb" and value else value for value in found] == column


class Colour(enum.Enum):
    """Written by its value."""

    RED = "red"


def test_lines() -> None:
    """Tabs between columns, a line a row; what means something in the format is escaped."""
    columns: list[list[Any]] = [
        ["a\tb", "\\", "\n\r"],
        [None, 1, True],
        [Colour.RED, (1, None, [2]), Decimal("1.50")],
    ]
    assert lines_of(columns).decode().splitlines() == [
        "a\\tb\t\\N\tred",
        '\\\\\t1\t{"1",NULL,{"2"}}',
        "\\n\\r\tt\t1.50",
    ]
    assert lines_of([]) == lines_of([[], []]) == b""


def test_one_column_written_twice() -> None:
    """The same values in two places are the same text."""
    column = ["x", "y"]
    assert lines_of([column, column]) == b"x\tx\ny\ty\n"


def test_identities() -> None:
    """A uuid is its usual text."""
    assert lines_of([[uuid.UUID(int=1)]]) == b"00000000-0000-0000-0000-000000000001\n"


def test_what_no_column_holds() -> None:
    """An object is not written by its representation."""
    with pytest.raises(UsageError, match="type Exception"):
        lines_of([[Exception()]])
