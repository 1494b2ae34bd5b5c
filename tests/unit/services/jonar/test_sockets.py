"""WebSockets reach replicas through Jonar, with what either side says and how it leaves."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosedError
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from jonar.deployments import Replica
from jonar.metrics import Window
from jonar.proxy import ReplicaProxy

Handler = Callable[[ServerConnection], Awaitable[None]]


class FakeClient:
    """The client's side of a WebSocket, as a server hands it to an application."""

    def __init__(self, path: str, *, can_tell_status: bool = True) -> None:
        self.said: asyncio.Queue[Message] = asyncio.Queue()
        self.heard: asyncio.Queue[Message] = asyncio.Queue()
        extensions: dict[str, Any] = {"websocket.http.response": {}} if can_tell_status else {}
        self.scope: Scope = {
            "type": "websocket",
            "scheme": "ws",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"q=1",
            "headers": [(b"host", b"jonar"), (b"authorization", b"Bearer t"), (b"sec-websocket-key", b"k")],
            "subprotocols": ["plain"],
            "extensions": extensions,
        }
        self.say({"type": "websocket.connect"})

    def say(self, message: Message) -> None:
        """What happens on the client's side."""
        self.said.put_nowait(message)

    async def receive(self) -> Message:
        """ASGI's receive."""
        return await self.said.get()

    async def send(self, message: Message) -> None:
        """ASGI's send."""
        self.heard.put_nowait(message)

    async def hear(self) -> Message:
        """The next that the client is told."""
        async with asyncio.timeout(5):
            return await self.heard.get()


async def _jonar(_scope: Scope, _receive: Receive, _send: Send) -> None:
    raise AssertionError("nothing here is Jonar's own")


@asynccontextmanager
async def _connected(
    handler: Handler, *, path: str = "/services/dep_1/ws/", **options: Any
) -> AsyncIterator[FakeClient]:
    """A client whose WebSocket Jonar passes on to a replica that does `handler`."""
    client = FakeClient(path)
    async with serve(handler, "127.0.0.1", 0, **options) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        replica = Replica("rep_1", 0.0, Window(1.0), url=f"http://127.0.0.1:{port}")
        proxy = ReplicaProxy(_jonar, lambda _: replica, lambda _: replica, _no_transport)
        passing = asyncio.create_task(proxy(client.scope, client.receive, client.send))
        yield client
        async with asyncio.timeout(5):
            await passing


def _no_transport() -> Any:
    raise AssertionError("a WebSocket is no request")


async def test_frames_go_both_ways_as_they_are() -> None:
    """Text stays text and bytes stay bytes; the replica is asked as the client asked, and hears why it leaves."""
    asked: list[Request] = []
    ends: list[tuple[int | None, str | None]] = []

    async def echo(connection: ServerConnection) -> None:
        assert connection.request is not None
        asked.append(connection.request)
        with suppress(ConnectionClosedError):  # 4001 is no normal end
            async for frame in connection:
                await connection.send(frame)
        ends.append((connection.close_code, connection.close_reason))

    async with _connected(echo, path="/replicas/rep_1/ws/", subprotocols=[Subprotocol("plain")]) as client:
        assert await client.hear() == {"type": "websocket.accept", "subprotocol": "plain"}
        client.say({"type": "websocket.receive", "text": "hello"})
        assert await client.hear() == {"type": "websocket.send", "text": "hello"}
        client.say({"type": "websocket.receive", "bytes": b"\x00\x01"})
        assert await client.hear() == {"type": "websocket.send", "bytes": b"\x00\x01"}
        client.say({"type": "websocket.disconnect", "code": 4001, "reason": "enough"})
    (request,) = asked
    assert request.path == "/ws/?q=1"
    assert request.headers["authorization"] == "Bearer t"
    assert request.headers["x-forwarded-host"] == "jonar"
    assert ends == [(4001, "enough")]


async def test_a_replica_that_leaves_tells_the_client_why() -> None:
    """With its own code and reason."""

    async def leave(connection: ServerConnection) -> None:
        await connection.close(4401, "who are you")

    async with _connected(leave) as client:
        assert (await client.hear())["type"] == "websocket.accept"
        assert await client.hear() == {"type": "websocket.close", "code": 4401, "reason": "who are you"}


async def test_a_replica_that_dies_is_told_as_a_failure() -> None:
    """An end without a closing frame is none that could be written; 1011 says that it was not meant."""

    async def die(connection: ServerConnection) -> None:
        connection.transport.abort()

    async with _connected(die) as client:
        assert (await client.hear())["type"] == "websocket.accept"
        told = await client.hear()
        assert (told["type"], told["code"]) == ("websocket.close", 1011)


async def test_a_refusal_comes_back_with_its_status() -> None:
    """The replica's own, before anything is accepted."""

    def refuse(connection: ServerConnection, _request: Request) -> Response:
        return connection.respond(404, "no such socket\n")

    async def never(_connection: ServerConnection) -> None:
        raise AssertionError("it was refused")

    async with _connected(never, process_request=refuse) as client:
        start = await client.hear()
        assert (start["type"], start["status"]) == ("websocket.http.response.start", 404)


@pytest.mark.parametrize(
    ("can_tell_status", "told"), [(True, "websocket.http.response.start"), (False, "websocket.close")]
)
async def test_nobody_there_is_a_refusal(can_tell_status: bool, told: str) -> None:
    """503 where the server can tell a status, and else a WebSocket that is closed before it is accepted."""
    client = FakeClient("/services/dep_1/ws/", can_tell_status=can_tell_status)
    proxy = ReplicaProxy(_jonar, lambda _: None, lambda _: None, _no_transport)
    await proxy(client.scope, client.receive, client.send)
    message = await client.hear()
    assert message["type"] == told
    assert message.get("status", 503) == 503


async def test_a_replica_out_of_reach_is_a_refusal() -> None:
    """502: it is known, and does not accept."""
    client = FakeClient("/services/dep_1/ws/")
    replica = Replica("rep_1", 0.0, Window(1.0), url="http://127.0.0.1:9")
    await ReplicaProxy(_jonar, lambda _: replica, lambda _: None, _no_transport)(
        client.scope, client.receive, client.send
    )
    assert (await client.hear())["status"] == 502
