"""Why this exists: one virtual user, with one request under way at most and one connection to each host."""

import asyncio
import errno
import ssl
from collections.abc import Callable, Iterator
from functools import lru_cache
from time import perf_counter
from typing import Protocol

from harness.core.errors import EnvironmentFailedError, UsageError
from harness.load.connection import Connection, Failure
from harness.load.scenario import Request
from harness.load.wire import Message, Target, encode

_CLOSING_TIMEOUT = 1.0


@lru_cache(maxsize=1)
def _tls_context() -> ssl.SSLContext:
    return ssl.create_default_context()  # takes milliseconds: it reads every authority of the machine


class Recorder(Protocol):
    """Where a user reports how its requests ended; durations in seconds."""

    def answered(self, name: str, status: int, seconds: float) -> None:
        """An answer came."""
        ...

    def failed(self, name: str, failure: Failure, detail: str, seconds: float) -> None:
        """No answer came."""
        ...


class User:
    """Sends the requests of one iterator, one after the other, each when it is told to.

    Args:
        requests: What to send; when it ends, `begin` returns False from then on.
        recorder: Hears how each request ended.
        ended: Called after that, when the user is free again.
        allow_remote: Whether it may connect to other machines.
    """

    def __init__(
        self,
        requests: Iterator[Request],
        recorder: Recorder,
        ended: Callable[["User"], None],
        *,
        allow_remote: bool,
    ) -> None:
        self.sent = 0
        self.is_exhausted = False
        self._requests = requests
        self._recorder = recorder
        self._ended = ended
        self._allow_remote = allow_remote
        self._connections: dict[Target, Connection] = {}
        self._closing: list[asyncio.Future[None]] = []
        self._connecting: asyncio.Task[None] | None = None
        self._message: Message | None = None
        self._due = 0.0
        self._began = 0.0

    def begin(self, due: float) -> bool:
        """Send the next request, whose latency counts from `due`; False when there is none left.

        Raises:
            UsageError: the request cannot be sent, or leads to another machine without leave.
        """
        request = next(self._requests, None)
        if request is None:
            self.is_exhausted = True
            return False
        message = encode(request)
        self.sent += 1
        self._message, self._due, self._began = message, due, perf_counter()
        connection = self._connections.get(message.target)
        if connection is not None and connection.is_usable:
            connection.send(message.data, has_bodiless_answer=message.has_bodiless_answer)
        else:
            self._begin_connecting(message)
        return True

    def expire(self, limit: float) -> None:
        """Give up the request under way if it was sent before the instant `limit`."""
        if self._message is None or self._began >= limit:
            return
        if self._connecting is not None:
            self._connecting.cancel()
        self._drop(self._message.target)
        self.broke(Failure.TIMEOUT, f"no whole answer after {perf_counter() - self._began:.3f} s")

    async def aclose(self) -> None:
        """Close every connection and return when they are gone. What is under way is forgotten."""
        self._message = None
        self._requests = iter(())
        if self._connecting is not None:
            self._connecting.cancel()
            await asyncio.wait([self._connecting])
        for target in list(self._connections):
            self._drop(target)
        if self._closing:
            await asyncio.wait(self._closing, timeout=_CLOSING_TIMEOUT)

    def answered(self, status: int) -> None:
        """From the connection: the answer is whole."""
        message = self._taken()
        self._recorder.answered(message.name, status, perf_counter() - self._due)
        self._ended(self)

    def broke(self, failure: Failure, detail: str) -> None:
        """From the connection: there will be no answer."""
        message = self._taken()
        self._recorder.failed(message.name, failure, detail, perf_counter() - self._due)
        self._ended(self)

    def _taken(self) -> Message:
        message, self._message = self._message, None
        if message is None:
            raise RuntimeError("a connection reported an answer to a request that was not under way")
        return message

    def _drop(self, target: Target) -> None:
        connection = self._connections.pop(target, None)
        if connection is not None:
            connection.abort()
            self._closing = [closed for closed in self._closing if not closed.done()]
            self._closing.append(connection.closed)

    def _begin_connecting(self, message: Message) -> None:
        target = message.target
        if not (target.is_loopback or self._allow_remote):
            raise UsageError(
                f"load: refusing to send load to {target.host}:{target.port}, which is not this machine",
                hint="only if you may load that host: pass allow_remote=True",
            )
        self._drop(target)
        self._connecting = asyncio.get_running_loop().create_task(self._connect(message))
        self._connecting.add_done_callback(self._connected)

    async def _connect(self, message: Message) -> None:
        loop = asyncio.get_running_loop()
        host, port, is_tls = message.target
        connection = Connection(self, loop.create_future())
        try:
            await loop.create_connection(
                lambda: connection, host, port, ssl=_tls_context() if is_tls else None
            )
        except OSError as error:
            if error.errno in (errno.EMFILE, errno.ENFILE):
                raise EnvironmentFailedError(
                    f"load: out of file descriptors while connecting to {host}:{port}",
                    hint="raise the limit (ulimit -n) or use fewer users",
                ) from error
            self.broke(Failure.CONNECTION, f"{type(error).__name__}: {error.strerror or error}")
            return
        self._connections[message.target] = connection
        connection.send(message.data, has_bodiless_answer=message.has_bodiless_answer)

    def _connected(self, task: asyncio.Task[None]) -> None:
        if self._connecting is task:
            self._connecting = None
        if not task.cancelled():
            task.result()  # what is not an answer to the request goes to the loop, and ends the run
