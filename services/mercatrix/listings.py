"""Why this exists: offers on the market and the two states they have."""

from collections.abc import Mapping
from enum import StrEnum

import asyncpg
from asyncpg import Record

from kernel.changes import Connection
from kernel.errors import ApiError, not_found
from kernel.ids import new_id
from kernel.outbox import publish
from kernel.queries import Found, Where, fetch_page
from mercatrix.schemas import ListingBody, ListingQuery

SERVICE = "mercatrix"
COLUMNS = "id, item_type, quantity, price_per_unit, currency, seller, status, created_at, closed_at"


class State(StrEnum):
    """A listing's life."""

    OPEN = "open"
    CLOSED = "closed"


TRANSITIONS: Mapping[State, frozenset[State]] = {
    State.OPEN: frozenset({State.CLOSED}),
    State.CLOSED: frozenset(),
}


def ensure_may_become(listing_id: str, old: State, new: State) -> None:
    """Raise ApiError 422 unless a listing in the state `old` may become `new`."""
    if new not in TRANSITIONS[old]:
        raise ApiError(422, f"listing_{old}", f"The listing {listing_id} is {old} and cannot become {new}.")


async def create(connection: Connection, body: ListingBody, seller: str) -> Record:
    """Offer something and tell of it, in the caller's transaction.

    Raises:
        ApiError: 409 where the id is taken, 422 where the seller has no account.
    """
    try:
        row: Record = await connection.fetchrow(
            f"""
            INSERT INTO mercatrix.listings (id, item_type, quantity, price_per_unit, currency, seller)
            VALUES ($1, $2, $3, $4, $5, $6) RETURNING {COLUMNS}
            """,  # noqa: S608 - the columns are ours
            body.id or new_id("lst"),
            body.item_type,
            body.quantity,
            body.price_per_unit,
            body.currency,
            seller,
        )
    except asyncpg.UniqueViolationError as error:
        raise ApiError(409, "listing_exists", f"There is a listing {body.id!r} already.") from error
    except asyncpg.ForeignKeyViolationError as error:
        fault = ("seller", "open an account first")
        raise ApiError(422, "account_not_found", f"{seller} has no account.", fields=[fault]) from error
    payload = {key: row[key] for key in ("item_type", "quantity", "price_per_unit", "currency", "seller")}
    await publish(connection, SERVICE, "listing.created", subject=row["id"], user_id=seller, payload=payload)
    return row


async def close(connection: Connection, listing_id: str) -> Record:
    """End an offer and tell of it, in the caller's transaction.

    Raises:
        ApiError: 404 where there is none, 422 where it is closed.
    """
    found = await connection.fetchrow(
        "SELECT status FROM mercatrix.listings WHERE id = $1 FOR UPDATE", listing_id
    )
    if found is None:
        raise not_found("listing", listing_id)
    ensure_may_become(listing_id, State(found["status"]), State.CLOSED)
    row: Record = await connection.fetchrow(
        f"UPDATE mercatrix.listings SET status = 'closed', closed_at = now() WHERE id = $1 RETURNING {COLUMNS}",  # noqa: S608 - the SQL is ours
        listing_id,
    )
    await publish(
        connection, SERVICE, "listing.closed", subject=listing_id, user_id=row["seller"], payload={}
    )
    return row


async def get(connection: Connection, listing_id: str) -> Record:
    """One offer.

    Raises:
        ApiError: 404 where there is none.
    """
    row: Record | None = await connection.fetchrow(
        f"SELECT {COLUMNS} FROM mercatrix.listings WHERE id = $1",  # noqa: S608 - the columns are ours
        listing_id,
    )
    if row is None:
        raise not_found("listing", listing_id)
    return row


async def latest(connection: Connection, query: ListingQuery) -> Found:
    """Offers, the latest first."""
    where = Where()
    for column in ("seller", "status", "item_type"):
        where.add(f"{column} = ?", getattr(query, column))
    return await fetch_page(
        connection, COLUMNS, "mercatrix.listings", where, "created_at DESC, id", query.page_request
    )
