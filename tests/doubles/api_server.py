"""Why this exists: an API server that forwards ports, old or new, and a kubelet that says what a test has it say."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed, NegotiationError
from websockets.server import ServerProtocol
from websockets.typing import Subprotocol

from harness.providers.kubernetes.connection.spdy import Decoder, Encoder, Frame, SynReply, SynStream


def api_server(
    handler: Callable[[ServerConnection], Awaitable[None]], known: Sequence[str]
) -> AbstractAsyncContextManager[Server]:
    """Takes the first subprotocol that is offered and that it knows, and refuses who offers none of them."""

    class Choice(ServerProtocol):
        def process_subprotocol(self, headers: Headers) -> Subprotocol | None:
            offered = headers.get("Sec-WebSocket-Protocol", "").split(", ")
            chosen = next((each for each in offered if each in known), None)
            if chosen is None:
                raise NegotiationError(f"requested protocol(s) are not supported: {offered}")
            return Subprotocol(chosen)

    class Choosing(ServerConnection):
        def __init__(self, _protocol: ServerProtocol, server: Server, **settings: Any) -> None:
            super().__init__(Choice(), server, **settings)

    return serve(handler, "127.0.0.1", 0, create_connection=Choosing)


def url_of(server: Server) -> str:
    """Where it listens."""
    return f"http://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}"


class Kubelet:
    """The other side of a tunnel."""

    def __init__(self, socket: ServerConnection) -> None:
        self.socket = socket
        self._encoder, self._decoder = Encoder(), Decoder()
        self._heard: Iterator[Frame] = iter(())

    async def say(self, *frames: Frame) -> None:
        """In messages that begin and end anywhere."""
        said = b"".join(map(self._encoder.encode, frames))
        await self.socket.send(said[:5])
        await self.socket.send(said[5:])

    async def hear(self) -> Frame:
        """What comes next.

        Raises:
            ConnectionClosed: nothing does.
        """
        while (frame := next(self._heard, None)) is None:
            message = await self.socket.recv()
            assert isinstance(message, bytes)
            self._heard = self._decoder.feed(message)
        return frame

    async def accept(self) -> int:
        """The stream of data of the next connection, which is accepted."""
        error, data = await self.hear(), await self.hear()
        assert isinstance(error, SynStream)
        assert isinstance(data, SynStream)
        assert (error.headers["streamtype"], error.is_last) == ("error", True)
        assert (data.headers["streamtype"], data.is_last) == ("data", False)
        assert error.headers["requestid"] == data.headers["requestid"]
        await self.say(SynReply(error.stream, {}), SynReply(data.stream, {}))
        assert data.stream == error.stream + 2
        return data.stream

    async def closed(self) -> None:
        """Returns when the other side has ended the tunnel."""
        try:
            while True:
                await self.hear()
        except ConnectionClosed:
            await asyncio.shield(self.socket.wait_closed())
