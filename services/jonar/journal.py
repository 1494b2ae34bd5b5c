"""Why this exists: facts reach the database in the order they happened, also when it was away for a while.

What Jonar does must not wait for its record, and must not fail because of it: facts are queued and written one by
one, each in a transaction together with the event that tells other services. Writing a fact twice has no effect.
"""

import asyncio
import logging
from collections import deque

import asyncpg

from jonar.facts import Alert, Fact
from kernel.changes import Connection, announce
from kernel.outbox import publish
from kernel.responses import to_json
from kernel.service import Service

_RETRY_DELAY = 0.5
_UNWRITABLE = (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError)
_STORE_ERRORS = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError)
_log = logging.getLogger(__name__)


class Journal:
    """The facts of this process on their way to the database."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._facts: deque[Fact] = deque()
        self._wake = asyncio.Event()

    @property
    def is_empty(self) -> bool:
        """Whether all that was noted is in the database."""
        return not self._facts

    def note(self, fact: Fact) -> None:
        """Queue a fact."""
        self._facts.append(fact)
        self._wake.set()

    async def run(self) -> None:
        """Write facts as they come, until cancelled; what is queued then is left for `drain`."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            await self.drain()

    async def drain(self) -> None:
        """Write everything that is queued, however long the database takes to answer again.

        A fact that the database will never take is logged and dropped, lest the others wait for it for ever.
        """
        while self._facts:
            try:
                await self._write(self._facts[0])
            except _UNWRITABLE:
                _log.exception("a fact could not be recorded: %r", self._facts[0])
            except _STORE_ERRORS as error:
                _log.warning("%d facts wait for the database (%r)", len(self._facts), error)
                await asyncio.sleep(_RETRY_DELAY)
                continue
            self._facts.popleft()

    async def _write(self, fact: Fact) -> None:
        async with self._service.pool.acquire() as connection, connection.transaction():
            await record(connection, fact)


async def record(connection: Connection, fact: Fact) -> None:
    """Write one fact and what follows from it, in the caller's transaction."""
    if not await _insert_event(connection, fact):
        return
    if fact.type == "scaled":
        await _insert_scaling(connection, fact)
    if fact.type == "updated":
        version = fact.details["to_version"]
        await connection.execute(
            "UPDATE jonar.deployments SET version = $2 WHERE id = $1", fact.deployment_id, version
        )
    if fact.type == "stopped":
        await connection.execute(
            "UPDATE jonar.deployments SET stopped_at = $2 WHERE id = $1", fact.deployment_id, fact.occurred_at
        )
    if fact.published is not None:
        payload = {"component": fact.component, **fact.details}
        await publish(connection, "jonar", fact.published, subject=fact.deployment_id, payload=payload)
    if fact.alert is not None:
        await raise_alert(connection, fact.id, fact.component, fact.alert)
    await announce(connection, "jonar", f"component:{fact.component}")


async def _insert_event(connection: Connection, fact: Fact) -> bool:
    """False when the fact was written before."""
    status = await connection.execute(
        """
        INSERT INTO jonar.component_events (id, component, type, subject, details, occurred_at)
        VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (id) DO NOTHING
        """,
        *(fact.id, fact.component, fact.type, fact.deployment_id),
        *(to_json(fact.details).decode(), fact.occurred_at),
    )
    return bool(status == "INSERT 0 1")


async def _insert_scaling(connection: Connection, fact: Fact) -> None:
    before, after = fact.details["from_replicas"], fact.details["to_replicas"]
    await connection.execute(
        """
        INSERT INTO jonar.scaling_events
            (id, deployment_id, component, type, from_replicas, to_replicas, reason, occurred_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        """,
        *(fact.id, fact.deployment_id, fact.component),
        *("scale_up" if after > before else "scale_down", before, after),
        *(fact.details["reason"], fact.occurred_at),
    )
    await connection.execute(
        "UPDATE jonar.deployments SET replicas = $2 WHERE id = $1", fact.deployment_id, after
    )


async def raise_alert(connection: Connection, alert_id: str, component: str, alert: Alert) -> None:
    """Write an alert and tell of it, in the caller's transaction; an id that was used before has no effect."""
    status = await connection.execute(
        """
        INSERT INTO jonar.alerts (id, type, component, message, occurred_at)
        VALUES ($1, $2, $3, $4, now()) ON CONFLICT (id) DO NOTHING
        """,
        *(alert_id, alert.type, component, alert.message),
    )
    if status == "INSERT 0 1":
        payload = {"type": alert.type, "component": component, "message": alert.message}
        await publish(connection, "jonar", "alert.raised", subject=alert_id, payload=payload)
        await announce(connection, "jonar", "alerts")
