"""Why this exists: simulations as rows, and the transactions that move them on together with their events."""

from typing import Any

import asyncpg

from distilera.domain.lifecycle import State, has_to_change
from distilera.domain.reactions import Recipe, react
from distilera.domain.rules import RuleError
from distilera.store.errors import DuplicateError, UnknownRecordError
from kernel.changes import Connection
from kernel.ids import new_id
from kernel.outbox import publish
from kernel.pages import PageRequest
from kernel.queries import Where, fetch_page

SERVICE = "distilera"
COLUMNS = (
    "id, user_id, elements, reaction_type, target_result, status, result, reason,"
    " created_at, started_at, finished_at"
)

Simulation = dict[str, Any]


def recipe_of(row: Simulation | asyncpg.Record) -> Recipe:
    """What the simulation is to bring together."""
    return Recipe(tuple(row["elements"]), row["reaction_type"], row["target_result"])


async def by_id(connection: Connection, simulation_id: str) -> Simulation:
    """One simulation.

    Raises:
        UnknownRecordError: there is none.
    """
    return dict(await _row(connection, simulation_id))


async def page_of_simulations(
    connection: Connection, page: PageRequest, *, user_id: str | None = None, status: str | None = None
) -> tuple[list[Simulation], int]:
    """One page of simulations, newest first, and how many there are."""
    where = Where().add("user_id = ?", user_id).add("status = ?", status)
    return await fetch_page(connection, COLUMNS, "distilera.simulations", where, "created_at DESC, id", page)


async def create(
    connection: Connection, simulation_id: str | None, user_id: str, recipe: Recipe
) -> Simulation:
    """Insert a pending simulation, in the caller's transaction.

    Raises:
        RuleError: its result cannot come of it.
        DuplicateError: the id is taken.
    """
    react(recipe)
    try:
        row = await connection.fetchrow(
            f"""
            INSERT INTO distilera.simulations (id, user_id, elements, reaction_type, target_result)
            VALUES ($1, $2, $3, $4, $5) RETURNING {COLUMNS}
            """,  # noqa: S608 - the SQL is ours
            simulation_id or new_id("sim"),
            user_id,
            list(recipe.elements),
            recipe.reaction_type,
            recipe.target_result,
        )
    except asyncpg.UniqueViolationError as error:
        raise DuplicateError("simulation", "id") from error
    return dict(row)


async def start(connection: Connection, simulation_id: str) -> Simulation:
    """Let a pending simulation run; one that runs stays as it is.

    Raises:
        UnknownRecordError, TransitionError: there is none, or it has ended.
    """
    row = await _locked(connection, simulation_id)
    if not _has_to_become(row, State.RUNNING):
        return dict(row)
    recipe = recipe_of(row)
    payload = {
        "elements": recipe.elements,
        "reaction_type": recipe.reaction_type,
        "target_result": recipe.target_result,
    }
    await _tell(connection, row, "simulation.started", payload)
    return await _set(connection, simulation_id, "status = 'running', started_at = now()")


async def complete(connection: Connection, simulation_id: str) -> Simulation:
    """Work the result of a running simulation out; one that is completed stays as it is.

    A simulation whose rules give no result fails instead: its row came from elsewhere than `create`.

    Raises:
        UnknownRecordError, TransitionError: there is none, or it does not run.
    """
    row = await _locked(connection, simulation_id)
    if not _has_to_become(row, State.COMPLETED):
        return dict(row)
    try:
        result = react(recipe_of(row))
    except RuleError as error:
        return await fail(connection, simulation_id, str(error))
    await _tell(connection, row, "simulation.completed", {"result": result})
    return await _set(
        connection, simulation_id, "status = 'completed', result = $2, finished_at = now()", result
    )


async def fail(connection: Connection, simulation_id: str, reason: str) -> Simulation:
    """End a simulation without a result; one that failed stays as it is.

    Raises:
        UnknownRecordError, TransitionError: there is none, or it is completed.
    """
    row = await _locked(connection, simulation_id)
    if not _has_to_become(row, State.FAILED):
        return dict(row)
    await _tell(connection, row, "simulation.failed", {"reason": reason})
    return await _set(
        connection, simulation_id, "status = 'failed', reason = $2, finished_at = now()", reason
    )


def _has_to_become(row: asyncpg.Record, state: State) -> bool:
    return has_to_change(f"simulation {row['id']}", State(row["status"]), state)


async def _locked(connection: Connection, simulation_id: str) -> asyncpg.Record:
    return await _row(connection, simulation_id, "FOR UPDATE")


async def _row(connection: Connection, simulation_id: str, lock: str = "") -> asyncpg.Record:
    sql = f"SELECT {COLUMNS} FROM distilera.simulations WHERE id = $1 {lock}"  # noqa: S608 - the SQL is ours
    row: asyncpg.Record | None = await connection.fetchrow(sql, simulation_id)
    if row is None:
        raise UnknownRecordError("simulation", simulation_id)
    return row


async def _set(connection: Connection, simulation_id: str, assignments: str, *values: Any) -> Simulation:
    sql = f"UPDATE distilera.simulations SET {assignments} WHERE id = $1 RETURNING {COLUMNS}"  # noqa: S608 - the SQL is ours
    return dict(await connection.fetchrow(sql, simulation_id, *values))


async def _tell(connection: Connection, row: asyncpg.Record, event: str, payload: dict[str, Any]) -> None:
    await publish(connection, SERVICE, event, subject=row["id"], user_id=row["user_id"], payload=payload)
