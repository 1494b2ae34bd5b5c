"""The ledger holds in a real Postgres, whoever writes to it and however many at a time."""

import asyncio
import random
from decimal import Decimal
from typing import Any

import asyncpg
import pytest

from kernel.errors import ApiError
from kernel.pages import PageRequest
from mercatrix import audit, transactions
from mercatrix.accounts import are_open, balance_of, open_accounts
from mercatrix.ledger import TREASURY, RefusedError, Transfer
from mercatrix.rewards import reward
from mercatrix.transactions import Answer, Order, book, pay

Pool = Any  # asyncpg.Pool[asyncpg.Record], which cannot be subscripted at run time

PEOPLE = [f"user_{number}" for number in range(5)]
TRANSACTION = ("id", "from_user", "to_user", "amount", "transaction_type")
POSTING = ("transaction_id", "account_id", "amount")


def order(payer: str, payee: str, amount: str | int, **options: Any) -> Order:
    """An order by the payer itself."""
    return Order(Transfer(payer, payee, Decimal(amount)), requested_by=payer, **options)


async def funded(pool: Pool, *people: str, amount: int = 100) -> None:
    """Accounts filled the way that seed data fills them: by COPY, through the ledger."""
    async with pool.acquire() as connection, connection.transaction():
        copies = {
            "accounts": (("id", "may_overdraw"), [(TREASURY, True), *((person, False) for person in people)]),
            "transactions": (
                TRANSACTION,
                [(f"txn_{person}", TREASURY, person, Decimal(amount), "funding") for person in people],
            ),
            "postings": (
                POSTING,
                [
                    (f"txn_{person}", account, sign * Decimal(amount))
                    for person in people
                    for account, sign in ((TREASURY, -1), (person, 1))
                ],
            ),
        }
        for table, (columns, records) in copies.items():
            await connection.copy_records_to_table(
                table, schema_name="mercatrix", columns=columns, records=records
            )


async def coins(pool: Pool, person: str) -> Decimal:
    """What somebody holds."""
    found = await balance_of(pool, person)
    assert found is not None
    return Decimal(found["essence_coins"])


async def ensure_consistent(pool: Pool) -> None:
    """The ledger agrees with itself."""
    async with pool.acquire() as connection:
        checked = await audit.check(connection)
    assert checked == {
        "is_consistent": True,
        "total": Decimal(0),
        "differences": [],
        "unbalanced_transactions": [],
    }


async def test_copied_data_fills_the_balances(pool: Pool) -> None:
    """Opening balances that come by COPY are balances like any others."""
    await funded(pool, "alchemist_001", "synthesizer_002")
    answer = await pay(pool, order("alchemist_001", "synthesizer_002", "100.0"))
    assert not answer.has_failed
    assert await coins(pool, "alchemist_001") == 0
    assert await coins(pool, "synthesizer_002") == 200
    await ensure_consistent(pool)


async def test_concurrent_transfers_neither_deadlock_nor_lose(pool: Pool) -> None:
    """Fifty transfers at a time among five accounts: every one is answered, the total is zero at every look."""
    await funded(pool, *PEOPLE)
    chance = random.Random(20261121)  # noqa: S311 - which transfers are tried, not a secret
    pairs = [chance.sample(PEOPLE, 2) for _ in range(50)]
    asked = [order(payer, payee, chance.randint(1, 80)) for payer, payee in pairs]
    transfers = [asyncio.create_task(pay(pool, each)) for each in asked]
    totals = [(await audit.total(pool))["total"]]
    while not all(transfer.done() for transfer in transfers):
        totals.append((await audit.total(pool))["total"])
    answers = [transfer.result() for transfer in transfers]
    assert set(totals) == {0}
    assert {answer.transaction["status"] for answer in answers} == {"completed", "failed"}
    assert sum([await coins(pool, person) for person in PEOPLE]) == 500
    await ensure_consistent(pool)


async def test_rewards_to_many_do_not_deadlock_with_transfers(pool: Pool) -> None:
    """Transactions that lock many accounts, in whatever order they name them, wait for each other in one order."""
    await funded(pool, *PEOPLE)

    async def rewards(people: list[str]) -> None:
        async with pool.acquire() as connection, connection.transaction():
            await open_accounts(connection, [TREASURY, *people, "user_new"])
            await book(
                connection, [Order(reward(person, Decimal(1)), TREASURY) for person in [*people, "user_new"]]
            )

    shuffled = [random.Random(number).sample(PEOPLE, 5) for number in range(15)]  # noqa: S311 - not a secret
    transfers = [pay(pool, order(people[0], people[1], 1)) for people in shuffled]
    await asyncio.gather(*map(rewards, shuffled), *transfers)
    assert await coins(pool, "user_new") == 15
    await ensure_consistent(pool)


async def test_one_key_is_one_transaction(pool: Pool) -> None:
    """Twenty orders with one key at the same time move the money once, and all get the same answer."""
    await funded(pool, "a", "b")
    answers: list[Answer] = await asyncio.gather(
        *(pay(pool, order("a", "b", 10, idempotency_key="k")) for _ in range(20))
    )
    assert len({answer.transaction["id"] for answer in answers}) == 1
    assert sum(answer.is_replay for answer in answers) == 19
    assert await coins(pool, "a") == 90


async def test_a_key_stands_for_one_body(pool: Pool) -> None:
    """The same key with another amount is refused; the same key of another user is another key."""
    await funded(pool, "a", "b")
    await pay(pool, order("a", "b", 10, idempotency_key="k"))
    with pytest.raises(ApiError) as refused:
        await pay(pool, order("a", "b", 11, idempotency_key="k"))
    assert (refused.value.status, refused.value.code) == (409, "idempotency_key_reused")
    assert not (await pay(pool, order("b", "a", 10, idempotency_key="k"))).is_replay


async def test_a_taken_id_is_refused(pool: Pool) -> None:
    """An id that is there already is not another transaction."""
    await funded(pool, "a", "b")
    with pytest.raises(ApiError) as refused:
        await pay(pool, order("a", "b", 1, id="txn_a"))
    assert (refused.value.status, refused.value.code) == (409, "transaction_exists")


async def test_a_refusal_is_recorded_and_told(pool: Pool) -> None:
    """It moves nothing, stays with its reason, is told of, and is the answer to its key for ever."""
    await funded(pool, "a", "b")
    first, second = [await pay(pool, order("a", "b", 101, idempotency_key="k")) for _ in range(2)]
    assert first.has_failed
    assert first.transaction["reason"] == "insufficient_funds"
    assert second.is_replay
    assert second.transaction["id"] == first.transaction["id"]
    rows, total = await transactions.latest(pool, "a", "failed", PageRequest())
    assert ([row["id"] for row in rows], total) == ([first.transaction["id"]], 1)
    told = await pool.fetch("SELECT form::json ->> 'type' AS type FROM mercatrix.outbox")
    assert [row["type"] for row in told] == ["transaction.failed"]
    assert await coins(pool, "a") == 100
    await ensure_consistent(pool)


async def test_orders_of_one_transaction_are_all_or_none(pool: Pool) -> None:
    """Where the second is refused the first did not happen, and its event is not told."""
    await funded(pool, "a", "b")
    with pytest.raises(RefusedError):
        async with pool.acquire() as connection, connection.transaction():
            await book(connection, [order("a", "b", 60), order("a", "b", 60)])
    assert await coins(pool, "a") == 100
    assert await pool.fetchval("SELECT count(*) FROM mercatrix.outbox") == 0


async def test_accounts_open_once(pool: Pool) -> None:
    """Opening again changes nothing and says so."""
    assert sorted(await open_accounts(pool, ["a", "b", "a"])) == ["a", "b"]
    assert await open_accounts(pool, ["a"]) == []
    assert await are_open(pool, ["a", "b"])
    assert not await are_open(pool, ["a", "c"])


@pytest.mark.parametrize(
    ("statement", "constraint"),
    [
        pytest.param(
            "INSERT INTO mercatrix.postings (transaction_id, account_id, amount) VALUES ('txn_a', 'a', 1)",
            "postings_sum_to_zero",
            id="one-sided",
        ),
        pytest.param(
            "INSERT INTO mercatrix.postings (transaction_id, account_id, currency, amount)"
            " VALUES ('txn_a', 'a', 'gold', 1), ('txn_a', 'b', 'silver', -1)",
            "postings_sum_to_zero",
            id="across-currencies",
        ),
        pytest.param(
            "INSERT INTO mercatrix.postings (transaction_id, account_id, amount)"
            " VALUES ('txn_a', 'a', -101), ('txn_a', 'b', 101)",
            "no_overdraft",
            id="overdraft",
        ),
        pytest.param(
            "UPDATE mercatrix.balances SET amount = -1 WHERE account_id = 'a'", "no_overdraft", id="debt"
        ),
        pytest.param(
            "INSERT INTO mercatrix.transactions (id, from_user, to_user, amount) VALUES ('t', 'a', 'b', 1)",
            "completed_with_postings",
            id="without-postings",
        ),
        pytest.param(
            "INSERT INTO mercatrix.transactions (id, from_user, to_user, amount, status)"
            " VALUES ('t', 'a', 'b', 1, 'failed')",
            "failed_with_a_reason",
            id="without-reason",
        ),
    ],
)
async def test_the_database_itself_refuses(pool: Pool, statement: str, constraint: str) -> None:
    """Whoever writes past the service meets the same rules."""
    await funded(pool, "a", "b")
    with pytest.raises(asyncpg.CheckViolationError) as refused:
        await pool.execute(statement)
    assert refused.value.constraint_name == constraint
    await ensure_consistent(pool)


@pytest.mark.parametrize("table", ["postings", "transactions"])
async def test_history_cannot_be_changed(pool: Pool, table: str) -> None:
    """What was written stays as it was written."""
    await funded(pool, "a", "b")
    with pytest.raises(asyncpg.RestrictViolationError, match="never changed"):
        await pool.execute(f"UPDATE mercatrix.{table} SET amount = 5")  # noqa: S608 - a table of ours


async def test_test_data_can_be_taken_back(pool: Pool) -> None:
    """Postings that are deleted leave the balances as if they had never been."""
    await funded(pool, "a", "b")
    await pay(pool, order("a", "b", 30))
    await pool.execute("DELETE FROM mercatrix.postings")
    await pool.execute("DELETE FROM mercatrix.transactions")
    assert await coins(pool, "a") == 0
    await pool.execute("DELETE FROM mercatrix.accounts")
    await ensure_consistent(pool)


async def test_the_audit_finds_what_triggers_could_not_prevent(pool: Pool) -> None:
    """A balance written past the ledger, and a transaction whose postings are gone, are named."""
    await funded(pool, "a", "b")
    await pool.execute("UPDATE mercatrix.balances SET amount = 101 WHERE account_id = 'a'")
    await pool.execute("DELETE FROM mercatrix.postings WHERE transaction_id = 'txn_b'")
    async with pool.acquire() as connection:
        found = await audit.check(connection)
    assert not found["is_consistent"]
    assert found["unbalanced_transactions"] == ["txn_b"]
    [difference] = found["differences"]
    assert (difference["account_id"], difference["balance"], difference["postings"]) == ("a", 101, 100)
