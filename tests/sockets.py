"""Why this exists: tests talk to WebSockets in JSON frames and never wait for one for ever."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

Frame = dict[str, Any]
TIMEOUT = 5.0


class JsonSocket:
    """One connection; close it with `aclose`."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection

    @classmethod
    async def connect(cls, base_url: str) -> "JsonSocket":
        """Connect to `/ws/` of the service at `base_url`."""
        return cls(await connect(f"{base_url.replace('http', 'ws', 1)}/ws/", proxy=None))

    async def aclose(self) -> None:
        """Leave."""
        await self._connection.close()

    async def send(self, frame: Mapping[str, Any] | str) -> None:
        """Send a frame; text goes as it is, to see what becomes of frames that are none."""
        await self._connection.send(frame if isinstance(frame, str) else json.dumps(frame))

    async def recv(self) -> str | bytes:
        """The next frame as it came; TimeoutError when none comes within 5 s."""
        async with asyncio.timeout(TIMEOUT):
            return await self._connection.recv()

    async def receive(self) -> Frame:
        """The next frame; TimeoutError when none comes within 5 s."""
        frame: Frame = json.loads(await self.recv())
        return frame

    async def ask(self, frame: Mapping[str, Any] | str) -> Frame:
        """Send a frame and return the next that comes."""
        await self.send(frame)
        return await self.receive()

    async def authenticate(self, token: str) -> Frame:
        """Say who is speaking; the answer."""
        return await self.ask({"type": "auth", "token": token})

    async def close_code(self) -> int | None:
        """The code the service closed the connection with; TimeoutError when it does not close it within 5 s."""
        try:
            while True:
                await self.receive()
        except ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd else None
