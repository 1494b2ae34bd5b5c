"""Related tables of any size, and their way into a real Postgres."""

# mypy: disallow-untyped-calls=False
# factory_boy announces types and has few.

import asyncio
import hashlib
from collections.abc import Callable
from typing import Any

import asyncpg
import pytest
from factory.declarations import Iterator, LazyAttribute
from factory.faker import Faker
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.core.errors import EnvironmentFailedError, UsageError
from harness.data.loading import load
from harness.data.population import Population, Rows
from tests.unit.data.shop_factories import (
    CustomerFactory,
    EverythingFactory,
    MarkedFactory,
    OrderFactory,
    VisitFactory,
)


def shop(customers: int = 30, orders: int = 100, seed: int = 1, **declared: Any) -> Population:
    """Customers, the first of them rich, with orders of some of them and one more for each."""
    population = Population(seed, "test")
    its = population.add(
        "shop.customers",
        Rows(CustomerFactory, customers, **declared),
        Rows(CustomerFactory, 1, id="rich one", rich=True),
        columns=["id", "name", "credit", "tags", "joined"],
        keep=["id"],
    )
    population.add(
        "shop.orders",
        Rows(OrderFactory, orders),
        Rows(OrderFactory, customers, shop=2, buyer=Iterator(its.kept)),
    )
    return population


def lines(population: Population, size: int) -> list[str]:
    """Everything as text."""
    return [
        line
        for table in population.tables
        for portion in table.portions(size)
        for line in portion.lines.decode().splitlines()
    ]


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 40), st.integers(0, 60), st.integers(1, 70), st.integers(0, 5))
def test_same_seed_same_bytes_in_portions_of_any_size(
    customers: int, orders: int, size: int, seed: int
) -> None:
    """The digest tells equal data, whatever the portions, and that of another seed is another."""
    population = shop(customers, orders, seed)
    assert population.digest(size) == population.digest() == shop(customers, orders, seed).digest(1000)
    assert population.digest() != shop(customers, orders, seed + 1).digest()
    assert population.digest() != shop(customers + 1, orders, seed).digest()


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 40), st.integers(0, 60), st.integers(1, 70), st.integers(0, 5))
def test_every_child_has_its_parent(customers: int, orders: int, size: int, seed: int) -> None:
    """What an order refers to is among the customers' ids, and an Iterator goes through them in order."""
    population = shop(customers, orders, seed)
    rows = [line.split("\t") for line in lines(population, size)]
    parents = [row[0] for row in rows[: customers + 1]]
    children = [row[2] for row in rows[customers + 1 :]]
    assert set(children) <= set(parents)
    assert children[orders:] == parents[:-1]


def test_portions_are_no_larger_than_asked() -> None:
    """What waits in memory is a portion, of each contribution to a table by itself."""
    table = shop(25).tables[0]
    assert table.count == 26
    assert [portion.count for portion in table.portions(10)] == [10, 10, 5, 1]


def test_what_is_not_kept_is_told() -> None:
    """A child that asks more of its parent than is kept is told how to get it."""
    population = Population(1)
    population.add("shop.customers", Rows(CustomerFactory, 1), keep=["id"])
    credit = LazyAttribute(lambda order: order.buyer["credit"])
    population.add("shop.orders", Rows(OrderFactory, 1, follows=credit))
    with pytest.raises(KeyError, match="credit") as caught:
        population.digest()
    assert caught.value.__notes__ == [
        "shop.orders: of rows that are referred to there is only what `keep` names"
    ]


def test_rows_of_objects_are_referred_to_as_objects() -> None:
    """Where a factory builds objects, its rows have attributes."""
    population = Population(1)
    ones = population.add("shop.ones", Rows(EverythingFactory, 3), columns=["count"], keep=["count"])
    others = Rows(VisitFactory, 3, one=Iterator(ones.kept), who=LazyAttribute(lambda visit: visit.one.count))
    population.add("shop.visits", others, columns=["who"])
    assert lines(population, 2) == ["0", "2", "4"] * 2


@pytest.mark.parametrize(
    ("name", "rows", "columns", "said"),
    [
        ("customers", (Rows(CustomerFactory, 1),), None, "is no table with rows"),
        ("shop.customers", (), None, "is no table with rows"),
        ("shop.customers", (Rows(CustomerFactory, 1),), ["id", "size"], "CustomerFactory declares no size"),
        ("shop.all", (Rows(CustomerFactory, 1), Rows(OrderFactory, 1)), None, "OrderFactory declares no"),
    ],
)
def test_tables_that_cannot_be(
    name: str, rows: tuple[Rows, ...], columns: list[str] | None, said: str
) -> None:
    """What is wrong with a table is told when it is added."""
    with pytest.raises(UsageError, match=said):
        Population(1).add(name, *rows, columns=columns)


async def test_loading(connection: "asyncpg.Connection[Any]") -> None:
    """Everything is in, the digest is that of the bytes, and progress is told after each portion."""
    seen: list[tuple[str, int, int]] = []
    report = await load(connection, shop(), lambda *progress: seen.append(progress), portion=50)
    assert report.counts == {"shop.customers": 31, "shop.orders": 130}
    assert report.digest == shop().digest(7)
    assert report.slow == ()
    assert seen == [
        ("shop.customers", 30, 31),
        ("shop.customers", 31, 31),
        ("shop.orders", 50, 130),
        ("shop.orders", 100, 130),
        ("shop.orders", 130, 130),
    ]
    count = "SELECT count(*) FROM shop.orders JOIN shop.customers ON customers.id = customer"
    assert await connection.fetchval(count) == 130
    rich = await connection.fetchrow("SELECT credit, tags FROM shop.customers WHERE id = 'rich one'")
    assert rich is not None
    assert tuple(rich) == (1_000_000, ["rich"])


async def test_the_digest_is_of_what_the_database_was_sent(connection: "asyncpg.Connection[Any]") -> None:
    """Copied out again, the bytes of a table with a heading before them have the digest that was reported."""
    population = Population(3)
    population.add("shop.visits", Rows(VisitFactory, 500), columns=["who"])
    report = await load(connection, population, portion=64)
    out: list[bytes] = []

    async def take(data: bytes) -> None:
        out.append(data)

    await connection.copy_from_table("visits", schema_name="shop", columns=["who"], output=take)
    assert hashlib.sha256(b"shop.visits\twho\n" + b"".join(out)).hexdigest() == report.digest


async def test_slow_columns_are_told(connection: "asyncpg.Connection[Any]") -> None:
    """Whoever wonders why it takes long finds it in the report."""
    population = Population(1)
    population.add("shop.customers", Rows(MarkedFactory, 3))
    report = await load(connection, population)
    assert report.slow == ("shop.customers.*: mark: done to objects after they are built",)


@pytest.mark.parametrize(
    ("declared", "said", "remedy"),
    [
        ({"id": Faker("name")}, "duplicate key", "id repeats, as it comes from a pool"),
        ({"id": LazyAttribute(lambda its: its.name)}, "duplicate key", "such rows are there already"),
        ({"name": None}, "null value", "compare the rows"),
    ],
)
async def test_a_refused_row_undoes_everything(
    connection: "asyncpg.Connection[Any]", declared: dict[str, Any], said: str, remedy: str
) -> None:
    """All or nothing; the error says which row and what to do."""
    population = Population(1)
    population.add("shop.visits", Rows(VisitFactory, 3))
    population.add("shop.customers", Rows(CustomerFactory, 3000, **declared))
    with pytest.raises(EnvironmentFailedError, match=rf"3000 rows .* shop\.customers: {said}") as caught:
        await load(connection, population)
    assert remedy in str(caught.value.hint)
    assert await connection.fetchval("SELECT count(*) FROM shop.visits") == 0


async def broken_off(connection: "asyncpg.Connection[Any]", population: Population) -> None:
    """Begin to load, and cancel that after the third portion, as Ctrl-C does."""
    portions = asyncio.Semaphore(0)

    def told(*_: object) -> None:
        portions.release()

    loading = asyncio.create_task(load(connection, population, told, portion=20))
    for _ in range(3):
        await portions.acquire()
    loading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await loading


async def test_ctrl_c_leaves_nothing(connection: "asyncpg.Connection[Any]") -> None:
    """What was written goes with the transaction, and the connection works on."""
    await broken_off(connection, shop(1000, 1000))
    assert await connection.fetchval("SELECT count(*) FROM shop.customers") == 0
    report = await load(connection, shop(1000, 1000))
    assert await connection.fetchval("SELECT count(*) FROM shop.orders") == report.counts["shop.orders"]


async def test_what_a_declaration_raises_undoes_everything(connection: "asyncpg.Connection[Any]") -> None:
    """An error of a factory's own reaches its author as it is; nothing stays of what was written before."""

    def refuse_later(order: Any) -> int:
        if order.number > 40:
            raise LookupError("no such order")
        return 1

    population = Population(1)
    population.add("shop.customers", Rows(CustomerFactory, 10), keep=["id"])
    population.add("shop.orders", Rows(OrderFactory, 50, shop=LazyAttribute(refuse_later)))
    with pytest.raises(LookupError, match="no such order"):
        await load(connection, population, portion=20)
    assert await connection.fetchval("SELECT count(*) FROM shop.customers") == 0


def test_a_population_is_made_as_often_as_wanted() -> None:
    """Portions begun and left do not change what comes next."""
    population = shop()
    first: Callable[[], str] = population.digest
    next(population.tables[0].portions(3))
    assert first() == shop().digest()
