"""Why this exists: messages in the database, each written once and whole with everybody it is delivered to."""

from collections.abc import Sequence
from datetime import datetime

from asyncpg import Record

from hoardwell.schemas import LogQuery
from hoardwell.wording import Draft
from kernel.changes import Connection
from kernel.ids import new_id
from kernel.queries import Found, Where, fetch_page

COLUMNS = (
    "id, kind, content, subject_id, simulation_id, transaction_id, coordination_id, collaboration_id,"
    " sender_id, user_id, created_at"
)
ORDER = "messages.created_at, messages.position"
REFERENCES = ("simulation_id", "transaction_id", "coordination_id", "collaboration_id")

# A user sees what was delivered to it and what it sent.
SEEN_BY = (
    "sender_id = ? OR EXISTS ("
    "SELECT FROM hoardwell.deliveries WHERE deliveries.message_id = messages.id AND deliveries.user_id = ?)"
)


async def write(
    connection: Connection,
    draft: Draft,
    *,
    message_id: str | None = None,
    sender_id: str | None = None,
    created_at: datetime | None = None,
) -> Record | None:
    """Store a message and deliver it, in the caller's transaction; None where the id is taken."""
    row: Record | None = await connection.fetchrow(
        f"""
        INSERT INTO hoardwell.messages (id, kind, content, subject_id, simulation_id, transaction_id,
                                        coordination_id, collaboration_id, sender_id, user_id, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, coalesce($11, now()))
        ON CONFLICT DO NOTHING RETURNING {COLUMNS}
        """,  # noqa: S608 - the columns are ours
        message_id or new_id("msg"),
        draft.kind,
        draft.content,
        draft.subject_id,
        *(draft.references.get(name) for name in REFERENCES),
        sender_id,
        draft.user_id,
        created_at,
    )
    if row is not None:
        await _deliver(connection, row["id"], draft.recipients)
    return row


async def _deliver(connection: Connection, message_id: str, recipients: Sequence[str]) -> None:
    await connection.execute(
        "INSERT INTO hoardwell.deliveries (message_id, user_id) SELECT $1, unnest($2::text[])",
        message_id,
        list(recipients),
    )


async def get(connection: Connection, message_id: str, seen_by: str | None) -> Record | None:
    """One message, as far as the user `seen_by` (None: whoever) may see it."""
    where = Where().add("id = ?", message_id).add(SEEN_BY, seen_by)
    row: Record | None = await connection.fetchrow(
        f"SELECT {COLUMNS} FROM hoardwell.messages WHERE {where.sql}",  # noqa: S608 - the columns are ours
        *where.values,
    )
    return row


async def log(connection: Connection, query: LogQuery, seen_by: str | None) -> Found:
    """Messages in the order things happened, as far as the user `seen_by` (None: whoever) may see them."""
    where = Where()
    for column in ("kind", *REFERENCES):
        where.add(f"{column} = ?", getattr(query, column))
    where.add("position(? IN content) > 0", query.contains)
    where.add(SEEN_BY, seen_by)
    return await fetch_page(connection, COLUMNS, "hoardwell.messages", where, ORDER, query.page_request)
