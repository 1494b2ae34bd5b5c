"""Why this exists: Jonar's tables as questions and answers; every SELECT on them stands here."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import orjson

from jonar.deployments import Deployment
from kernel.changes import Connection
from kernel.pages import PageRequest
from kernel.queries import Found, Where, fetch_page

_PRESENCE = 7_340_022  # any number that no other advisory lock of this database uses
_CONNECT_TIMEOUT = 10.0

_DEPLOYMENT = (
    "id, component, version, replicas, cpu, memory, min_ready_seconds, min_replicas, max_replicas,"
    " target_requests, target_cpu, owner, created_at, stopped_at"
)


@asynccontextmanager
async def presence(database_url: str, owner: str) -> AsyncIterator[None]:
    """Show other processes that `owner` lives: Postgres holds the lock exactly as long as this process does."""
    connection = await asyncpg.connect(database_url, timeout=_CONNECT_TIMEOUT)
    try:
        await connection.execute("SELECT pg_advisory_lock($1, hashtext($2))", _PRESENCE, owner)
        yield
    finally:
        connection.terminate()


async def stop_abandoned(connection: Connection) -> list[str]:
    """Mark deployments as stopped whose owner no longer lives; their ids. Replicas die with their owner."""
    rows = await connection.fetch(
        """
        WITH owners AS MATERIALIZED (SELECT DISTINCT owner FROM jonar.deployments WHERE stopped_at IS NULL),
             dead AS MATERIALIZED (SELECT owner FROM owners WHERE pg_try_advisory_xact_lock($1, hashtext(owner)))
        UPDATE jonar.deployments SET stopped_at = now()
        WHERE stopped_at IS NULL AND owner IN (SELECT owner FROM dead) RETURNING id
        """,
        _PRESENCE,
    )
    return [row["id"] for row in rows]


async def insert_deployment(connection: Connection, deployment: Deployment, owner: str) -> None:
    """Keep what was asked for."""
    asked, policy = deployment.specification, deployment.specification.policy
    await connection.execute(
        """
        INSERT INTO jonar.deployments (id, component, version, replicas, cpu, memory, min_ready_seconds,
            min_replicas, max_replicas, target_requests, target_cpu, owner)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
        """,
        *(deployment.id, asked.component, asked.version, deployment.desired, asked.cpu, asked.memory),
        *(asked.min_ready_seconds, policy.min_replicas, policy.max_replicas),
        *(policy.target_requests, policy.target_cpu, owner),
    )


async def find_deployment(connection: Connection, deployment_id: str) -> dict[str, Any] | None:
    """One deployment's row."""
    row = await connection.fetchrow(
        f"SELECT {_DEPLOYMENT} FROM jonar.deployments WHERE id = $1",  # noqa: S608  the columns are ours
        deployment_id,
    )
    return dict(row) if row else None


async def list_deployments(connection: Connection, component: str | None, page: PageRequest) -> Found:
    """Deployments, the youngest first."""
    where = Where().add("component = ?", component)
    return await fetch_page(connection, _DEPLOYMENT, "jonar.deployments", where, "created_at DESC, id", page)


async def list_component_events(
    connection: Connection, component: str, type_: str | None, subject: str | None, page: PageRequest
) -> Found:
    """What happened to a component, the latest first; `details` are JSON values."""
    where = Where().add("component = ?", component).add("type = ?", type_).add("subject = ?", subject)
    columns = "id, component, type, subject, event, details, occurred_at"
    rows, total = await fetch_page(
        connection, columns, "jonar.component_events", where, "position DESC", page
    )
    return [row | {"details": orjson.loads(row["details"])} for row in rows], total


async def list_scaling_events(
    connection: Connection, component: str, type_: str | None, deployment_id: str | None, page: PageRequest
) -> Found:
    """Scaling decisions that were carried out, the latest first."""
    where = Where().add("component = ?", component).add("type = ?", type_)
    where.add("deployment_id = ?", deployment_id)
    columns = "id, deployment_id, component, type, from_replicas, to_replicas, reason, occurred_at"
    return await fetch_page(connection, columns, "jonar.scaling_events", where, "position DESC", page)


async def list_alerts(
    connection: Connection, type_: str | None, component: str | None, page: PageRequest
) -> Found:
    """Alerts, the latest first."""
    where = Where().add("type = ?", type_).add("component = ?", component)
    columns = "id, type, component, message, occurred_at"
    return await fetch_page(connection, columns, "jonar.alerts", where, "position DESC", page)


async def activity(connection: Connection, component: str) -> dict[str, int]:
    """How often each event of a component's work was told, such as `{"simulation.started": 4}`."""
    rows = await connection.fetch(
        """
        SELECT event, count(*) AS told FROM jonar.component_events
        WHERE type = 'workload' AND component = $1 GROUP BY event ORDER BY event
        """,
        component,
    )
    return {row["event"]: row["told"] for row in rows}


async def count_totals(connection: Connection) -> dict[str, int]:
    """Simulations that were told of, each once, and alerts raised."""
    row = await connection.fetchrow(
        """
        SELECT (SELECT count(DISTINCT subject) FROM jonar.component_events WHERE type = 'workload')
                   AS total_simulations,
               (SELECT count(*) FROM jonar.alerts) AS total_alerts
        """
    )
    return dict(row)
