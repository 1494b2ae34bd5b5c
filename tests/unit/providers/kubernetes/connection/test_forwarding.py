"""A port on loopback leads to whatever pod there is now, and ends with it, in the API server's own protocol."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from harness.providers.kubernetes.connection.forwarding import Forward
from harness.providers.kubernetes.connection.way import SUBPROTOCOL, Way

TARGET = 8000
PORT = TARGET.to_bytes(2, "little")


class FakeCluster:
    """An API server whose pods answer with their name and what they are told; `broken` listens to nobody."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.url = ""

    async def serve(self, connection: ServerConnection) -> None:
        """As a kubelet does: the port on both channels, then bytes."""
        assert connection.request is not None
        self.asked.append(connection.request.path)
        pod = connection.request.path.split("/")[6]
        for channel in (0, 1):
            await connection.send(bytes([channel]) + PORT)
        if pod == "broken":
            await connection.send(b"\x01connection refused")
            return
        try:
            async for message in connection:
                assert isinstance(message, bytes)
                assert message[0] == 0
                await connection.send(b"\x00" + pod.encode() + b":" + message[1:])
        except ConnectionClosed:
            pass


@pytest.fixture
async def cluster() -> AsyncIterator[FakeCluster]:
    """One that listens."""
    made = FakeCluster()
    async with serve(made.serve, "127.0.0.1", 0, subprotocols=[SUBPROTOCOL]) as server:
        made.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield made


@pytest.fixture
async def forward(cluster: FakeCluster) -> AsyncIterator[Callable[[Callable[[], str]], Forward]]:
    """Opens one to the pod that a function names."""
    made: list[Forward] = []

    def make(pod: Callable[[], str]) -> Forward:
        made.append(Forward(Way(cluster.url, lambda: {"Authorization": "Bearer t"}, None), "ns", pod, TARGET))
        return made[-1]

    yield make
    for each in made:
        await each.aclose()


async def ask(port: int, text: bytes) -> bytes:
    """What comes back for it; nothing when the connection ends."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(text)
        return await reader.read(100)
    except ConnectionResetError:  # it ended before it had read
        return b""
    finally:
        writer.close()


async def test_bytes_go_there_and_back(cluster: FakeCluster, forward: Callable[..., Forward]) -> None:
    """To the port that was asked for."""
    opened = forward(lambda: "web-1")
    await opened.open()
    assert await ask(opened.port, b"hello") == b"web-1:hello"
    assert cluster.asked == [f"/api/v1/namespaces/ns/pods/web-1/portforward?ports={TARGET}"]


async def test_it_outlives_a_pod(forward: Callable[..., Forward]) -> None:
    """The next connection goes to the one that came in its place."""
    pods = ["web-2", "web-1"]
    opened = forward(pods.pop)
    await opened.open()
    assert [await ask(opened.port, b"a"), await ask(opened.port, b"a")] == [b"web-1:a", b"web-2:a"]


@pytest.mark.parametrize("pod", ["", "broken"])
async def test_nobody_there(pod: str, forward: Callable[..., Forward]) -> None:
    """The connection ends, as one to a server that is not there."""
    opened = forward(lambda: pod)
    await opened.open()
    assert await ask(opened.port, b"hello") == b""


async def test_no_cluster() -> None:
    """So it does where the API server is gone."""
    opened = Forward(Way("http://127.0.0.1:1", dict, None), "ns", lambda: "web-1", TARGET)
    await opened.open()
    assert await ask(opened.port, b"hello") == b""
    await opened.aclose()


async def test_it_can_be_shut_for_a_while(forward: Callable[..., Forward]) -> None:
    """Connections are refused meanwhile, and the port stays its own."""
    opened = forward(lambda: "web-1")
    await opened.open()
    await opened.shut()
    with pytest.raises(ConnectionRefusedError):
        await ask(opened.port, b"a")
    await opened.open()
    assert await ask(opened.port, b"a") == b"web-1:a"


async def test_what_is_carried_ends_with_it(forward: Callable[..., Forward]) -> None:
    """Nobody is left waiting for an answer."""
    opened = forward(lambda: "web-1")
    await opened.open()
    reader, writer = await asyncio.open_connection("127.0.0.1", opened.port)
    writer.write(b"hello")
    assert await reader.read(100) == b"web-1:hello"
    await opened.aclose()
    assert await reader.read(100) == b""
    writer.close()
