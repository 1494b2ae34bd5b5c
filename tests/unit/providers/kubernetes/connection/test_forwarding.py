"""A port on loopback leads to whatever pod there is now, and ends with it, in the API server's own protocols."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence

import pytest
from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from harness.providers.kubernetes.connection import forwarding as module
from harness.providers.kubernetes.connection.forwarding import Forward, Pod
from harness.providers.kubernetes.connection.spdy import Data, RstStream, SynReply, SynStream
from harness.providers.kubernetes.connection.way import SUBPROTOCOL, TUNNEL, Way
from tests.doubles.api_server import Kubelet, api_server, url_of

TARGET = 8000
PORT = TARGET.to_bytes(2, "little")
HERE = Pod("web-1", "1")
NEW, OLD = (TUNNEL,), (SUBPROTOCOL,)
"""What an API server knows: since Kubernetes 1.31, and before."""


class FakeCluster:
    """An API server whose pods answer with their name and what they are told; `broken` listens to nobody.

    `silent` accepts nothing that goes through a tunnel, and `endless` never ends its answer.
    """

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.sockets: list[ServerConnection] = []
        self.url = ""

    async def serve(self, connection: ServerConnection) -> None:
        """As a kubelet does."""
        assert connection.request is not None
        self.asked.append(connection.request.path)
        self.sockets.append(connection)
        pod = connection.request.path.split("/")[6]
        with contextlib.suppress(ConnectionClosed):
            await (self._tunnel if connection.subprotocol == TUNNEL else self._channels)(connection, pod)

    async def _channels(self, connection: ServerConnection, pod: str) -> None:
        """The port on both channels, then bytes."""
        for channel in (0, 1):
            await connection.send(bytes([channel]) + PORT)
        if pod == "broken":
            await connection.send(b"\x01connection refused")
            return
        async for message in connection:
            assert isinstance(message, bytes)
            assert message[0] == 0
            await connection.send(b"\x00" + pod.encode() + b":" + message[1:])
            while pod == "endless":
                await connection.send(b"\x00" + bytes(1 << 16))

    async def _tunnel(self, connection: ServerConnection, pod: str) -> None:
        """Streams in pairs: one that tells, and the next of data."""
        kubelet = Kubelet(connection)
        while True:
            frame = await kubelet.hear()
            match frame:
                case SynStream(stream) if pod != "silent":
                    assert frame.headers["port"] == str(TARGET)
                    await kubelet.say(SynReply(stream, {}))
                    if pod == "broken" and frame.headers["streamtype"] == "data":
                        told = Data(stream - 2, b"connection refused")
                        await kubelet.say(Data(stream, b"", is_last=True), told, RstStream(stream - 2))
                case Data(stream, data, is_last):
                    await kubelet.say(Data(stream, b"" if is_last else pod.encode() + b":" + data, is_last))
                    if is_last:
                        await kubelet.say(Data(stream - 2, b"", is_last=True))
                    while pod == "endless":
                        await kubelet.say(Data(stream, bytes(1 << 16)))
                case _:
                    pass


@pytest.fixture(params=[NEW, OLD], ids=["tunnels", "without"])
def known(request: pytest.FixtureRequest) -> Sequence[str]:
    """The subprotocols of the API server."""
    subprotocols: Sequence[str] = request.param
    return subprotocols


@pytest.fixture
async def cluster(known: Sequence[str]) -> AsyncIterator[FakeCluster]:
    """One that listens."""
    made = FakeCluster()
    async with api_server(made.serve, known) as server:
        made.url = url_of(server)
        yield made


@pytest.fixture
async def forward(cluster: FakeCluster) -> AsyncIterator[Callable[[Callable[[], Pod]], Forward]]:
    """Opens one to the pod that a function names."""
    made: list[Forward] = []

    def make(pod: Callable[[], Pod]) -> Forward:
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
    opened = forward(lambda: HERE)
    await opened.open()
    assert await ask(opened.port, b"hello") == b"web-1:hello"
    assert set(cluster.asked) == {f"/api/v1/namespaces/ns/pods/web-1/portforward?ports={TARGET}"}


@pytest.mark.parametrize(("known", "sockets"), [(NEW, 1), (OLD, 21), ((*OLD, *NEW), 1)], indirect=["known"])
async def test_connections_share_a_tunnel(
    cluster: FakeCluster, forward: Callable[..., Forward], sockets: int
) -> None:
    """Where there are any, which the first has found out."""
    opened = forward(lambda: HERE)
    await opened.open()
    for _ in range(2):
        answers = await asyncio.gather(*(ask(opened.port, b"%d" % number) for number in range(10)))
        assert answers == [b"web-1:%d" % number for number in range(10)]
    assert len(cluster.asked) == sockets


async def test_it_outlives_a_pod(forward: Callable[..., Forward]) -> None:
    """The next connection goes to the one that came in its place."""
    pods = [Pod("web-2", "2"), HERE]
    opened = forward(pods.pop)
    await opened.open()
    assert [await ask(opened.port, b"a"), await ask(opened.port, b"a")] == [b"web-1:a", b"web-2:a"]


@pytest.mark.parametrize("known", [NEW], indirect=True)
async def test_it_outlives_a_pod_of_the_same_name(
    cluster: FakeCluster, forward: Callable[..., Forward]
) -> None:
    """As a StatefulSet's: the tunnel leads to the sandbox that is no more, and is given up."""
    pods = [Pod("web-1", "2"), HERE]
    opened = forward(pods.pop)
    await opened.open()
    assert [await ask(opened.port, b"a"), await ask(opened.port, b"a")] == [b"web-1:a", b"web-1:a"]
    assert len(cluster.asked) == 2
    await cluster.sockets[0].wait_closed()


@pytest.mark.parametrize("known", [NEW], indirect=True)
async def test_it_outlives_a_tunnel(cluster: FakeCluster, forward: Callable[..., Forward]) -> None:
    """A connection that finds it broken goes through another."""
    opened = forward(lambda: HERE)
    await opened.open()
    assert await ask(opened.port, b"a") == b"web-1:a"
    cluster.sockets[0].transport.abort()
    assert await ask(opened.port, b"b") == b"web-1:b"
    assert len(cluster.asked) == 2


@pytest.mark.parametrize("known", [NEW], indirect=True)
async def test_a_tunnel_that_takes_nothing_is_tried_twice(
    cluster: FakeCluster, forward: Callable[..., Forward], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then the connection ends, as one to a server that is not there."""
    monkeypatch.setattr(module, "_PATIENCE", (0.01, 0.01))
    opened = forward(lambda: Pod("silent"))
    await opened.open()
    assert await ask(opened.port, b"hello") == b""
    assert len(cluster.asked) == 2


@pytest.mark.parametrize("pod", ["", "broken"])
async def test_nobody_there(pod: str, forward: Callable[..., Forward]) -> None:
    """The connection ends, as one to a server that is not there."""
    opened = forward(lambda: Pod(pod))
    await opened.open()
    assert await ask(opened.port, b"hello") == b""


async def test_no_cluster() -> None:
    """So it does where the API server is gone."""
    opened = Forward(Way("http://127.0.0.1:1", dict, None), "ns", lambda: HERE, TARGET)
    await opened.open()
    assert await ask(opened.port, b"hello") == b""
    await opened.aclose()


@pytest.mark.parametrize("known", [("v5.channel.k8s.io",)], indirect=True)
async def test_a_cluster_that_forwards_otherwise(forward: Callable[..., Forward]) -> None:
    """So it does where the API server refuses both ways."""
    opened = forward(lambda: HERE)
    await opened.open()
    assert await ask(opened.port, b"hello") == b""


async def test_it_can_be_shut_for_a_while(forward: Callable[..., Forward]) -> None:
    """Connections are refused meanwhile, and the port stays its own."""
    opened = forward(lambda: HERE)
    await opened.open()
    await opened.shut()
    with pytest.raises(ConnectionRefusedError):
        await ask(opened.port, b"a")
    await opened.open()
    assert await ask(opened.port, b"a") == b"web-1:a"


async def test_what_is_carried_ends_with_it(forward: Callable[..., Forward]) -> None:
    """Nobody is left waiting for an answer."""
    opened = forward(lambda: HERE)
    await opened.open()
    reader, writer = await asyncio.open_connection("127.0.0.1", opened.port)
    writer.write(b"hello")
    assert await reader.read(100) == b"web-1:hello"
    await opened.aclose()
    assert await reader.read(100) == b""
    writer.close()


@pytest.mark.parametrize("known", [NEW], indirect=True)
async def test_a_client_that_does_not_read_ends_with_it(forward: Callable[..., Forward]) -> None:
    """It is not waited for."""
    opened = forward(lambda: Pod("endless"))
    await opened.open()
    reader, writer = await asyncio.open_connection("127.0.0.1", opened.port)
    writer.write(b"hello")
    assert await reader.readexactly(13) == b"endless:hello"
    writer.transport.pause_reading()  # type: ignore[attr-defined] # asyncio's has it, typeshed's does not
    while opened._tunnels[0].is_open:  # noqa: ASYNC110 - until there is too much for it, which nothing tells
        await asyncio.sleep(0)
    async with asyncio.timeout(3):  # seconds; it would be waited for longer if it were at all
        await opened.shut()
    writer.close()
