"""Why this exists: accounts and their balances in the database, and the one way to lock them."""

from collections.abc import Collection, Sequence
from decimal import Decimal
from typing import Any

from asyncpg import Record

from kernel.changes import Connection
from mercatrix.ledger import TREASURY, Balance, Balances
from mercatrix.money import DEFAULT_CURRENCY, quantized


async def open_accounts(connection: Connection, account_ids: Collection[str]) -> list[str]:
    """Open the accounts that are not open yet; returns their ids.

    In one fixed order, so that two callers with the same accounts never wait for each other in a circle.
    """
    rows = await connection.fetch(
        """
        INSERT INTO mercatrix.accounts (id, may_overdraw)
        SELECT id, id = $2 FROM unnest($1::text[]) AS wanted (id) ORDER BY id
        ON CONFLICT DO NOTHING RETURNING id
        """,
        list(account_ids),
        TREASURY,
    )
    return [row["id"] for row in rows]


async def are_open(connection: Connection, account_ids: Collection[str]) -> bool:
    """Whether every one of the accounts is open."""
    wanted = set(account_ids)
    found = await connection.fetchval(
        "SELECT count(*) FROM mercatrix.accounts WHERE id = ANY($1)", list(wanted)
    )
    return bool(found == len(wanted))


async def lock_balances(connection: Connection, keys: Sequence[tuple[str, str]]) -> Balances:
    """The balances of every (account, currency) whose account exists, locked until the transaction ends."""
    rows = await connection.fetch(
        "SELECT account_id, currency, amount, may_overdraw FROM mercatrix.lock_balances($1, $2)",
        [account_id for account_id, _ in keys],
        [currency for _, currency in keys],
    )
    return {(row["account_id"], row["currency"]): Balance(row["amount"], row["may_overdraw"]) for row in rows}


async def balance_of(connection: Connection, account_id: str) -> dict[str, Any] | None:
    """An account with everything it holds, None where it is not open. One query."""
    rows = await connection.fetch(
        """
        SELECT balances.currency, balances.amount
        FROM mercatrix.accounts LEFT JOIN mercatrix.balances ON balances.account_id = accounts.id
        WHERE accounts.id = $1
        """,
        account_id,
    )
    return balance_view(account_id, rows) if rows else None


def balance_view(account_id: str, rows: Collection[Record | dict[str, Any]]) -> dict[str, Any]:
    """How a balance is answered; `essence_coins` always stands beside the map of all currencies."""
    balances = {row["currency"]: row["amount"] for row in rows if row["currency"] is not None}
    return {
        "id": account_id,
        "user_id": account_id,
        DEFAULT_CURRENCY: balances.get(DEFAULT_CURRENCY, quantized(Decimal(0))),
        "balances": balances,
    }
