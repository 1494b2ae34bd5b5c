"""Why this exists: who is connected to a keeper, and that each hears what is told, also from before it came."""

import asyncio
import contextlib
from collections.abc import Mapping
from typing import Any

from harness.events.facts import Event, encode
from harness.keeper.protocol import NEW, encode_line

_PARTING = 1.0  # seconds that the last words may take to be read


class Audience:
    """The connections to one keeper."""

    def __init__(self) -> None:
        self._history: list[bytes] = []  # facts and words
        self._words: list[bytes] = []
        self._connections: set[asyncio.StreamWriter] = set()  # also of those who are not admitted yet
        self._clients: set[asyncio.StreamWriter] = set()
        self._listeners: set[asyncio.StreamWriter] = set()  # the clients that want facts

    def __contains__(self, client: asyncio.StreamWriter) -> bool:
        """Whether it was welcomed, and somebody reads there."""
        return client in self._clients

    def connect(self, client: asyncio.StreamWriter) -> None:
        """Somebody has come; who that is shows when it speaks."""
        self._connections.add(client)

    def welcome(self, client: asyncio.StreamWriter, facts: object) -> None:
        """From now on it hears what is told; what was told before comes first.

        Args:
            client: Somebody who is connected.
            facts: What it said to whether it wants facts: falsy for none, `NEW` for those from now on.
        """
        self._clients.add(client)
        if facts:
            self._listeners.add(client)
        client.writelines(self._history if facts and facts != NEW else self._words)

    def state(self, event: Event) -> None:
        """A fact, for those who want facts."""
        line = encode_line({"event": encode(event)})
        self._history.append(line)
        for client in self._listeners:
            client.write(line)

    def tell(self, message: Mapping[str, Any]) -> None:
        """Everybody hears it, also who comes later."""
        line = encode_line(message)
        self._history.append(line)
        self._words.append(line)
        for client in self._clients:
            client.write(line)

    def mute(self, client: asyncio.StreamWriter) -> None:
        """Nobody reads there any more."""
        self._clients.discard(client)

    def dismiss(self, client: asyncio.StreamWriter) -> None:
        """It hears nothing more. Idempotent."""
        for group in (self._connections, self._clients, self._listeners):
            group.discard(client)
        client.close()

    async def part(self) -> None:
        """Let what was said arrive; a client that does not read is cut off, as is who has not said who it is."""
        for connection in self._connections:
            connection.close()
        closing = {asyncio.create_task(_closed(each)): each for each in self._connections}
        if not closing:
            return
        _, deaf = await asyncio.wait(closing, timeout=_PARTING)
        for task in deaf:
            closing[task].transport.abort()
        await asyncio.wait(closing)


async def _closed(connection: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):  # it died meanwhile
        await connection.wait_closed()
