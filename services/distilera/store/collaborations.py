"""Why this exists: collaborations and contributions as rows, and the transactions that move them on."""

from collections.abc import Mapping
from typing import Any

import asyncpg
import orjson

from distilera.domain.collaboration import Party, check_contribution, outcome
from distilera.domain.lifecycle import State, has_to_change
from distilera.store.errors import DuplicateError, UnknownRecordError
from kernel.changes import Connection
from kernel.ids import new_id
from kernel.outbox import publish
from kernel.pages import PageRequest
from kernel.queries import Where, fetch_page

SERVICE = "distilera"
COLUMNS = "id, leader, participants, simulation_type, status, result, created_at, finished_at"

Collaboration = dict[str, Any]


def party_of_row(row: Collaboration | asyncpg.Record) -> Party:
    """Who takes part."""
    return Party(row["leader"], tuple(row["participants"]))


async def by_id(connection: Connection, collaboration_id: str, lock: str = "") -> Collaboration:
    """One collaboration.

    Raises:
        UnknownRecordError: there is none.
    """
    sql = f"SELECT {COLUMNS} FROM distilera.collaborations WHERE id = $1 {lock}"  # noqa: S608 - the SQL is ours
    row = await connection.fetchrow(sql, collaboration_id)
    if row is None:
        raise UnknownRecordError("collaboration", collaboration_id)
    return dict(row)


async def page_of_collaborations(
    connection: Connection, page: PageRequest, *, member: str | None = None
) -> tuple[list[Collaboration], int]:
    """One page of collaborations, newest first, and how many there are; those of one `member`, or all."""
    where = Where().add("? = ANY(participants || leader)", member)
    return await fetch_page(
        connection, COLUMNS, "distilera.collaborations", where, "created_at DESC, id", page
    )


async def create(
    connection: Connection, collaboration_id: str | None, party: Party, simulation_type: str
) -> Collaboration:
    """Insert a running collaboration and tell of it, in the caller's transaction.

    Raises:
        DuplicateError: the id is taken.
    """
    try:
        row = await connection.fetchrow(
            f"""
            INSERT INTO distilera.collaborations (id, leader, participants, simulation_type)
            VALUES ($1, $2, $3, $4) RETURNING {COLUMNS}
            """,  # noqa: S608 - the SQL is ours
            collaboration_id or new_id("collab"),
            party.leader,
            list(party.participants),
            simulation_type,
        )
    except asyncpg.UniqueViolationError as error:
        raise DuplicateError("collaboration", "id") from error
    payload = {"participants": party.participants, "simulation_type": simulation_type}
    await _tell(connection, row, "collaboration.created", {"leader": party.leader, **payload})
    return dict(row)


async def contribute(
    connection: Connection, collaboration_id: str, user_id: str, contribution: Mapping[str, Any]
) -> dict[str, Any]:
    """Accept a member's contribution, in the caller's transaction.

    Raises:
        UnknownRecordError: there is no such collaboration.
        RuleError: it is no contribution to this collaboration.
    """
    row = await by_id(connection, collaboration_id, "FOR UPDATE")
    check_contribution(party_of_row(row), State(row["status"]), user_id, contribution)
    accepted = await connection.fetchrow(
        """
        INSERT INTO distilera.contributions (id, collaboration_id, user_id, contribution)
        VALUES ($1, $2, $3, $4) RETURNING id, collaboration_id, user_id, created_at
        """,
        new_id("contrib"),
        collaboration_id,
        user_id,
        orjson.dumps(contribution).decode(),
    )
    payload = {"user_id": user_id, "contribution": contribution}
    await _tell(connection, row, "collaboration.contributed", payload, user_id)
    return {**accepted, "contribution": contribution, "status": "accepted"}


async def complete(connection: Connection, collaboration_id: str) -> Collaboration:
    """Work the result out; a completed collaboration stays as it is. In the caller's transaction.

    Raises:
        UnknownRecordError, TransitionError: there is none, or it failed.
        RuleError: nobody has contributed.
    """
    row = await by_id(connection, collaboration_id, "FOR UPDATE")
    if not has_to_change(f"collaboration {collaboration_id}", State(row["status"]), State.COMPLETED):
        return row
    result = outcome(row["simulation_type"], await _contributions(connection, collaboration_id))
    payload = {"leader": row["leader"], "participants": row["participants"], "result": result}
    await _tell(connection, row, "collaboration.completed", payload)
    sql = (
        "UPDATE distilera.collaborations SET status = 'completed', result = $2, finished_at = now()"  # noqa: S608 - the SQL is ours
        f" WHERE id = $1 RETURNING {COLUMNS}"
    )
    return dict(await connection.fetchrow(sql, collaboration_id, result))


async def _contributions(connection: Connection, collaboration_id: str) -> list[Mapping[str, Any]]:
    rows = await connection.fetch(
        "SELECT contribution FROM distilera.contributions WHERE collaboration_id = $1 ORDER BY created_at, id",
        collaboration_id,
    )
    return [orjson.loads(row["contribution"]) for row in rows]


async def _tell(
    connection: Connection,
    row: Collaboration | asyncpg.Record,
    event: str,
    payload: Mapping[str, Any],
    user_id: str | None = None,
) -> None:
    concerned = user_id or row["leader"]
    await publish(connection, SERVICE, event, subject=row["id"], user_id=concerned, payload=payload)
