"""Why this exists: transfers carried out in the database, each at most once, each whole or not at all."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg
from asyncpg import Record

from kernel.changes import Connection
from kernel.errors import ApiError
from kernel.ids import new_id
from kernel.outbox import publish
from kernel.pages import PageRequest
from kernel.queries import Where, fetch_page
from mercatrix import ledger
from mercatrix.accounts import lock_balances
from mercatrix.ledger import Posting, RefusedError, Transfer
from mercatrix.rewards import REWARD_TYPE

SERVICE = "mercatrix"
COLUMNS = "id, from_user, to_user, amount, currency, transaction_type, status, reason, note, created_at"
FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Order:
    """A transfer that somebody asks for.

    Args:
        transfer: What is to happen.
        requested_by: The user or service that asks; idempotency keys are its own.
        idempotency_key: The same key asks for the same transaction again, None for always a new one.
        id: The transaction's id, None for a fresh one.
        note: What it is for, as a sentence.
    """

    transfer: Transfer
    requested_by: str
    idempotency_key: str | None = None
    id: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """The transaction that an order led to; `is_replay` when an earlier order had led to it."""

    transaction: Record
    is_replay: bool = False

    @property
    def has_failed(self) -> bool:
        """Whether the rules refused it."""
        return bool(self.transaction["status"] == FAILED)


async def pay(pool: "asyncpg.Pool[Record]", order: Order) -> Answer:
    """Carry out `order`, or record why it was refused.

    Raises:
        ApiError: 409 for an id that is taken, or an idempotency key that stood for another order.
    """
    async with pool.acquire() as connection:
        try:
            async with connection.transaction():
                written = await book(connection, [order])
        except RefusedError as refused:
            async with connection.transaction():
                written = await _record_refusal(connection, order, refused)
        if written:
            return Answer(written[0])
        return Answer(await _earlier(connection, order), is_replay=True)


async def book(connection: Connection, orders: Sequence[Order]) -> list[Record]:
    """Carry out the orders that were not carried out before, all or none, in the caller's transaction.

    Returns:
        The new transactions, in the order asked for.

    Raises:
        RefusedError: the rules forbid one of them; the caller's transaction must not commit.
    """
    claims = [(order, await _claim(connection, order)) for order in orders]
    fresh = [(order.transfer, row) for order, row in claims if row is not None]
    balances = await lock_balances(connection, ledger.touched(transfer for transfer, _ in fresh))
    for transfer, row in fresh:
        ledger.check(transfer, balances)
        postings = ledger.postings_of(transfer)
        balances = ledger.applied(balances, postings)
        await _post(connection, row["id"], postings)
        await _tell_processed(connection, row)
    return [row for _, row in fresh]


async def _claim(connection: Connection, order: Order, refused: RefusedError | None = None) -> Record | None:
    """Write the transaction; None where its id or idempotency key is there already.

    Waits for a transaction with the same key that is being carried out right now.
    """
    transfer = order.transfer
    row: Record | None = await connection.fetchrow(
        f"""
        INSERT INTO mercatrix.transactions (id, from_user, to_user, amount, currency, transaction_type,
                                            requested_by, idempotency_key, status, reason, note)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT DO NOTHING RETURNING {COLUMNS}
        """,  # noqa: S608 - the columns are ours
        order.id or new_id("txn"),
        transfer.from_user,
        transfer.to_user,
        transfer.amount,
        transfer.currency,
        transfer.transaction_type,
        order.requested_by,
        order.idempotency_key,
        FAILED if refused else "completed",
        refused.refusal if refused else None,
        refused.message if refused else order.note,
    )
    return row


async def _post(connection: Connection, transaction_id: str, postings: Sequence[Posting]) -> None:
    await connection.execute(
        """
        INSERT INTO mercatrix.postings (transaction_id, account_id, currency, amount)
        SELECT $1, * FROM unnest($2::text[], $3::text[], $4::numeric[])
        """,
        transaction_id,
        [posting.account_id for posting in postings],
        [posting.currency for posting in postings],
        [posting.amount for posting in postings],
    )


async def _record_refusal(connection: Connection, order: Order, refused: RefusedError) -> list[Record]:
    row = await _claim(connection, order, refused)
    if row is None:
        return []
    payload = {**_payload(row), "reason": row["reason"], "message": row["note"]}
    await publish(
        connection,
        SERVICE,
        "transaction.failed",
        subject=row["id"],
        user_id=row["from_user"],
        payload=payload,
    )
    return [row]


async def _tell_processed(connection: Connection, row: Record) -> None:
    whom = row["to_user"] if ledger.is_system(row["from_user"]) else row["from_user"]
    await publish(
        connection, SERVICE, "transaction.processed", subject=row["id"], user_id=whom, payload=_payload(row)
    )
    if row["transaction_type"] == REWARD_TYPE:
        payload = {"user_id": whom, "amount": row["amount"], "reason": row["note"]}
        await publish(connection, SERVICE, "reward.paid", subject=row["id"], user_id=whom, payload=payload)


def _payload(row: Record) -> dict[str, Any]:
    return {key: row[key] for key in ("from_user", "to_user", "amount", "currency", "transaction_type")}


async def _earlier(connection: Connection, order: Order) -> Record:
    """The transaction that an order with the same idempotency key led to."""
    row: Record | None = await connection.fetchrow(
        f"SELECT {COLUMNS} FROM mercatrix.transactions"  # noqa: S608 - the columns are ours
        " WHERE requested_by = $1 AND idempotency_key = $2",
        order.requested_by,
        order.idempotency_key,
    )
    if row is None:
        raise ApiError(409, "transaction_exists", f"There is a transaction {order.id!r} already.")
    if not is_same(order, row):
        raise ApiError(
            409,
            "idempotency_key_reused",
            f"The idempotency key {order.idempotency_key!r} stands for {row['id']}, which is another transfer.",
        )
    return row


def is_same(order: Order, row: Record | dict[str, Any]) -> bool:
    """Whether the transaction is what `order` asks for."""
    transfer = order.transfer
    asked = (
        transfer.from_user,
        transfer.to_user,
        transfer.amount,
        transfer.currency,
        transfer.transaction_type,
    )
    found = tuple(row[key] for key in ("from_user", "to_user", "amount", "currency", "transaction_type"))
    return asked == found and order.id in (None, row["id"])


async def get(connection: Connection, transaction_id: str) -> Record | None:
    """One transaction."""
    row: Record | None = await connection.fetchrow(
        f"SELECT {COLUMNS} FROM mercatrix.transactions WHERE id = $1",  # noqa: S608 - the columns are ours
        transaction_id,
    )
    return row


async def latest(
    connection: Connection, user_id: str | None, status: str | None, page: PageRequest
) -> tuple[list[dict[str, Any]], int]:
    """Transactions from or to `user_id` (None: of everybody) with `status` (None: any), the latest first."""
    where = Where().add("from_user = ? OR to_user = ?", user_id).add("status = ?", status)
    return await fetch_page(connection, COLUMNS, "mercatrix.transactions", where, "created_at DESC, id", page)
