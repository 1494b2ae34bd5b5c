"""One WebSocket carries many connections, each to its own end, and none holds up the others for ever."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass

import pytest
from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed
from websockets.frames import CloseCode

from harness.faults.connection import Stream, reset
from harness.providers.kubernetes.connection import tunnel as module
from harness.providers.kubernetes.connection.spdy import (
    CANCEL,
    Data,
    GoAway,
    Ping,
    RstStream,
    SynReply,
    SynStream,
)
from harness.providers.kubernetes.connection.tunnel import Tunnel
from harness.providers.kubernetes.connection.way import TUNNEL, Way
from tests.doubles.api_server import Kubelet, api_server, url_of

TARGET = 8000
LONG = 30.0  # seconds
HUGE = bytes(1 << 16)
MUCH = 400  # times as much as that is more than sockets keep


@dataclass
class Client:
    """Who connects to the port on loopback, and what carries that connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    carrying: asyncio.Task[bool]


class Stage:
    """A tunnel with a kubelet at its other side, and a port for clients."""

    def __init__(self, tunnel: Tunnel, kubelet: Kubelet) -> None:
        self.tunnel, self.kubelet = tunnel, kubelet
        self.port = 0
        self._taken: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Queue()
        self._clients: list[Client] = []

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """A connection to the port."""
        self._taken.put_nowait((reader, writer))

    async def connect(self, patience: float = LONG) -> Client:
        """One that the kubelet hears of."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        carrying = asyncio.create_task(self._carry(*await self._taken.get(), patience))
        self._clients.append(Client(reader, writer, carrying))
        return self._clients[-1]

    async def _carry(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, patience: float
    ) -> bool:
        try:
            return await self.tunnel.carry(reader, writer, patience)
        finally:
            writer.close()

    async def accepted(self) -> tuple[Client, int]:
        """One that the kubelet accepts, and its stream of data."""
        client = await self.connect()
        return client, await self.kubelet.accept()

    async def aclose(self) -> None:
        """All of it."""
        for client in self._clients:
            client.carrying.cancel()
            client.writer.close()
        await asyncio.gather(*(client.carrying for client in self._clients), return_exceptions=True)
        await self.tunnel.aclose()


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    """One that is set."""
    kubelets = asyncio.Queue[Kubelet]()

    async def serve(socket: ServerConnection) -> None:
        kubelets.put_nowait(Kubelet(socket))
        await socket.wait_closed()

    async with api_server(serve, [TUNNEL]) as server:
        way = Way(url_of(server), lambda: {"Authorization": "Bearer t"}, None)
        socket = await way.connect_tunnel("ns", "web-1", TARGET)
        made = Stage(Tunnel(socket, TARGET), await kubelets.get())
        listening = await asyncio.start_server(made.take, "127.0.0.1", 0)
        made.port = listening.sockets[0].getsockname()[1]
        yield made
        await made.aclose()
        listening.close()


async def test_a_connection_is_two_streams(stage: Stage) -> None:
    """To the port, and with a number that no other has."""
    await stage.connect()
    expected = {"port": str(TARGET), "requestid": "1"}
    assert await stage.kubelet.hear() == SynStream(1, {"streamtype": "error", **expected}, is_last=True)
    assert await stage.kubelet.hear() == SynStream(3, {"streamtype": "data", **expected})
    await stage.connect()
    expected = {"port": str(TARGET), "requestid": "5"}
    assert await stage.kubelet.hear() == SynStream(5, {"streamtype": "error", **expected}, is_last=True)
    assert await stage.kubelet.hear() == SynStream(7, {"streamtype": "data", **expected})


async def test_many_share_it(stage: Stage) -> None:
    """Each gets what is its own, whatever comes between."""
    (one, first), (other, second) = await stage.accepted(), await stage.accepted()
    one.writer.write(b"a")
    assert await stage.kubelet.hear() == Data(first, b"a")
    other.writer.write(b"b")
    assert await stage.kubelet.hear() == Data(second, b"b")
    await stage.kubelet.say(Data(second, b"to the second"), Data(first, b"to the "), Data(first, b"first"))
    assert await one.reader.readexactly(12) == b"to the first"
    assert await other.reader.readexactly(13) == b"to the second"


async def test_a_client_may_say_all_and_listen(stage: Stage) -> None:
    """The pod hears the end, and goes on until its own; then the connection is over, in order."""
    client, stream = await stage.accepted()
    client.writer.write(b"all")
    client.writer.write_eof()
    assert [await stage.kubelet.hear(), await stage.kubelet.hear()] == [
        Data(stream, b"all"),
        Data(stream, b"", is_last=True),
    ]
    await stage.kubelet.say(Data(stream, b"heard", is_last=True), Data(stream - 2, b"", is_last=True))
    assert await client.carrying
    assert await client.reader.read() == b"heard"
    await stage.kubelet.say(Ping(2))
    assert await stage.kubelet.hear() == Ping(2)  # and nothing before it: both have said all


async def test_a_pod_may_say_all_and_listen(stage: Stage) -> None:
    """The client hears the end, and goes on."""
    client, stream = await stage.accepted()
    await stage.kubelet.say(Data(stream, b"all", is_last=True))
    assert await client.reader.read() == b"all"
    client.writer.write(b"heard")
    assert await stage.kubelet.hear() == Data(stream, b"heard")
    await stage.kubelet.say(Data(stream - 2, b"", is_last=True))
    assert await client.carrying
    assert await stage.kubelet.hear() == RstStream(stream, CANCEL)  # nobody hears the rest


async def test_a_stream_that_is_broken_off_resets_the_client(stage: Stage) -> None:
    """What it has got is not all, and it knows."""
    client, stream = await stage.accepted()
    await stage.kubelet.say(RstStream(stream))
    with pytest.raises(ConnectionResetError):
        await client.reader.read()
    assert await client.carrying
    assert stage.tunnel.is_open


async def test_a_client_that_breaks_off_does_so_for_the_pod(stage: Stage) -> None:
    """That is, at once."""
    client, stream = await stage.accepted()
    reset(Stream(client.reader, client.writer))
    assert await stage.kubelet.hear() == RstStream(stream, CANCEL)
    assert await client.carrying


async def test_one_that_is_cancelled_is_broken_off_for_the_pod(stage: Stage) -> None:
    """Its client is somebody else's to end."""
    client, stream = await stage.accepted()
    client.carrying.cancel()
    assert await stage.kubelet.hear() == RstStream(stream, CANCEL)


async def test_what_goes_wrong_ends_the_connection_and_takes_no_other(stage: Stage) -> None:
    """A kubelet ends the data first, and then tells: nothing listens, or the pod's sandbox is no more."""
    other, another = await stage.accepted()
    client, stream = await stage.accepted()
    told = b"failed to connect to localhost:8000 inside namespace"
    await stage.kubelet.say(Data(stream, b"", is_last=True), Data(stream - 2, told), RstStream(stream - 2))
    assert await client.carrying
    with suppress(ConnectionResetError):
        assert await client.reader.read() == b""
    assert not stage.tunnel.is_open
    assert await stage.kubelet.hear() == RstStream(stream, CANCEL)
    await stage.kubelet.say(Data(another, b"goes on"))
    assert await other.reader.readexactly(7) == b"goes on"
    other.carrying.cancel()
    await stage.kubelet.closed()  # after the last


async def test_a_ping_is_sent_back(stage: Stage) -> None:
    """If it is the other side's own."""
    await stage.kubelet.say(Ping(1), Ping(4))
    assert await stage.kubelet.hear() == Ping(4)


async def test_a_tunnel_that_goes_away_keeps_what_it_has_taken(stage: Stage) -> None:
    """What came too late may be tried with another; it closes after the last."""
    client, stream = await stage.accepted()
    late = await stage.connect()
    await stage.kubelet.say(GoAway(stream))
    assert not await late.carrying
    assert not stage.tunnel.is_open
    await stage.kubelet.say(Data(stream, b"goes on"))
    assert await client.reader.readexactly(7) == b"goes on"
    await stage.kubelet.say(Data(stream, b"", is_last=True), Data(stream - 2, b"", is_last=True))
    assert await client.carrying
    await stage.kubelet.closed()


async def test_one_that_is_idle_closes_when_it_goes_away(stage: Stage) -> None:
    """At once."""
    await stage.kubelet.say(GoAway(0))
    await stage.kubelet.closed()


async def test_what_is_refused_may_be_tried_with_another(stage: Stage) -> None:
    """Nothing of it has been read."""
    client = await stage.connect()
    client.writer.write(b"hello")
    await stage.kubelet.say(SynReply(1, {}), RstStream(3, status=3))
    assert not await client.carrying
    assert not stage.tunnel.is_open


async def test_what_is_not_accepted_in_time_may_be_tried_with_another(stage: Stage) -> None:
    """A pod that does not read holds up the tunnel."""
    client = await stage.connect(patience=0.01)
    assert not await client.carrying
    assert not stage.tunnel.is_open
    await stage.kubelet.closed()


async def test_a_client_that_does_not_read_is_broken_off(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So little waits for it, and others wait not for ever; nobody joins them meanwhile."""
    monkeypatch.setattr(module, "_PATIENCE", 0.05)
    slow, stream = await stage.accepted()
    other, another = await stage.accepted()
    slow.writer.transport.pause_reading()  # type: ignore[attr-defined] # asyncio's has it, typeshed's does not
    while not slow.carrying.done():
        await stage.kubelet.say(Data(stream, HUGE))
    await stage.kubelet.say(Data(another, b"at last"))
    assert await other.reader.readexactly(7) == b"at last"
    assert not stage.tunnel.is_open
    slow.writer.transport.resume_reading()  # type: ignore[attr-defined] # as above
    with pytest.raises(ConnectionResetError):
        await slow.reader.read()


async def test_a_client_that_reads_late_gets_all(stage: Stage) -> None:
    """What is too much for a moment is waited for."""
    client, stream = await stage.accepted()
    client.writer.transport.pause_reading()  # type: ignore[attr-defined] # as above
    saying = asyncio.create_task(_say_much(stage.kubelet, stream))
    while stage.tunnel.is_open:  # noqa: ASYNC110 - until there is too much for it, which nothing tells
        await asyncio.sleep(0)
    client.writer.transport.resume_reading()  # type: ignore[attr-defined] # as above
    assert len(await client.reader.read()) == MUCH * len(HUGE)
    await saying
    assert await client.carrying


async def _say_much(kubelet: Kubelet, stream: int) -> None:
    for _ in range(MUCH):
        await kubelet.say(Data(stream, HUGE))
    await kubelet.say(Data(stream, b"", is_last=True), Data(stream - 2, b"", is_last=True))


async def test_a_client_that_sends_much_is_held_up_by_who_does_not_read(stage: Stage) -> None:
    """Nothing of it waits here, but for what sockets keep."""
    client, stream = await stage.accepted()
    for _ in range(MUCH):
        client.writer.write(HUGE)
    client.writer.write_eof()
    got = 0
    while isinstance(frame := await stage.kubelet.hear(), Data) and not frame.is_last:
        assert frame.stream == stream
        got += len(frame.data)
        assert stage.tunnel._socket.transport.get_write_buffer_size() < 2 * len(HUGE)
    assert got == MUCH * len(HUGE)


async def test_a_tunnel_that_breaks_resets_all(stage: Stage) -> None:
    """And begins no other."""
    client, _ = await stage.accepted()
    waiting = await stage.connect()
    stage.kubelet.socket.transport.abort()
    with pytest.raises(ConnectionResetError):
        await client.reader.read()
    assert [await client.carrying, await waiting.carrying] == [True, False]
    assert not await (await stage.connect()).carrying
    assert stage.tunnel.is_over


async def test_garbage_breaks_it_and_is_told(stage: Stage) -> None:
    """To who has sent it."""
    client, _ = await stage.accepted()
    await stage.kubelet.socket.send(b"\x80\x02garbage")
    with pytest.raises(ConnectionResetError):
        await client.reader.read()
    with pytest.raises(ConnectionClosed):
        await stage.kubelet.socket.recv()
    assert stage.kubelet.socket.close_code == CloseCode.PROTOCOL_ERROR
    assert stage.kubelet.socket.close_reason == "a frame is of version 2 of the protocol, not 3"


async def test_words_after_the_last_break_the_connection_only(stage: Stage) -> None:
    """A kubelet that says more than all is not to be believed."""
    client, stream = await stage.accepted()
    await stage.kubelet.say(Data(stream, b"all", is_last=True), Data(stream, b"more"))
    assert await client.carrying
    assert stage.tunnel.is_open


async def test_what_nobody_waits_for_is_passed_over(stage: Stage) -> None:
    """What a pod said before it heard of the end, text, a stream of the other side's own."""
    client, stream = await stage.accepted()
    client.carrying.cancel()
    await stage.kubelet.hear()
    await stage.kubelet.socket.send("text")
    await stage.kubelet.say(Data(stream, b"late"), SynReply(stream, {}), SynStream(2, {}), Ping(2))
    assert await stage.kubelet.hear() == Ping(2)
