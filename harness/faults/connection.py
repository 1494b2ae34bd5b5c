"""Why this exists: one proxied connection: bytes go both ways, each portion when the rules of its link let it go."""

import asyncio
import contextlib
import socket
import struct
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from harness.faults.rule import RESET, Direction, Exchange, Rule

_PORTION = 1 << 16  # bytes read at a time
_UNDERWAY = 16  # portions that may be underway in one direction; then the sender has to wait
_SLICE = 0.02  # seconds: with a limited rate, bytes go in slices as large as that
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # struct linger: on, zero seconds (socket(7))


class Stream(NamedTuple):
    """One end of a TCP connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter


class Way(Protocol):
    """What a connection has to know of its link."""

    @property
    def rules(self) -> list[Rule]:
        """Those that hold now."""
        ...

    @property
    def changed(self) -> asyncio.Event:
        """Set as soon as other rules hold; another event from then on."""
        ...


@dataclass(slots=True)
class _Portion:
    """Bytes that have arrived and are to go on; none for the end of the stream."""

    arrived: float
    exchange: Exchange
    rest: bytes


def reset(stream: Stream) -> None:
    """Close a connection so that the other side sees "connection reset by peer"."""
    with contextlib.suppress(OSError):  # it is closed already
        stream.writer.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE
        )
    stream.writer.transport.abort()


class Connection:
    """Carries bytes between the source (`client`) and the component (`server`). Cancelling `run` resets both."""

    def __init__(self, link: Way, number: int, client: Stream, server: Stream) -> None:
        self._link = link
        self._client = client
        self._server = server
        self._exchange = Exchange(str(link), number, 0)
        self._is_answered = True
        self._answer = RESET  # of a rule that fails a request
        self._sent = dict.fromkeys(Direction, 0.0)

    async def run(self) -> None:
        """Carry until both sides have said all, or one is reset; then so is the other."""
        is_orderly = False
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._carry(Direction.REQUESTS, self._client.reader, self._server.writer))
                group.create_task(self._carry(Direction.ANSWERS, self._server.reader, self._client.writer))
            is_orderly = True
        except* OSError:  # one side is gone, or a rule has failed a request
            if self._answer:
                await self._answer_instead()
        finally:
            for stream in (self._client, self._server):
                stream.writer.close() if is_orderly else reset(stream)

    async def _answer_instead(self) -> None:
        """Say what a rule says, and hear the source out: a reset while it still speaks could overtake the answer."""
        reset(self._server)
        with contextlib.suppress(OSError):  # it has left
            self._client.writer.write(self._answer)
            self._client.writer.write_eof()
            while await self._client.reader.read(_PORTION):
                pass

    async def _carry(
        self, direction: Direction, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        underway: asyncio.Queue[_Portion] = asyncio.Queue(_UNDERWAY)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._take(direction, reader, underway))
            group.create_task(self._deliver(direction, underway, writer))

    async def _take(
        self, direction: Direction, reader: asyncio.StreamReader, underway: asyncio.Queue[_Portion]
    ) -> None:
        """Take what arrives, up to the end of the stream."""
        data = b"more"
        while data:
            data = await reader.read(_PORTION)
            if data:
                self._note(direction)
            await underway.put(_Portion(self._now(), self._exchange, data))

    def _note(self, direction: Direction) -> None:
        """A new exchange begins when the source speaks after the component did.

        Raises:
            ConnectionResetError: a rule fails it.
        """
        if direction is Direction.ANSWERS:
            self._is_answered = True
            return
        if not self._is_answered:
            return
        self._is_answered = False
        before = self._exchange
        self._exchange = Exchange(before.link, before.connection, before.turn + 1)
        asked = [rule.fails() for rule in self._link.rules]  # each is, for each counts
        failed = [answer for answer in asked if answer is not None]
        if failed:
            self._answer = failed[0]
            raise ConnectionResetError

    async def _deliver(
        self, direction: Direction, underway: asyncio.Queue[_Portion], writer: asyncio.StreamWriter
    ) -> None:
        """Hand on what was taken, in its order and not before its time."""
        while (portion := await underway.get()).rest:
            while portion.rest:
                size = await self._wait_for_turn(direction, portion)
                writer.write(portion.rest[:size])
                portion.rest = portion.rest[size:]
                await writer.drain()
                self._sent[direction] = self._now()
        await self._wait_for_turn(direction, portion)
        writer.write_eof()

    async def _wait_for_turn(self, direction: Direction, portion: _Portion) -> int:
        """Return when some bytes may go on: how many. When other rules come to hold, it is decided anew."""
        while True:
            changed = self._link.changed
            size, due = self._decide(direction, portion)
            if due is not None and due <= self._now():
                return size
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(due):
                    await changed.wait()

    def _decide(self, direction: Direction, portion: _Portion) -> tuple[int, float | None]:
        """How many bytes may go on next, and at which instant of the loop; None while they are held."""
        rules = self._link.rules
        if any(rule.holds(direction) for rule in rules):
            return 0, None
        due = portion.arrived + sum(rule.delay(direction, portion.exchange) for rule in rules)
        rates = [rate for rule in rules if (rate := rule.rate(direction)) is not None]
        if not rates or not portion.rest:
            return len(portion.rest), due
        rate = min(rates)
        size = min(len(portion.rest), max(1, int(rate * _SLICE)))
        return size, max(due, self._sent[direction]) + size / rate

    def _now(self) -> float:
        return asyncio.get_running_loop().time()
