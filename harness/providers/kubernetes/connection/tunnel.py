"""Why this exists: many connections to a pod go through one WebSocket, so that only the first has to wait for one.

Subprotocol SPDY/3.1+portforward.k8s.io (KEP-4006). A connection is two streams, which belong together by `requestid`
(k8s.io/cri-streaming/pkg/streaming/portforward/httpstream.go): one has its bytes, and each side ends it for itself; on
the other it is told what went wrong, and that all is over.

The other side (github.com/moby/spdystream) neither sends nor heeds WINDOW_UPDATE: what is not read on one stream holds
up the others. So a client that leaves _MOST bytes lying is waited for, and broken off after _PATIENCE seconds. How much
a pod leaves lying nobody tells; a tunnel that accepts nothing meanwhile is left to the connections that it has.
"""

import asyncio
import contextlib
from asyncio import StreamReader, StreamWriter
from collections.abc import Coroutine
from typing import Any

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed
from websockets.frames import CloseCode

from harness.core.tasks import cancel_and_wait
from harness.faults.connection import Stream, reset
from harness.providers.kubernetes.connection.spdy import (
    Data,
    Decoder,
    Encoder,
    Frame,
    GoAway,
    Ping,
    RstStream,
    SpdyError,
    SynReply,
    SynStream,
)

_CHUNK = 65536  # bytes
_MOST = 1 << 20  # bytes that may wait for a client, beside those that the kernel keeps for it
_PATIENCE = 5.0  # seconds
_UNTIL_CUT = 1.0  # seconds that a WebSocket may take to close
_LONGEST_REASON = 120  # bytes, of a WebSocket's end (RFC 6455, 5.5)


class Tunnel:
    """A WebSocket to a pod that carries connections to one of its ports.

    Args:
        socket: Open, of the subprotocol above; its end is this tunnel's.
        target: The port.
    """

    def __init__(self, socket: ClientConnection, target: int) -> None:
        self._socket = socket
        self._target = target
        self._encoder, self._decoder = Encoder(), Decoder()
        self._next = 1
        self._carried = dict[int, _Carried]()  # by each of its streams
        self._aside = set[asyncio.Task[None]]()
        self.is_open = True
        """Whether further connections may be tried. If not, it closes after the last of those that it has."""
        self._listening = asyncio.create_task(self._listen(), name="tunnel")

    @property
    def is_over(self) -> bool:
        """Whether it is closed."""
        return self._listening.done()

    async def carry(self, reader: StreamReader, writer: StreamWriter, patience: float) -> bool:
        """Carry a client's connection to its end; False where it was not accepted within `patience` seconds.

        Nothing of it was read then, and another tunnel may be tried. Cancelled, it is broken off for the pod alone.
        """
        carried = self._enter(Stream(reader, writer))
        try:
            if not await self._is_accepted(carried, patience):
                return False
            sending = asyncio.create_task(self._send_from(carried))
            try:
                await carried.over.wait()
            finally:
                await cancel_and_wait(sending)
            return True
        finally:
            self._leave(carried)

    def retire(self) -> None:
        """Take no further connections."""
        self.is_open = False
        if not self._carried:
            self._do_aside(self._close())

    async def aclose(self) -> None:
        """Break off what is carried. Idempotent."""
        self.is_open = False
        await self._close()
        await asyncio.gather(self._listening, *self._aside, return_exceptions=True)

    def _enter(self, client: Stream) -> "_Carried":
        carried = _Carried(self._next, client)
        self._next += 4  # a client's streams are odd
        self._carried |= {carried.error: carried, carried.data: carried}
        return carried

    def _leave(self, carried: "_Carried") -> None:
        del self._carried[carried.error], self._carried[carried.data]
        if not carried.is_said:
            self._do_aside(self._send(RstStream(carried.data)))
        if not self.is_open:
            self.retire()

    async def _is_accepted(self, carried: "_Carried", patience: float) -> bool:
        told = {"port": str(self._target), "requestid": str(carried.error)}
        try:
            async with asyncio.timeout(patience):
                await self._send(
                    SynStream(carried.error, {"streamtype": "error", **told}, is_last=True),
                    SynStream(carried.data, {"streamtype": "data", **told}),
                )
                await carried.decided.wait()
        except (TimeoutError, ConnectionClosed):
            pass
        if carried.pending:
            self.is_open = False
        return not carried.pending

    async def _send_from(self, carried: "_Carried") -> None:
        try:
            while chunk := await carried.client.reader.read(_CHUNK):
                await self._send(Data(carried.data, chunk))
        except OSError:  # the client has broken off
            carried.end()
        else:
            carried.is_said = True
            await self._send(Data(carried.data, b"", is_last=True))

    async def _listen(self) -> None:
        try:
            async for message in self._socket:
                if isinstance(message, bytes):
                    for frame in self._decoder.feed(message):
                        await self._heed(frame)
        except ConnectionClosed:
            pass  # whatever was carried is broken off
        except SpdyError as error:
            await self._close(CloseCode.PROTOCOL_ERROR, str(error)[:_LONGEST_REASON])
        finally:
            self.is_open = False
            for carried in self._carried.values():
                carried.break_off()

    async def _heed(self, frame: Frame) -> None:
        match frame:
            case Ping(number):
                if number % 2 == 0:  # the other side's own
                    self._do_aside(self._send(frame))
            case GoAway(last):
                self.retire()
                for carried in self._carried.values():
                    if carried.data > last:
                        carried.break_off()
            case _:
                if found := self._carried.get(frame.stream):  # else it has ended here
                    await self._heed_of(found, frame)

    async def _heed_of(self, carried: "_Carried", frame: SynStream | SynReply | RstStream | Data) -> None:
        match frame:
            case SynReply(stream):
                carried.accept(stream)
            case RstStream():
                carried.break_off()
            case Data(stream, text, is_last) if stream == carried.error:
                if text:
                    self.is_open = False  # it may lead to a sandbox that the pod has left
                    carried.break_off()
                elif is_last:
                    carried.end()
            case Data(_, data, is_last):
                await self._pass_on(carried, data, is_last=is_last)

    async def _pass_on(self, carried: "_Carried", data: bytes, *, is_last: bool) -> None:
        """Give a client what a pod says, and wait for it where that is too much."""
        writer = carried.client.writer
        if writer.transport.is_closing() or carried.is_heard:
            carried.break_off()
            return
        writer.write(data)
        if writer.transport.get_write_buffer_size() > _MOST:
            self.is_open = False  # for others not to wait, too
            try:
                async with asyncio.timeout(_PATIENCE):
                    await writer.drain()
            except TimeoutError:
                carried.break_off()
            except OSError:  # the client has broken off
                carried.end()
        if is_last:
            carried.is_heard = True
            with contextlib.suppress(OSError):  # the client has broken off
                writer.write_eof()

    async def _send(self, *frames: Frame) -> None:
        await self._socket.send(b"".join(map(self._encoder.encode, frames)))

    def _do_aside(self, work: Coroutine[Any, Any, None]) -> None:
        """For who listens: if it waited until there is room to send, nobody might make room."""
        task = asyncio.create_task(_unless_closed(work))
        self._aside.add(task)
        task.add_done_callback(self._aside.discard)

    async def _close(self, code: CloseCode = CloseCode.NORMAL_CLOSURE, reason: str = "") -> None:
        try:
            async with asyncio.timeout(_UNTIL_CUT):
                await self._socket.close(code, reason)
        except TimeoutError:
            self._socket.transport.abort()


class _Carried:
    """One connection, and how far it is."""

    def __init__(self, first: int, client: Stream) -> None:
        self.error, self.data = first, first + 2
        self.client = client
        self.pending = {self.error, self.data}  # streams that are not accepted
        self.decided = asyncio.Event()  # whether they are
        self.is_said = self.is_heard = False  # all that the client, and the pod, say
        self.over = asyncio.Event()

    def accept(self, stream: int) -> None:
        """One of its streams."""
        self.pending.discard(stream)
        if not self.pending:
            self.decided.set()

    def end(self) -> None:
        """It is over."""
        self.over.set()
        self.decided.set()

    def break_off(self) -> None:
        """So that a client knows that what it got is not all."""
        if not self.pending and not self.over.is_set():
            reset(self.client)
        self.end()


async def _unless_closed(work: Coroutine[Any, Any, None]) -> None:
    with contextlib.suppress(ConnectionClosed):
        await work
