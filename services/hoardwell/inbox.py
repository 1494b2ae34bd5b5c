"""Why this exists: what was delivered to one user, and what of it is still unread."""

from collections.abc import Sequence

from asyncpg import Record

from hoardwell.messages import COLUMNS
from hoardwell.schemas import InboxQuery
from kernel.changes import Connection
from kernel.queries import Found, Where, fetch_page

DELIVERED = ", ".join(f"messages.{name.strip()}" for name in COLUMNS.split(","))
LATEST = "messages.created_at DESC, messages.position DESC"
SOURCE = "hoardwell.deliveries JOIN hoardwell.messages ON messages.id = deliveries.message_id"


async def latest(connection: Connection, user_id: str, query: InboxQuery) -> Found:
    """A user's messages, the latest first, each with `read_at`."""
    where = Where().add("deliveries.user_id = ?", user_id)
    where.add("position(? IN content) > 0", query.contains)
    where.add("(read_at IS NULL) = ?", query.unread or None)
    return await fetch_page(connection, f"{DELIVERED}, read_at", SOURCE, where, LATEST, query.page_request)


async def unread(connection: Connection, user_id: str) -> int:
    """How many of a user's messages are unread."""
    count: int = await connection.fetchval(
        "SELECT count(*) FROM hoardwell.deliveries WHERE user_id = $1 AND read_at IS NULL", user_id
    )
    return count


async def mark_read(connection: Connection, user_id: str, message_ids: Sequence[str] | None) -> int:
    """Mark messages of a user as read (None: all); returns how many were unread."""
    status: str = await connection.execute(
        """
        UPDATE hoardwell.deliveries SET read_at = now()
        WHERE user_id = $1 AND read_at IS NULL AND ($2::text[] IS NULL OR message_id = ANY($2))
        """,
        user_id,
        message_ids,
    )
    return int(status.removeprefix("UPDATE "))


async def deliveries(
    connection: Connection, message_ids: Sequence[str], user_ids: Sequence[str]
) -> list[Record]:
    """What of these messages was delivered to these users: messages with `recipient`, in order of arrival."""
    rows: list[Record] = await connection.fetch(
        f"SELECT deliveries.user_id AS recipient, {DELIVERED} FROM {SOURCE}"  # noqa: S608 - the SQL is ours
        " WHERE deliveries.message_id = ANY($1) AND deliveries.user_id = ANY($2) ORDER BY position",
        list(message_ids),
        list(user_ids),
    )
    return rows
