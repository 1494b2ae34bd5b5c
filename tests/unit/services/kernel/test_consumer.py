"""An event takes effect once, is tried again while there is hope, and is put aside when there is none."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from kernel import consumer as module
from kernel.consumer import Consumer, ConsumerLoop
from kernel.events import Event

EVENT = Event("evt_1", "thing.made", "distilera", "thing_1", None, datetime(2026, 1, 1, tzinfo=UTC), {})
ENTRY = (b"1-0", {b"event": EVENT.encode()})


class FakeConnection:
    """Notes which events were consumed and which were put aside; what fails in a transaction is undone."""

    def __init__(self) -> None:
        self.consumed: set[str] = set()
        self.dead: list[str] = []

    async def execute(self, sql: str, *values: Any) -> str:
        """The two statements a consumer sends."""
        if "dead_letters" in sql:
            self.dead.append(values[3])
            return "INSERT 0 1"
        is_new = values[0] not in self.consumed
        self.consumed.add(values[0])
        return f"INSERT 0 {int(is_new)}"

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[None]:
        """Undo notes when the body fails."""
        before = set(self.consumed)
        try:
            yield
        except Exception:
            self.consumed = before
            raise

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator["FakeConnection"]:
        """It is its own pool."""
        yield self


class FakeStream:
    """Remembers which entries were acknowledged."""

    def __init__(self) -> None:
        self.acknowledged: list[bytes] = []

    async def xack(self, _stream: str, _group: str, entry_id: bytes) -> None:
        """Note an entry."""
        self.acknowledged.append(entry_id)


class FakeService:
    """The two stores that a consumer uses."""

    def __init__(self) -> None:
        self.pool = FakeConnection()
        self.redis = FakeStream()


class FakeHandler:
    """Fails as often as it is told to."""

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)
        self.handled: list[Event] = []

    async def __call__(self, _connection: Any, event: Event) -> None:
        self.handled.append(event)
        if self.failures:
            raise self.failures.pop(0)


@pytest.fixture(autouse=True)
def no_delay(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tries follow each other at once."""
    monkeypatch.setattr(module, "RETRY_DELAY", 0.0)


def loop_of(service: FakeService, handler: FakeHandler) -> ConsumerLoop:
    """One consumer of a group called `hoardwell`."""
    stand_in: Any = service
    return ConsumerLoop(stand_in, Consumer("distilera", "hoardwell", handler, tries=3))


async def test_an_event_that_arrives_twice_takes_effect_once() -> None:
    """Both deliveries are acknowledged."""
    service, handler = FakeService(), FakeHandler()
    await loop_of(service, handler)._handle_all([ENTRY, (b"2-0", ENTRY[1])])
    assert handler.handled == [EVENT]
    assert service.redis.acknowledged == [b"1-0", b"2-0"]


async def test_a_failure_is_tried_again() -> None:
    """In a new transaction."""
    service, handler = FakeService(), FakeHandler(KeyError("not yet"))
    await loop_of(service, handler)._handle_all([ENTRY])
    assert handler.handled == [EVENT, EVENT]
    assert service.pool.consumed == {"evt_1"}
    assert service.pool.dead == []


async def test_poison_is_put_aside_and_later_events_go_on() -> None:
    """After as many tries as the consumer says, with the reason."""
    service, handler = FakeService(), FakeHandler(*[KeyError("amount")] * 3)
    healthy = Event("evt_2", "thing.made", "distilera", "thing_2", None, EVENT.occurred_at, {})
    await loop_of(service, handler)._handle_all([ENTRY, (b"2-0", {b"event": healthy.encode()})])
    assert service.pool.dead == ["KeyError: 'amount'"]
    assert handler.handled == [EVENT, EVENT, EVENT, healthy]
    assert service.redis.acknowledged == [b"1-0", b"2-0"]


async def test_what_is_no_event_is_put_aside_at_once() -> None:
    """Trying again would not make it one."""
    service, handler = FakeService(), FakeHandler()
    await loop_of(service, handler)._handle_all([(b"1-0", {b"event": b"junk"})])
    assert handler.handled == []
    assert len(service.pool.dead) == 1
    assert service.redis.acknowledged == [b"1-0"]


async def test_an_outage_puts_nothing_aside() -> None:
    """The event stays unacknowledged, for this consumer or another one to take up later."""
    service, handler = FakeService(), FakeHandler(ConnectionResetError("database gone"))
    with pytest.raises(ConnectionResetError):
        await loop_of(service, handler)._handle_all([ENTRY])
    assert service.redis.acknowledged == []
    assert service.pool.consumed == set()
    assert service.pool.dead == []


async def test_an_entry_trimmed_from_the_stream_is_passed_over() -> None:
    """Redis hands out its id without its fields."""
    service, handler = FakeService(), FakeHandler()
    await loop_of(service, handler)._handle_all([(b"1-0", None)])
    assert handler.handled == []
    assert service.redis.acknowledged == [b"1-0"]
