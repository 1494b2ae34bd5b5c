"""Why this exists: an event is told exactly when the change it tells of is committed, never without it.

`publish` writes the event into the service's own outbox table in the caller's transaction; the relay moves it to the
Redis stream afterwards. A crash between the two may tell it twice, never not at all; consumers know each event once.
A request that prefers to wait (`Prefer: wait=5`, RFC 7240) is answered once its events are in the stream.
"""

import asyncio
import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from redis.exceptions import RedisError

from kernel.changes import Connection, wait_for
from kernel.events import Event, stream_of
from kernel.ids import new_id
from kernel.stores import OUTAGES

if TYPE_CHECKING:
    from kernel.service import Service

log = logging.getLogger("kernel.outbox")

TOPIC = "outbox"
BATCH = 200
SAFETY_POLL = 2.0  # seconds between looks when nobody calls
RETRY_DELAY = 0.5
STREAM_LENGTH = 100_000


async def publish(
    connection: Connection,
    service: str,
    type: str,  # noqa: A002 - the word every event format uses
    *,
    subject: str,
    user_id: str | None = None,
    payload: Mapping[str, Any],
) -> Event:
    """Tell of something that happened, if and when the caller's transaction commits."""
    event = Event(new_id("evt"), type, service, subject, user_id, datetime.now(UTC), payload)
    await connection.execute(
        f"""
        WITH written AS (INSERT INTO {service}.outbox (event_id, form) VALUES ($1, $2) RETURNING event_id)
        SELECT pg_notify('changes_{service}', '{TOPIC}') FROM written
        """,  # noqa: S608 - a service's name is ours
        event.id,
        event.encode().decode(),
    )
    return event


async def relay(service: "Service") -> None:
    """Move events from the outbox to the stream until cancelled, woken by each commit that wrote some.

    Every process of a service runs one. Only one moves at a time, so that events keep the order they were written in;
    one that finds another at work lets it finish, for that one is woken by the same commits.
    """
    with service.changes.watch(TOPIC) as woken:
        while True:
            woken.clear()
            if not await _try_to_move(service):
                await wait_for(woken, SAFETY_POLL)


async def _try_to_move(service: "Service") -> int:
    try:
        return await move_batch(service)
    except OUTAGES as error:
        log.warning("%s cannot pass on its events (%s); trying again", service.name, error)
        await asyncio.sleep(RETRY_DELAY)
        return 0


async def move_batch(service: "Service", *, is_patient: bool = False) -> int:
    """Move up to 200 events; returns how many. While another moves some: none, or wait for it to have done."""
    async with service.pool.acquire() as connection, connection.transaction():
        if not await _has_turn(connection, service, is_patient):
            return 0
        rows = await connection.fetch(
            f"""
            DELETE FROM {service.name}.outbox WHERE position IN (
                SELECT position FROM {service.name}.outbox ORDER BY position LIMIT {BATCH})
            RETURNING position, form
            """  # noqa: S608 - a service's name is ours
        )
        if rows:
            await _append(service, [row["form"] for row in sorted(rows, key=lambda row: row["position"])])
    return len(rows)


async def _has_turn(connection: Connection, service: "Service", is_patient: bool) -> bool:
    """Whether nobody else moves events, until the caller's transaction ends."""
    turn = f"outbox {service.name}"
    if not is_patient:
        return bool(await connection.fetchval("SELECT pg_try_advisory_xact_lock(hashtext($1))", turn))
    await connection.execute("SELECT pg_advisory_xact_lock(hashtext($1))", turn)
    return True


async def told(service: "Service", timeout: float) -> None:
    """Return once every event committed until now is in the stream, at the latest after `timeout` seconds.

    It does not wait for the relay's turn but moves what is left itself. What cannot be told now is told later.
    """
    try:
        async with asyncio.timeout(timeout):
            await _all_moved(service)
    except (RedisError, *OUTAGES) as error:
        log.warning("%s answers before it could tell its events (%r)", service.name, error)


async def _all_moved(service: "Service") -> None:
    last = await service.pool.fetchval(f"SELECT max(position) FROM {service.name}.outbox")  # noqa: S608 - the SQL is ours
    left = f"SELECT EXISTS (SELECT FROM {service.name}.outbox WHERE position <= $1)"  # noqa: S608 - the SQL is ours
    while last is not None and await service.pool.fetchval(left, last):
        await move_batch(service, is_patient=True)


async def _append(service: "Service", forms: list[str]) -> None:
    async with service.redis.pipeline(transaction=False) as pipeline:
        for form in forms:
            pipeline.xadd(stream_of(service.name), {"event": form}, maxlen=STREAM_LENGTH, approximate=True)
        await pipeline.execute()
