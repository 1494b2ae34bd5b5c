"""Why this exists: coordinations and their agents as rows, claimed so that several workers never do one twice."""

from collections.abc import Sequence
from typing import Any

import asyncpg
import orjson

from distilera.domain.agents import Agent, check, contribute
from distilera.domain.reactions import Recipe, react
from distilera.store.errors import DuplicateError, UnknownRecordError
from distilera.store.simulations import recipe_of
from kernel.changes import Connection, announce
from kernel.ids import new_id
from kernel.outbox import publish

SERVICE = "distilera"
AGENTS_TOPIC = "agents"

Coordination = dict[str, Any]

CLAIM = """
    SELECT coordination_id, position, name, role FROM distilera.agents
    WHERE contribution IS NULL ORDER BY coordination_id, position LIMIT 1 FOR UPDATE SKIP LOCKED
"""


def topic_of(coordination_id: str) -> str:
    """What is announced when the coordination ends."""
    return f"coordination:{coordination_id}"


async def by_id(connection: Connection, coordination_id: str) -> Coordination:
    """One coordination with its agents and what each has contributed so far.

    Raises:
        UnknownRecordError: there is none.
    """
    row = await connection.fetchrow("SELECT * FROM distilera.coordinations WHERE id = $1", coordination_id)
    if row is None:
        raise UnknownRecordError("coordination", coordination_id)
    agents = await connection.fetch(
        "SELECT name, role, contribution, reported_at FROM distilera.agents WHERE coordination_id = $1"
        " ORDER BY position",
        coordination_id,
    )
    return {**row, "agents": [_agent_shape(agent) for agent in agents]}


def _agent_shape(row: asyncpg.Record) -> dict[str, Any]:
    contribution = row["contribution"]
    return {**row, "contribution": None if contribution is None else orjson.loads(contribution)}


async def start(
    connection: Connection, coordination_id: str | None, user_id: str, agents: Sequence[Agent], recipe: Recipe
) -> Coordination:
    """Insert a running coordination and call the workers, in the caller's transaction.

    Raises:
        RuleError: it cannot succeed.
        DuplicateError: the id is taken.
    """
    check(agents, recipe)
    chosen = coordination_id or new_id("coord")
    await _insert(connection, chosen, user_id, recipe)
    rows = [(chosen, position, agent.name, agent.role) for position, agent in enumerate(agents)]
    await connection.executemany(
        "INSERT INTO distilera.agents (coordination_id, position, name, role) VALUES ($1, $2, $3, $4)", rows
    )
    payload = {"agents": [{"name": agent.name, "role": agent.role} for agent in agents]}
    await publish(
        connection, SERVICE, "coordination.started", subject=chosen, user_id=user_id, payload=payload
    )
    await announce(connection, SERVICE, AGENTS_TOPIC)
    return await by_id(connection, chosen)


async def _insert(connection: Connection, coordination_id: str, user_id: str, recipe: Recipe) -> None:
    try:
        await connection.execute(
            "INSERT INTO distilera.coordinations (id, user_id, elements, reaction_type, target_result)"
            " VALUES ($1, $2, $3, $4, $5)",
            coordination_id,
            user_id,
            list(recipe.elements),
            recipe.reaction_type,
            recipe.target_result,
        )
    except asyncpg.UniqueViolationError as error:
        raise DuplicateError("coordination", "id") from error


async def work_once(connection: Connection) -> bool:
    """Let one waiting agent contribute, in the caller's transaction; False where none waits (or all are claimed)."""
    agent = await connection.fetchrow(CLAIM)
    if agent is None:
        return False
    coordination = await connection.fetchrow(
        "SELECT * FROM distilera.coordinations WHERE id = $1", agent["coordination_id"]
    )
    await _report(connection, coordination, agent)
    await _complete_if_last(connection, coordination)
    return True


async def _report(connection: Connection, coordination: asyncpg.Record, agent: asyncpg.Record) -> None:
    contribution = contribute(Agent(agent["name"], agent["role"]), recipe_of(coordination))
    await connection.execute(
        "UPDATE distilera.agents SET contribution = $3, reported_at = now()"
        " WHERE coordination_id = $1 AND position = $2",
        agent["coordination_id"],
        agent["position"],
        orjson.dumps(contribution).decode(),
    )
    payload = {
        "coordination_id": coordination["id"],
        "name": agent["name"],
        "role": agent["role"],
        "contribution": contribution,
    }
    await _tell(connection, coordination, "agent.reported", payload)


async def _complete_if_last(connection: Connection, coordination: asyncpg.Record) -> None:
    """The lock makes the workers of one coordination count one after the other, so that one of them is last."""
    await connection.execute(
        "SELECT FROM distilera.coordinations WHERE id = $1 FOR UPDATE", coordination["id"]
    )
    if await connection.fetchval(
        "SELECT EXISTS (SELECT FROM distilera.agents WHERE coordination_id = $1 AND contribution IS NULL)",
        coordination["id"],
    ):
        return
    result = react(recipe_of(coordination))
    await connection.execute(
        "UPDATE distilera.coordinations SET status = 'completed', result = $2, finished_at = now() WHERE id = $1",
        coordination["id"],
        result,
    )
    await _tell(connection, coordination, "coordination.completed", {"result": result})
    await announce(connection, SERVICE, topic_of(coordination["id"]))


async def _tell(
    connection: Connection, coordination: asyncpg.Record, event: str, payload: dict[str, Any]
) -> None:
    await publish(
        connection,
        SERVICE,
        event,
        subject=coordination["id"],
        user_id=coordination["user_id"],
        payload=payload,
    )
