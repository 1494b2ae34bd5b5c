"""Why this exists: an update sent in one process reaches the subscribers of all processes, through Redis pub/sub."""

import asyncio
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from kernel.errors import ApiError
from kernel.responses import to_json
from kernel.service import Service
from kernel.tokens import Principal

UPDATES = "user_updates:"
REVOKED = "tokens:revoked"
MAILBOX_SIZE = 256
CONNECT_TIMEOUT = 5.0


@dataclass(frozen=True, slots=True)
class Goodbye:
    """Why a connection is ended by the service."""

    code: str
    message: str


class Mailbox:
    """What one connection has still to be sent. A client that reads too slowly is sent away."""

    def __init__(self, principal: Principal) -> None:
        self.principal = principal
        self._queue: asyncio.Queue[bytes | Goodbye] = asyncio.Queue(MAILBOX_SIZE)

    def put(self, message: bytes) -> None:
        """Add a message, or end the connection when too many are waiting."""
        if self._queue.full():
            self.end(Goodbye("too_slow", "Messages were not read quickly enough."))
        else:
            self._queue.put_nowait(message)

    def end(self, goodbye: Goodbye) -> None:
        """Let `goodbye` be the only thing left to be sent."""
        while not self._queue.empty():
            self._queue.get_nowait()
        self._queue.put_nowait(goodbye)

    async def get(self) -> bytes | Goodbye:
        """The next thing to send."""
        return await self._queue.get()


class Hub:
    """The subscriptions of one process. Made before the service runs; does no I/O itself until `run`."""

    def __init__(self) -> None:
        self._subscribers: defaultdict[str, set[Mailbox]] = defaultdict(set)
        self._connected = asyncio.Event()

    def subscribe(self, user_id: str, mailbox: Mailbox) -> None:
        """Deliver the updates of a user into a mailbox."""
        self._subscribers[user_id].add(mailbox)

    def unsubscribe(self, user_id: str, mailbox: Mailbox) -> None:
        """Deliver them no longer."""
        subscribers = self._subscribers.get(user_id, set())
        subscribers.discard(mailbox)
        if not subscribers:
            self._subscribers.pop(user_id, None)

    def leave(self, mailbox: Mailbox) -> None:
        """Deliver nothing into a mailbox any more."""
        for user_id in [user_id for user_id, mailboxes in self._subscribers.items() if mailbox in mailboxes]:
            self.unsubscribe(user_id, mailbox)

    async def publish(self, service: Service, user_id: str, data: Any) -> None:
        """Send an update to the subscribers in all processes.

        Raises:
            ApiError: 503 while this process is not connected to the others.
        """
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT):
                await self._connected.wait()
        except TimeoutError as error:
            raise ApiError(503, "unavailable", "Updates cannot be passed on at present.") from error
        frame = {"type": "user_update", "user_id": user_id, "data": data}
        await service.redis.publish(UPDATES + user_id, to_json(frame))

    async def run(self, service: Service) -> None:
        """Deliver what comes from Redis, until cancelled."""
        async with service.redis.pubsub() as pubsub:
            await pubsub.psubscribe(UPDATES + "*")
            await pubsub.subscribe(REVOKED)
            try:
                async for message in pubsub.listen():
                    self._receive(message)
            finally:
                self._connected.clear()

    def _receive(self, message: dict[str, Any]) -> None:
        match message["type"]:
            case "subscribe":  # the last of the two that `run` asks for
                self._connected.set()
            case "pmessage":
                user_id = message["channel"].decode().removeprefix(UPDATES)
                for mailbox in tuple(self._subscribers.get(user_id, ())):
                    mailbox.put(message["data"])
            case "message":
                self._end_revoked(message["data"].decode())

    def _end_revoked(self, token_id: str) -> None:
        goodbye = Goodbye("token_revoked", "The token was revoked.")
        for mailbox in {mailbox for mailboxes in self._subscribers.values() for mailbox in mailboxes}:
            if mailbox.principal.token_id == token_id:
                mailbox.end(goodbye)
