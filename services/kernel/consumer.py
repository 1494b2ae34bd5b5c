"""Why this exists: events of other services take effect here exactly once, although they may arrive twice or late.

A consumer group reads the stream; each event is handled in one transaction together with a note that it was. Entries of
a consumer that died are claimed by another. What fails again and again becomes a dead letter and is passed over.
Several processes share a group, so unrelated events may be handled in another order than they happened in.
"""

import asyncio
import logging
import os
import secrets
import socket
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from redis.exceptions import ResponseError

from kernel.changes import Connection
from kernel.events import Event, stream_of
from kernel.stores import OUTAGES, is_outage

if TYPE_CHECKING:
    from kernel.service import Service

log = logging.getLogger("kernel.consumer")

Handler = Callable[[Connection, Event], Awaitable[None]]
Entry = tuple[bytes, dict[bytes, bytes] | None]

BATCH = 64
BLOCK = 2.0  # seconds that one read waits for news
CLAIM_AFTER = 5.0  # seconds without a sign of life after which an entry is taken over
RETRY_DELAY = 0.5


@dataclass(frozen=True, slots=True)
class Consumer:
    """What to do with the events of another service.

    Args:
        service: Whose stream is read.
        group: Who reads: a service's name, whose schema notes what was consumed.
        handler: `async handler(connection, event)`, inside a transaction; it raises when it cannot, and is then
            tried again. It ignores types it does not know.
        tries: After how many failures an event becomes a dead letter.
    """

    service: str
    group: str
    handler: Handler
    tries: int = 5


class ConsumerLoop:
    """One process's share in a consumer group."""

    def __init__(self, service: "Service", consumer: Consumer) -> None:
        self._consumer = consumer
        self._pool = service.pool
        self._redis = service.redis
        self._stream = stream_of(consumer.service)
        self._name = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(2)}"

    async def run(self) -> None:
        """Consume until cancelled."""
        while True:
            try:
                await self._run_once()
            except ResponseError as error:
                if not str(error).startswith(("NOGROUP", "UNBLOCKED")):
                    raise
                await self._create_group()
            except OUTAGES as error:
                log.warning(
                    "%s cannot consume %s (%s); trying again", self._consumer.group, self._stream, error
                )
                await asyncio.sleep(RETRY_DELAY)

    async def _run_once(self) -> None:
        await self._create_group()
        clock = asyncio.get_running_loop().time
        claim_at = clock()
        while True:
            if clock() >= claim_at:
                claim_at = clock() + CLAIM_AFTER
                await self._handle_all(await self._claim())
            await self._handle_all(await self._read())

    async def _create_group(self) -> None:
        try:
            await self._redis.xgroup_create(self._stream, self._consumer.group, id="0", mkstream=True)
        except ResponseError as error:
            if not str(error).startswith("BUSYGROUP"):
                raise

    async def _read(self) -> list[Entry]:
        answer: Any = await self._redis.xreadgroup(
            self._consumer.group, self._name, {self._stream: ">"}, count=BATCH, block=round(BLOCK * 1000)
        )
        return [entry for _, entries in _pairs(answer) for entry in entries]

    async def _claim(self) -> list[Entry]:
        answer: Any = await self._redis.xautoclaim(
            self._stream, self._consumer.group, self._name, round(CLAIM_AFTER * 1000), count=BATCH
        )
        return [(entry[0], entry[1]) for entry in answer[1] if entry is not None and entry[0] is not None]

    async def _handle_all(self, entries: list[Entry]) -> None:
        """Handle entries in their order. Those that are left when we have to stop may be claimed at once."""
        left = deque(entries)
        try:
            while left:
                entry_id, fields = left[0]
                if fields:  # an entry trimmed from the stream meanwhile has none
                    await self._handle(fields[b"event"])
                await self._redis.xack(self._stream, self._consumer.group, entry_id)
                left.popleft()
        except asyncio.CancelledError:
            await self._hand_back([entry_id for entry_id, _ in left])
            raise

    async def _hand_back(self, entry_ids: list[bytes]) -> None:
        """Let entries look as if we had been silent for long enough; without Redis they will be in time."""
        age = round(CLAIM_AFTER * 1000)
        with suppress(*OUTAGES):
            await self._redis.xclaim(
                self._stream, self._consumer.group, self._name, 0, [*entry_ids], idle=age, justid=True
            )

    async def _handle(self, form: bytes) -> None:
        try:
            event = Event.decode(form)
        except ValueError as error:
            await self._bury(f"unreadable {form[:40]!r}", form, error)
            return
        await self._try_repeatedly(event, form)

    async def _try_repeatedly(self, event: Event, form: bytes) -> None:
        """Handle an event here and now, several times if need be, so that later events do not overtake it."""
        for number in range(1, self._consumer.tries + 1):
            try:
                await self._take_effect(event)
            except Exception as error:
                if is_outage(error):
                    raise
                log.exception(
                    "%s failed on %s %s (try %d)", self._consumer.group, event.type, event.id, number
                )
                if number == self._consumer.tries:
                    await self._bury(event.id, form, error)
                    return
                await asyncio.sleep(RETRY_DELAY * number / 10)
            else:
                return

    async def _take_effect(self, event: Event) -> None:
        async with self._pool.acquire() as connection, connection.transaction():
            if await self._note(connection, event.id):
                await self._consumer.handler(connection, event)

    async def _note(self, connection: Connection, event_id: str) -> bool:
        """Note that the event is consumed; False when it already was."""
        sql = f"INSERT INTO {self._consumer.group}.consumed_events (event_id) VALUES ($1) ON CONFLICT DO NOTHING"  # noqa: S608 - the SQL is ours
        return bool(await connection.execute(sql, event_id) == "INSERT 0 1")

    async def _bury(self, event_id: str, form: bytes, error: Exception) -> None:
        log.error("%s gives up on %s from %s: %s", self._consumer.group, event_id, self._stream, error)
        async with self._pool.acquire() as connection, connection.transaction():
            await self._note(connection, event_id)
            await connection.execute(
                f"INSERT INTO {self._consumer.group}.dead_letters (event_id, stream, form, error)"  # noqa: S608 - the SQL is ours
                " VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
                event_id,
                self._stream,
                form.decode(errors="replace"),
                f"{type(error).__name__}: {error}",
            )


def _pairs(answer: Any) -> list[tuple[bytes, list[Entry]]]:
    """XREADGROUP's answer: pairs under RESP2, a mapping under RESP3, nothing when the wait ended."""
    if not answer:
        return []
    if isinstance(answer, dict):
        return [(stream, [e for part in parts for e in _flat(part)]) for stream, parts in answer.items()]
    return list(answer)


def _flat(part: Any) -> list[Entry]:
    return [part] if isinstance(part, tuple) else list(part)
