"""Why this exists: a command is run in a container, and what goes in and out of it passes through the engine.

The engine's answer becomes a connection of its own (POST /exec/{id}/start): what comes is in frames, of which the first
byte is the number of the stream and bytes 4 to 7 the length ("stream format" of attach). Reading it blocks: threads do.
"""

import asyncio
import contextlib
import socket
import struct
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import IO, TYPE_CHECKING, Any

from harness.core.errors import EnvironmentFailedError, NotPossibleHereError
from harness.providers.base import Streams
from harness.providers.calls import Calls

if TYPE_CHECKING:
    from docker.models.containers import Container

_HEADER = struct.Struct(">BxxxL")
_ERR = 2
_CHUNK = 65536
_NOTED = 5.0  # seconds that the engine may take to note an end
_LOOK = 0.02  # seconds between two looks at that

Take = Callable[[bytes], Awaitable[None]]


async def execute_inside(calls: Calls, container: "Container", argv: Sequence[str], streams: Streams) -> int:
    """Run a command in a container; gives its exit code. One that is cancelled goes on there, unheard.

    Raises:
        NotPossibleHereError: it is to read something, and the engine is reached by TLS.
        EnvironmentFailedError: the engine does not run it, or does not tell its end.
    """
    beginning = asyncio.ensure_future(calls(_Command, container, argv, reads=streams.file is not None))
    try:
        command = await asyncio.shield(beginning)
    except asyncio.CancelledError:
        beginning.add_done_callback(_let_go)
        raise
    loop = asyncio.get_running_loop()

    def carry() -> None:
        for number, chunk in command.frames():
            taken = _taken(streams.err if number == _ERR else streams.out, chunk)
            asyncio.run_coroutine_threadsafe(taken, loop).result()

    feeding = [asyncio.create_task(calls.aside(command.feed, streams.file))] if streams.file else []
    try:
        await calls.aside(carry)  # one that has ended may have left some of its input unread
        return await calls(command.code)
    finally:
        command.close()
        await asyncio.gather(*feeding, return_exceptions=True)


def _let_go(beginning: "asyncio.Future[_Command]") -> None:
    """Nobody waits for what it has begun."""
    if not beginning.cancelled() and beginning.exception() is None:
        beginning.result().close()


async def _taken(take: Take, chunk: bytes) -> None:
    await take(chunk)


class _Command:
    """A command that runs in a container; what it does blocks."""

    def __init__(self, container: "Container", argv: Sequence[str], *, reads: bool) -> None:
        self._api: Any = container.client.api  # type: ignore[union-attr] # one that the engine gave has a client
        if reads and self._api.base_url.startswith("https"):
            raise NotPossibleHereError("a command cannot be told over TLS that there is nothing more to read")
        self._id = self._api.exec_create(container.id, list(argv), stdin=reads)["Id"]
        attached: Any = self._api.exec_start(self._id, socket=True)
        self._response = attached._response  # noqa: SLF001 - the SDK hangs it there, and nobody else closes it
        # not from the socket: what came together with the answer's head is in this buffer
        self._written: IO[bytes] = self._response.raw._fp.fp  # noqa: SLF001 - where the SDK itself finds the socket
        self._socket: socket.socket = getattr(attached, "_sock", attached)
        self._socket.settimeout(None)

    def frames(self) -> Iterator[tuple[int, bytes]]:
        """What it writes, piece by piece, with the number of the stream, until it ends or this is closed."""
        while len(header := self._written.read(_HEADER.size)) == _HEADER.size:
            number, length = _HEADER.unpack(header)
            while length and (chunk := self._written.read(min(length, _CHUNK))):
                length -= len(chunk)
                yield number, chunk

    def feed(self, file: IO[bytes]) -> None:
        """Give it a file to read, to its end or as far as it reads."""
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            while chunk := file.read(_CHUNK):
                self._socket.sendall(chunk)
            self._socket.shutdown(socket.SHUT_WR)

    def code(self) -> int:
        """How it ended, of which the engine takes note a moment after its last word.

        Raises:
            EnvironmentFailedError: it does not.
        """
        deadline = time.monotonic() + _NOTED
        while (told := self._api.exec_inspect(self._id))["Running"] or told["ExitCode"] is None:
            if time.monotonic() >= deadline:
                raise EnvironmentFailedError(f"how a command ended was not known after {_NOTED:g} s")
            time.sleep(_LOOK)
        return int(told["ExitCode"])

    def close(self) -> None:
        """Hear it no longer; who waits for a word of it does so no more."""
        with contextlib.suppress(OSError):  # it has ended
            self._socket.shutdown(socket.SHUT_RDWR)
        self._response.close()
