"""Why this exists: a message reaches the live feeds of its recipients in whichever process they are connected to.

Postgres tells every process which messages were committed (kernel.changes). A feed that may have missed one is closed
rather than left with a gap: its client reads the inbox and connects anew.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from hoardwell.inbox import deliveries
from kernel.service import Service

BACKLOG = 1000  # frames that a slow client may lag behind

Frame = dict[str, Any]


class Subscriber:
    """One connection's frames on their way out; None is the last of them."""

    def __init__(self, backlog: int = BACKLOG) -> None:
        self.frames: asyncio.Queue[Frame | None] = asyncio.Queue(backlog)
        self.is_cut_off = False

    def push(self, frame: Frame) -> None:
        """Queue a frame; a client that lags too far behind is cut off."""
        try:
            self.frames.put_nowait(frame)
        except asyncio.QueueFull:
            self.cut_off()

    def cut_off(self) -> None:
        """End the feed: what is queued is dropped, for it would not be followed by what came after."""
        self.is_cut_off = True
        while not self.frames.empty():
            self.frames.get_nowait()
        self.frames.put_nowait(None)


class Feed:
    """The live feeds of one process."""

    def __init__(self) -> None:
        self._subscribers: dict[str, set[Subscriber]] = defaultdict(set)
        self._arrived: asyncio.Queue[str] = asyncio.Queue()
        self._is_listening = asyncio.Event()

    async def run(self, service: Service) -> None:
        """Pass on what arrives until cancelled; whatever ends this ends the feeds."""
        try:
            with service.changes.observed("messages", self.heard):
                while True:
                    await self._pass_on(service, await self._next_ids())
        finally:
            self._cut_all_off()

    def heard(self, words: str | None) -> None:
        """Note the ids of messages that arrived; None for a time that nothing was heard of."""
        if words is None:
            self._cut_all_off()
            self._is_listening.set()
        elif self._subscribers:
            self._arrived.put_nowait(words)

    async def listening(self) -> None:
        """Return once messages that arrive from now on are heard of."""
        await self._is_listening.wait()

    @contextmanager
    def subscribed(self, subscriber: Subscriber, user_id: str) -> Iterator[None]:
        """Deliver a user's messages to `subscriber` for as long as the block lasts."""
        self._subscribers[user_id].add(subscriber)
        try:
            yield
        finally:
            self._subscribers[user_id].discard(subscriber)
            if not self._subscribers[user_id]:
                del self._subscribers[user_id]

    async def _next_ids(self) -> list[str]:
        """The ids of everything that arrived since the last call; waits for at least one."""
        batch = [await self._arrived.get()]
        while not self._arrived.empty():
            batch.append(self._arrived.get_nowait())
        return " ".join(batch).split()

    async def _pass_on(self, service: Service, message_ids: list[str]) -> None:
        for row in await deliveries(service.pool, message_ids, list(self._subscribers)):
            data = dict(row)
            user_id = data.pop("recipient")
            frame = {"type": "message", "channel": "messages", "user_id": user_id, "data": data}
            for subscriber in self._subscribers.get(user_id, ()):
                subscriber.push(frame)

    def _cut_all_off(self) -> None:
        for subscribers in self._subscribers.values():
            for subscriber in subscribers:
                subscriber.cut_off()
