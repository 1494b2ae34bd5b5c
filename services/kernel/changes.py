"""Why this exists: whoever waits for something to appear is woken when it does, in whichever process it happens.

A transaction announces a topic; Postgres tells every process after the commit (NOTIFY); waiting readers look again.
Before they first look, they wait for what other services had told by then (kernel.backlog).
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import asyncpg

from kernel.stores import CONNECT_TIMEOUT, OUTAGES

log = logging.getLogger("kernel.changes")

T = TypeVar("T")
Connection = Any  # asyncpg's Connection, its pool proxy, or a Pool
Consumed = Callable[[float], Awaitable[bool]]

LONGEST_WAIT = 60.0
SAFETY_POLL = 1.0  # seconds after which a waiting reader looks even if nobody called
RETRY_DELAY = 0.5


async def announce(connection: Connection, service: str, topic: str) -> None:
    """Wake, once the caller's transaction commits, whoever waits for `topic` in any process of `service`."""
    await connection.execute("SELECT pg_notify($1, $2)", _channel(service), topic)


def _channel(service: str) -> str:
    return f"changes_{service}"


class Changes:
    """The topics one process waits for, fed by one connection that listens for all of them.

    Args:
        consumed: Waits, at most so many seconds, for the effects of what other services have told; None for no others.
    """

    def __init__(self, database_url: str, service: str, consumed: Consumed | None = None) -> None:
        self._consumed = consumed
        self._database_url = database_url
        self._service = service
        self._waiting: dict[str, set[asyncio.Event]] = defaultdict(set)
        self._observers: dict[str, list[Callable[[str | None], None]]] = defaultdict(list)

    async def until(
        self, topic: str, look: Callable[[], Awaitable[T]], wait: float, *, enough: Callable[[T], bool] = bool
    ) -> T:
        """What `look` returns, as soon as that is `enough`, at the latest after `wait` seconds.

        Who waits finds the effects of everything that other services had told before the question.

        Args:
            topic: The word that writers announce, such as `messages` or `user:user_1`.
            look: Reads the present state; called again after each announcement.
            wait: Seconds, at most 60; 0 looks once, at once.
            enough: Whether what was found is what the caller waits for; by default, whether it is truthy.
        """
        deadline = _now() + min(wait, LONGEST_WAIT)
        if self._consumed is not None and wait > 0:
            await self._consumed(min(wait, LONGEST_WAIT))
        with self.watch(topic) as woken:
            while True:
                woken.clear()
                found = await look()
                left = deadline - _now()
                if left <= 0 or enough(found):
                    return found
                await wait_for(woken, min(left, SAFETY_POLL))

    @contextmanager
    def watch(self, topic: str) -> Iterator[asyncio.Event]:
        """An event that is set at each announcement of `topic`. Clear it before looking, so that none is missed."""
        woken = asyncio.Event()
        self._waiting[topic].add(woken)
        try:
            yield woken
        finally:
            self._waiting[topic].discard(woken)
            if not self._waiting[topic]:
                del self._waiting[topic]

    @contextmanager
    def observed(self, topic: str, heard: Callable[[str | None], None]) -> Iterator[None]:
        """Call `heard` with what each announcement of `topic` says (the lines after the topic's own).

        None instead of words: listening begins (again), announcements before this may have been missed.
        """
        self._observers[topic].append(heard)
        try:
            yield
        finally:
            self._observers[topic].remove(heard)

    def wake(self, topic: str) -> None:
        """Let everyone who waits for `topic` in this process look again."""
        for event in self._waiting.get(topic, ()):
            event.set()

    def wake_all(self) -> None:
        """Let everyone look again, as after a time of not listening."""
        for topic in list(self._waiting):
            self.wake(topic)

    async def listen(self) -> None:
        """Listen until cancelled, connecting anew whenever the connection is lost."""
        while True:
            try:
                await self._listen_once()
                log.warning("%s lost its listening connection to Postgres; connecting anew", self._service)
            except OUTAGES as error:
                log.warning("%s cannot listen to Postgres (%s); trying again", self._service, error)
            await asyncio.sleep(RETRY_DELAY)

    async def _listen_once(self) -> None:
        lost = asyncio.Event()
        connection = await asyncpg.connect(self._database_url, timeout=CONNECT_TIMEOUT)
        try:
            connection.add_termination_listener(lambda _: lost.set())
            await connection.add_listener(_channel(self._service), self._notified)
            self._began_listening()
            await lost.wait()
        finally:
            connection.terminate()

    def _notified(self, _connection: object, _pid: int, _channel: str, payload: object) -> None:
        topic, _, words = str(payload).partition("\n")
        self.wake(topic)
        for heard in tuple(self._observers.get(topic, ())):
            heard(words)

    def _began_listening(self) -> None:
        self.wake_all()
        for heard in [heard for observers in self._observers.values() for heard in observers]:
            heard(None)


def _now() -> float:
    return asyncio.get_running_loop().time()


async def wait_for(event: asyncio.Event, timeout: float) -> bool:
    """Whether `event` was set within `timeout` seconds."""
    try:
        async with asyncio.timeout(timeout):
            return await event.wait()
    except TimeoutError:
        return False
