"""Why this exists: Mercatrix's listings are readable here without asking Mercatrix, kept up to date by its events."""

from decimal import Decimal
from typing import Any

from kernel.changes import Connection, announce
from kernel.events import Event
from kernel.pages import PageRequest
from kernel.queries import Where, fetch_page

SERVICE = "distilera"
TOPIC = "marketplace"
COLUMNS = "id, item_type, quantity, price_per_unit, seller, listed_at"

Item = dict[str, Any]


async def follow(connection: Connection, event: Event) -> None:
    """Take a `listing.*` event over, in the consumer's transaction; events may come in any order."""
    match event.type:
        case "listing.created":
            await _list(connection, event)
        case "listing.closed":
            await _close(connection, event)
        case _:
            return
    await announce(connection, SERVICE, TOPIC)


async def _list(connection: Connection, event: Event) -> None:
    """A listing that was closed before it was heard of stays closed."""
    await connection.execute(
        """
        INSERT INTO distilera.marketplace_items (id, item_type, quantity, price_per_unit, seller, listed_at)
        VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (id) DO UPDATE SET item_type = excluded.item_type, quantity = excluded.quantity,
            price_per_unit = excluded.price_per_unit, seller = excluded.seller, listed_at = excluded.listed_at
        """,
        event.subject,
        event.payload["item_type"],
        int(event.payload["quantity"]),
        Decimal(str(event.payload["price_per_unit"])),
        event.payload["seller"],
        event.occurred_at,
    )


async def _close(connection: Connection, event: Event) -> None:
    await connection.execute(
        "INSERT INTO distilera.marketplace_items (id, is_open) VALUES ($1, false)"
        " ON CONFLICT (id) DO UPDATE SET is_open = false",
        event.subject,
    )


async def page_of_items(
    connection: Connection, page: PageRequest, *, seller: str | None = None, item_type: str | None = None
) -> tuple[list[Item], int]:
    """One page of open listings, newest first, and how many there are."""
    where = Where().add("seller = ?", seller).add("item_type = ?", item_type).add("is_open = ?", value=True)
    return await fetch_page(
        connection, COLUMNS, "distilera.marketplace_items", where, "listed_at DESC, id", page
    )


async def is_listed(connection: Connection, listing_id: str | None) -> bool:
    """Whether a listing is open here; without an id, whether any is."""
    sql = "SELECT EXISTS (SELECT FROM distilera.marketplace_items WHERE is_open AND ($1::text IS NULL OR id = $1))"
    return bool(await connection.fetchval(sql, listing_id))
