"""What cannot be read over a WebSocket is answered; what can be read goes on."""

import json
from typing import Any

import pytest
from starlette.websockets import WebSocket, WebSocketDisconnect

from kernel.sockets import FRAME_LIMIT, authenticate, frames, send_frame
from kernel.tokens import Principal, unauthorized


class FakeAdmission:
    """Honours one token."""

    async def admit(self, token: str) -> Principal:
        """Whom the token speaks for."""
        if token != "good":
            raise unauthorized("The token is not valid.")
        return Principal("user_1", frozenset({"user"}), "tok_1", 0.0)


class FakeClient:
    """Sends messages it was given, then leaves; keeps what it received."""

    def __init__(self, *messages: str | bytes) -> None:
        self._incoming: list[dict[str, Any]] = [{"type": "websocket.connect"}, *map(self._message, messages)]
        self.received: list[dict[str, Any]] = []

    @staticmethod
    def _message(content: str | bytes) -> dict[str, Any]:
        return {"type": "websocket.receive", "text" if isinstance(content, str) else "bytes": content}

    async def receive(self) -> dict[str, Any]:
        """The next message of the client."""
        return self._incoming.pop(0) if self._incoming else {"type": "websocket.disconnect", "code": 1000}

    async def send(self, message: Any) -> None:
        """Keep what the service sent."""
        if message["type"] == "websocket.send":
            self.received.append(json.loads(message["text"]))

    async def connect(self) -> WebSocket:
        """The service's side of the connection."""

        class App:
            class state:  # noqa: N801 - as the framework calls it
                class service:  # noqa: N801 - named as in a service
                    admission = FakeAdmission()

        socket = WebSocket({"type": "websocket", "app": App, "headers": []}, self.receive, self.send)
        await socket.accept()
        return socket


@pytest.mark.parametrize(
    "content",
    ["nonsense", b"\x00", "[1]", "{}", '{"type": 1}', f'{{"type": "x", "a": "{"a" * FRAME_LIMIT}"}}'],
)
async def test_a_malformed_frame_is_answered_and_the_next_one_read(content: str | bytes) -> None:
    """The connection stays."""
    client = FakeClient(content, '{"type": "hello"}')
    assert [frame async for frame in frames(await client.connect())] == [{"type": "hello"}]
    assert [frame["code"] for frame in client.received] == ["malformed_frame"]


@pytest.mark.parametrize(("token", "status"), [("good", "authenticated"), ("bad", "rejected")])
async def test_authentication_is_answered_either_way(token: str, status: str) -> None:
    """A rejected client may try again."""
    client = FakeClient()
    principal = await authenticate(await client.connect(), {"type": "auth", "token": token})
    assert (principal is not None) == (status == "authenticated")
    assert client.received[0]["type"] == "auth_response"
    assert client.received[0]["status"] == status


async def test_a_frame_without_a_token_is_rejected() -> None:
    """Not a failure of the service."""
    client = FakeClient()
    assert await authenticate(await client.connect(), {"type": "auth"}) is None


async def test_sending_to_a_closed_connection_is_a_disconnect() -> None:
    """One kind of exception, whichever side ended it."""
    client = FakeClient()
    socket = await client.connect()
    await socket.close()
    with pytest.raises(WebSocketDisconnect):
        await send_frame(socket, {"type": "late"})
