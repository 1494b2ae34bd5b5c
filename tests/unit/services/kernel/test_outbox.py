"""Events leave the outbox in their order, and whoever wants to know returns when they have left."""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import asyncpg
import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from kernel.events import Event
from kernel.migrations import migrate
from kernel.outbox import move_batch, publish, told
from tests.unit.services.conftest import Cluster

CONNECTIONS = 4


@dataclass
class FakeStream:
    """Keeps what is added to it, as soon as it is let; its own pipeline."""

    added: list[Event] = field(default_factory=list)
    lets_through: asyncio.Event = field(default_factory=asyncio.Event)
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    failure: Exception | None = None
    _forms: list[str] = field(default_factory=list)

    def pipeline(self, *, transaction: bool) -> Self:
        """No transaction: the outbox's own is enough."""
        assert not transaction
        return self

    async def __aenter__(self) -> Self:
        self._forms.clear()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Nothing to give back."""

    def xadd(self, stream: str, fields: Mapping[str, str], *, maxlen: int, approximate: bool) -> None:
        """Note an event to be added."""
        assert (stream, maxlen > 0, approximate) == ("events:hoardwell", True, True)
        self._forms.append(fields["event"])

    async def execute(self) -> None:
        """Add what was noted."""
        forms = list(self._forms)
        self.asked.set()
        if self.failure is not None:
            raise self.failure
        await self.lets_through.wait()
        self.added += map(Event.decode, forms)


@dataclass(frozen=True)
class FakeService:
    """The two stores that an outbox stands between."""

    pool: "asyncpg.Pool[asyncpg.Record]"
    redis: FakeStream
    name: str = "hoardwell"

    @property
    def subjects(self) -> list[str]:
        """What was told of, in the stream's order."""
        return [event.subject for event in self.redis.added]

    async def publish(self, *subjects: str) -> None:
        """Commit events."""
        async with self.pool.acquire() as connection, connection.transaction():
            for subject in subjects:
                await publish(connection, self.name, "thing.made", subject=subject, payload={})


@pytest.fixture
async def service(cluster: Cluster) -> AsyncIterator[Any]:
    """Hoardwell's outbox in Postgres, empty, before a stream that lets everything through."""
    await migrate(cluster.url, ["hoardwell"])
    async with asyncpg.create_pool(cluster.url, min_size=0, max_size=CONNECTIONS) as pool:
        await pool.execute("TRUNCATE hoardwell.outbox")
        service = FakeService(pool, FakeStream())
        service.redis.lets_through.set()
        yield service


async def test_what_was_committed_is_told(service: Any) -> None:
    """More than one batch of it, in its order; with nothing to tell the stream is not asked."""
    await told(service, 30)
    assert not service.redis.asked.is_set()
    subjects = [f"thing_{number}" for number in range(250)]
    await service.publish(*subjects)
    await told(service, 30)
    assert service.subjects == subjects
    assert await service.pool.fetchval("SELECT count(*) FROM hoardwell.outbox") == 0


async def test_what_another_is_just_moving_is_waited_for(service: Any) -> None:
    """It is not told twice, and not taken to be told while it is on its way."""
    service.redis.lets_through.clear()
    await service.publish("thing_1")
    moving = asyncio.create_task(move_batch(service))
    await service.redis.asked.wait()
    assert await move_batch(service) == 0, "it is another's turn"
    waiting = asyncio.create_task(told(service, 30))
    while not await service.pool.fetchval(
        "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted)"
    ):
        assert not waiting.done()
    service.redis.lets_through.set()
    await waiting
    assert service.subjects == ["thing_1"]
    assert await moving == 1


@pytest.mark.parametrize("failure", [None, RedisConnectionError("gone")])
async def test_what_cannot_be_told_in_time_is_told_later(
    service: Any, failure: Exception | None, caplog: pytest.LogCaptureFixture
) -> None:
    """The answer goes out, the log says so, and the event stays where the relay finds it."""
    caplog.set_level(logging.WARNING, "kernel.outbox")
    service.redis.lets_through.clear()
    service.redis.failure = failure
    await service.publish("thing_1")
    await told(service, 0.05)
    assert "answers before it could tell its events" in caplog.text
    service.redis.failure = None
    service.redis.lets_through.set()
    await told(service, 30)
    assert service.subjects == ["thing_1"]
