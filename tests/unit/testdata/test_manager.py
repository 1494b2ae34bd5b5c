"""Data of one test in the real tables, and nothing of it afterwards."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

import pytest

from harness.core.errors import TeardownError
from tests.data import seeding
from tests.data.manager import KINDS, TestDataManager
from tests.data.stores import Connection, balances_of

TABLES = (
    "distilera.users",
    "distilera.simulations",
    "distilera.marketplace_items",
    "hoardwell.messages",
    "hoardwell.deliveries",
    "mercatrix.accounts",
    "mercatrix.balances",
    "mercatrix.listings",
    "mercatrix.postings",
    "mercatrix.transactions",
)


@dataclass(frozen=True)
class FakeEnvironment:
    """As much of an environment as seeding looks at."""

    variables: Mapping[str, str]
    seed: int = 0


async def snapshot(connection: Connection) -> dict[str, list[str]]:
    """Every row of every table, as text."""
    rows = {}
    for table in TABLES:
        found = await connection.fetch(f"SELECT row_to_json(t)::text AS form FROM {table} AS t")  # noqa: S608 - the names are the test's
        rows[table] = sorted(row["form"] for row in found)
    return rows


async def make_everything(manager: TestDataManager) -> None:
    """Some of each kind."""
    await manager.create_test_users(4)
    await manager.create_test_simulations()
    await manager.create_test_transactions()
    await manager.create_test_messages(3)
    await manager.create_test_listings(2)


async def test_everything_is_stored_and_cleaned_up(
    variables: Mapping[str, str], connection: Connection
) -> None:
    """Beside seeded data, what is made is there as often as asked for, and afterwards all is as it was."""
    await seeding.seed(FakeEnvironment(variables))
    before = await snapshot(connection)
    async with TestDataManager(variables) as manager:
        await make_everything(manager)
        assert {kind: len(rows) for kind, rows in manager.test_data.items()} == {
            "users": 4,
            "simulations": 5,
            "transactions": 10,
            "messages": 3,
            "listings": 2,
        }
        during = await snapshot(connection)
        assert all(len(during[table]) > len(before[table]) for table in TABLES)
        await manager.cleanup_test_data()
        assert manager.test_data == {kind: [] for kind in KINDS}
    assert await snapshot(connection) == before


async def test_leaving_the_block_cleans_up(variables: Mapping[str, str], connection: Connection) -> None:
    """Also when the test fails inside."""
    with pytest.raises(ZeroDivisionError):
        await fail_inside(variables)
    assert await connection.fetchval("SELECT count(*) FROM distilera.users") == 0


async def fail_inside(variables: Mapping[str, str]) -> None:
    """A test that fails after it made data."""
    async with TestDataManager(variables) as manager:
        await make_everything(manager)
        raise ZeroDivisionError


async def test_the_seed_decides_and_nothing_else(variables: Mapping[str, str]) -> None:
    """The same seed makes the same data again; another stream makes other data, at the same time."""
    async with TestDataManager(variables, seed=9) as manager:
        await make_everything(manager)
        first = {kind: list(rows) for kind, rows in manager.test_data.items()}
    async with (
        TestDataManager(variables, seed=9) as again,
        TestDataManager(variables, seed=9, stream="other") as other,
    ):
        await make_everything(again)
        await make_everything(other)
        assert again.test_data == first
        assert other.test_data != first


async def test_users_are_made_where_they_are_needed(variables: Mapping[str, str]) -> None:
    """Whatever is asked for first belongs to users that exist."""
    async with TestDataManager(variables) as manager:
        transactions = await manager.create_test_transactions(3)
        ids = {user["id"] for user in manager.test_data["users"]}
        assert {made["from_user"] for made in transactions} | {
            made["to_user"] for made in transactions
        } <= ids


async def test_calls_at_the_same_time_wait_for_each_other(variables: Mapping[str, str]) -> None:
    """A test may gather them."""
    async with TestDataManager(variables) as manager:
        await asyncio.gather(
            manager.create_test_users(2), manager.create_test_simulations(2), manager.create_test_messages(2)
        )
        assert len(manager.test_data["users"]) == 2


async def test_payments_follow_what_is_in_the_ledger(
    variables: Mapping[str, str], connection: Connection
) -> None:
    """Money that has moved since is taken into account."""
    async with TestDataManager(variables) as manager:
        rich, poor = await manager.create_test_users(2)
        balance = (await balances_of(connection, [poor["id"]]))[poor["id"]]
        await pay(connection, poor["id"], rich["id"], balance)
        first, *_ = await manager.create_test_transactions(3)
        assert first["from_user"] == rich["id"]


async def test_what_the_ledger_did_since_goes_too(
    variables: Mapping[str, str], connection: Connection
) -> None:
    """A payment between a test user and somebody else is taken back whole."""
    await seeding.seed(FakeEnvironment(variables))
    before = await snapshot(connection)
    async with TestDataManager(variables) as manager:
        user, *_ = await manager.create_test_users(2)
        await pay(connection, user["id"], "user_123", 5)
        await pay(connection, "master_alchemist", user["id"], 7)
    assert await snapshot(connection) == before


async def test_money_that_others_have_spent_cannot_be_taken_back(
    variables: Mapping[str, str], connection: Connection
) -> None:
    """Then nothing is removed, and the error says why."""
    await seeding.seed(FakeEnvironment(variables))
    manager = TestDataManager(variables)
    user, *_ = await manager.create_test_users(2)
    held = (await balances_of(connection, ["user_123"]))["user_123"]
    await pay(connection, user["id"], "user_123", 5)
    await pay(connection, "user_123", "test_user", held + 5)
    with pytest.raises(TeardownError, match="others have spent the money"):
        await manager.cleanup_test_data()
    assert await connection.fetchval("SELECT count(*) FROM distilera.users WHERE id = $1", user["id"]) == 1
    assert len(manager.test_data["users"]) == 2
    await manager.aclose()


async def pay(connection: Connection, payer: str, payee: str, amount: object) -> None:
    """What Mercatrix does for a payment."""
    async with connection.transaction():
        transaction = await connection.fetchval(
            "INSERT INTO mercatrix.transactions (id, from_user, to_user, amount)"
            " VALUES (gen_random_uuid(), $1, $2, $3) RETURNING id",
            payer,
            payee,
            amount,
        )
        await connection.execute(
            "INSERT INTO mercatrix.postings (transaction_id, account_id, amount)"
            " VALUES ($1, $2, -$4::numeric), ($1, $3, $4::numeric)",
            transaction,
            payer,
            payee,
            amount,
        )
