"""Why this exists: the ledger can be asked at any time whether it agrees with itself."""

from typing import Any

from kernel.changes import Connection

DIFFERENCES = """
    SELECT account_id, currency, coalesce(balances.amount, 0) AS balance, coalesce(booked.amount, 0) AS postings
    FROM mercatrix.balances FULL JOIN (
        SELECT account_id, currency, sum(amount) AS amount FROM mercatrix.postings GROUP BY 1, 2
    ) AS booked USING (account_id, currency)
    WHERE coalesce(balances.amount, 0) <> coalesce(booked.amount, 0)
    ORDER BY 1, 2
"""

# Per transaction: two postings of its amount when it is completed, none when it failed.
UNBALANCED = """
    SELECT id FROM mercatrix.transactions LEFT JOIN (
        SELECT transaction_id AS id, sum(amount) AS rest, sum(abs(amount)) / 2 AS moved
        FROM mercatrix.postings GROUP BY 1
    ) AS booked USING (id)
    WHERE coalesce(rest, 0) <> 0
       OR coalesce(moved, 0) <> CASE status WHEN 'completed' THEN transactions.amount ELSE 0 END
    ORDER BY 1
"""


async def total(connection: Connection) -> dict[str, Any]:
    """The sum over all postings and how many there are, seen at one instant."""
    row = await connection.fetchrow(
        "SELECT coalesce(sum(amount), 0) AS total, count(*) AS postings FROM mercatrix.postings"
    )
    return dict(row)


async def check(connection: Connection) -> dict[str, Any]:
    """Every balance against its postings and every transaction against its own, seen at one instant."""
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        differences = [dict(row) for row in await connection.fetch(DIFFERENCES)]
        unbalanced = [row["id"] for row in await connection.fetch(UNBALANCED)]
        summed = (await total(connection))["total"]
    return {
        "is_consistent": not differences and not unbalanced and summed == 0,
        "total": summed,
        "differences": differences,
        "unbalanced_transactions": unbalanced,
    }
