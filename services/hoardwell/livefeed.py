"""Why this exists: the client's side of the live feed, subscribed before anything can be missed."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Self

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from hoardwell.records import Message
from kernel.client import ClientError

Frame = dict[str, Any]


class LiveFeed:
    """A user's messages as they are delivered.

    Args:
        base_url: Hoardwell's address.
        token: Gives the bearer token to authenticate with.
        user_id: Whose messages.
    """

    def __init__(self, base_url: str, token: Callable[[], Awaitable[str | None]], user_id: str) -> None:
        self._url = base_url.replace("http", "ws", 1) + "/ws/"
        self._token = token
        self._user_id = user_id
        self._socket: ClientConnection | None = None

    async def __aenter__(self) -> Self:
        """Connect and subscribe.

        Raises:
            ClientError: the service does not answer, or refuses.
        """
        try:
            self._socket = await connect(self._url, proxy=None)
        except OSError as error:
            raise self._error(0, "unreachable", str(error)) from error
        try:
            await self._subscribe()
        except BaseException:
            await self.aclose()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Leave the feed."""
        socket, self._socket = self._socket, None
        if socket is not None:
            await socket.close()

    async def __aiter__(self) -> AsyncIterator[Message]:
        """Yield messages as they arrive, until the caller stops.

        Raises:
            ClientError: the service ended the feed; what arrived meanwhile is in the inbox.
        """
        if self._socket is None:
            async with self:
                async for message in self:
                    yield message
        while True:
            frame = await self._receive()
            if frame["type"] == "message":
                yield Message.of(frame["data"])

    async def _subscribe(self) -> None:
        """Authenticate and subscribe; nothing that is sent to the user from now on is missed."""
        auth = {"type": "auth", "token": await self._token()}
        answer = await self._ask(auth)
        if answer.get("status") != "authenticated":
            raise self._error(401, "unauthorized", str(answer.get("message")))
        answer = await self._ask({"type": "subscribe", "channel": "messages", "user_id": self._user_id})
        if answer["type"] != "subscribed":
            raise self._error(403, str(answer.get("code")), str(answer.get("message")))

    async def _ask(self, question: Frame) -> Frame:
        await self._connected.send(json.dumps(question))
        return await self._receive()

    async def _receive(self) -> Frame:
        try:
            frame: Frame = json.loads(await self._connected.recv())
        except ConnectionClosed as error:
            raise self._error(0, "feed_ended", str(error)) from error
        return frame

    @property
    def _connected(self) -> ClientConnection:
        if self._socket is None:
            raise self._error(0, "feed_ended", "The feed was left already.")
        return self._socket

    def _error(self, status: int, code: str, message: str) -> ClientError:
        return ClientError(status, code, message, method="GET", url=self._url)
