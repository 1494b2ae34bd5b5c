"""Rows into a real Postgres and out again."""

import datetime as dt
from decimal import Decimal
from typing import Any

import asyncpg
import pytest

from harness.core.errors import EnvironmentFailedError, TeardownError, UsageError
from harness.data import Batch, DataStore, digest_of

JOINED = dt.datetime(2026, 1, 2, 3, 4, 5, 678900, tzinfo=dt.UTC)
CUSTOMERS = Batch.of(
    "shop.customers",
    [
        {"id": "ada", "name": "Ada", "credit": Decimal("12.30"), "tags": ["a", "b"], "joined": JOINED},
        {"id": "bob", "name": "Bob", "credit": Decimal(0), "tags": [], "joined": JOINED},
    ],
)
ORDERS = Batch(
    "shop.orders",
    ("shop", "number", "customer", "follows"),
    ((1, 1, "ada", None), (1, 2, "ada", 1), (2, 1, "bob", None)),
)
LINES = Batch(
    "shop.order lines",
    ("shop", "number", "article"),
    ((1, 1, "rune"), (1, 1, "frame"), (2, 1, "rune")),
    key=("shop", "number"),
)


async def counts(connection: "asyncpg.Connection[Any]") -> tuple[int, ...]:
    """Rows of customers, orders and lines."""
    tables = ("shop.customers", "shop.orders", 'shop."order lines"')
    return tuple([await connection.fetchval(f"SELECT count(*) FROM {table}") for table in tables])  # noqa: S608 - the names are the test's


async def test_rows_arrive_as_they_were_given(connection: "asyncpg.Connection[Any]") -> None:
    """Text, decimals, arrays and instants are stored unchanged."""
    await DataStore(connection).insert([CUSTOMERS])
    rows = await connection.fetch("SELECT id, name, credit, tags, joined FROM shop.customers ORDER BY id")
    assert tuple(tuple(row) for row in rows) == CUSTOMERS.records


async def test_cleanup_removes_exactly_what_was_inserted(connection: "asyncpg.Connection[Any]") -> None:
    """Children go first whatever the order of the names, and rows of others stay."""
    await connection.execute("INSERT INTO shop.customers (id, name) VALUES ('eve', 'Eve')")
    await connection.execute("INSERT INTO shop.orders VALUES (9, 9, 'eve', NULL)")
    store = DataStore(connection)
    await store.insert([CUSTOMERS, ORDERS, LINES])
    assert await counts(connection) == (3, 4, 3)
    assert await store.cleanup() == {"shop.order lines": 3, "shop.orders": 3, "shop.customers": 2}
    assert await counts(connection) == (1, 1, 0)
    assert store.inserted == ()
    assert await store.cleanup() == {}


async def test_rows_removed_by_others_are_no_error(connection: "asyncpg.Connection[Any]") -> None:
    """A test may delete what it was given."""
    store = DataStore(connection)
    await store.insert([CUSTOMERS])
    await connection.execute("DELETE FROM shop.customers WHERE id = 'ada'")
    assert await store.cleanup() == {"shop.customers": 1}


async def test_rows_that_others_refer_to_are_named_and_stay(connection: "asyncpg.Connection[Any]") -> None:
    """When a row cannot go, none goes, and the error says what holds it."""
    store = DataStore(connection)
    await store.insert([CUSTOMERS, Batch("shop.visits", ("who",), (("ada",),), key=("who",))])
    await connection.execute("INSERT INTO shop.orders VALUES (9, 9, 'ada', NULL)")
    with pytest.raises(TeardownError, match=r"2 rows of shop\.customers cannot be removed") as caught:
        await store.cleanup()
    assert any("orders" in line for line in caught.value.evidence)
    assert await connection.fetchval("SELECT count(*) FROM shop.visits") == 1
    assert len(store.inserted) == 2


async def test_a_refused_row_undoes_the_whole_insert(connection: "asyncpg.Connection[Any]") -> None:
    """Either everything is in and remembered, or nothing."""
    store = DataStore(connection)
    orphans = Batch("shop.orders", ("shop", "number", "customer"), ((1, 1, "nobody"),))
    with pytest.raises(
        EnvironmentFailedError, match=r"1 rows could not be written to shop\.orders"
    ) as caught:
        await store.insert([CUSTOMERS, orphans])
    assert any("nobody" in line for line in caught.value.evidence)
    assert await counts(connection) == (0, 0, 0)
    assert store.inserted == ()


async def test_a_value_of_the_wrong_type_is_told_alike(connection: "asyncpg.Connection[Any]") -> None:
    """What the driver itself refuses reads like what the database refuses."""
    wrong = Batch("shop.customers", ("id", "name"), (("ada", 7),))
    with pytest.raises(EnvironmentFailedError, match=r"could not be written to shop\.customers"):
        await DataStore(connection).insert([wrong])


@pytest.mark.parametrize(
    "batch",
    [
        Batch("shop.order lines", ("shop", "number", "article"), ((1, 1, "rune"),)),
        Batch("shop.visits", ("who",), (("ada",),)),
    ],
)
async def test_rows_without_a_known_key_are_not_guessed(
    connection: "asyncpg.Connection[Any]", batch: Batch
) -> None:
    """Where the database made the key, or there is none, the person has to say how rows are told apart."""
    store = DataStore(connection)
    await store.insert([CUSTOMERS, ORDERS, batch])
    with pytest.raises(UsageError, match="cannot be told from others"):
        await store.cleanup()
    assert (await counts(connection))[:2] == (2, 3)


async def test_progress_is_told_by_table(connection: "asyncpg.Connection[Any]") -> None:
    """Every ten thousand rows and at the end of a table, in order."""
    many = Batch("shop.visits", ("who",), tuple((str(number),) for number in range(25_000)))
    seen: list[tuple[str, int, int]] = []
    await DataStore(connection).insert([CUSTOMERS, many], lambda *progress: seen.append(progress))
    assert seen == [
        ("shop.customers", 2, 2),
        ("shop.visits", 10_000, 25_000),
        ("shop.visits", 20_000, 25_000),
        ("shop.visits", 25_000, 25_000),
    ]


async def test_the_digest_is_that_of_what_is_inserted(connection: "asyncpg.Connection[Any]") -> None:
    """Empty batches leave no trace in it."""
    store = DataStore(connection)
    await store.insert([CUSTOMERS, Batch.of("shop.orders", [])])
    assert store.digest == digest_of([CUSTOMERS])
