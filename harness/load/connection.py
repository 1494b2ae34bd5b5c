"""Why this exists: one keep-alive HTTP/1.1 connection at the price of a few function calls a request.

No tasks, futures or streams: uvloop hands bytes to a Protocol, httptools parses them, and the listener is
called once for each request. That is what makes tens of thousands of requests a CPU-second possible.
"""

import asyncio
from enum import StrEnum
from typing import Protocol, cast

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser


class Failure(StrEnum):
    """Why a request got no whole answer."""

    CONNECTION = "connection"  # refused, reset, or closed before the answer's end
    TIMEOUT = "timeout"
    PROTOCOL = "protocol"  # what came was not HTTP


class Listener(Protocol):
    """Whoever sends through a connection: it hears exactly one of these for each request sent."""

    def answered(self, status: int) -> None:
        """The answer is there to its last byte."""
        ...

    def broke(self, failure: Failure, detail: str) -> None:
        """There will be no whole answer; the connection is unusable."""
        ...


class Connection(asyncio.Protocol):
    """Sends one request at a time. `closed` is done when the transport is gone."""

    def __init__(self, listener: Listener, closed: asyncio.Future[None]) -> None:
        self.closed = closed
        self._listener = listener
        self._transport: asyncio.Transport | None = None
        self._parser = HttpResponseParser(self)
        self._is_waiting = False
        self._has_bodiless_answer = False
        self._begin_answer()

    def _begin_answer(self) -> None:
        self._has_headers = False
        self._has_length = False
        self._is_whole = False
        self._keeps_alive = True
        self._status = 0

    @property
    def is_usable(self) -> bool:
        """Whether another request may be sent."""
        return self._transport is not None and not self._transport.is_closing()

    def send(self, data: bytes, *, has_bodiless_answer: bool = False) -> None:
        """Send one request; the previous one must have been answered."""
        if self._transport is None:
            raise RuntimeError("send() on a connection that is not made or was lost")
        self._is_waiting = True
        self._has_bodiless_answer = has_bodiless_answer
        self._begin_answer()
        self._transport.write(data)

    def abort(self) -> None:
        """Close at once; the listener hears nothing more."""
        self._is_waiting = False
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """asyncio: the connection stands."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's are such in all but ancestry

    def data_received(self, data: bytes) -> None:
        """asyncio: bytes came."""
        if not self._is_waiting:  # an answer nobody asked for: the next one could not be told from it
            self.abort()
            return
        try:
            self._parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade) as error:
            self._break(Failure.PROTOCOL, f"{type(error).__name__}: {error}")
            return
        if self._is_whole:
            self._finish()

    def connection_lost(self, exc: Exception | None) -> None:
        """asyncio: the connection is gone."""
        self._transport = None
        if not self.closed.done():
            self.closed.set_result(None)
        if not self._is_waiting:
            return
        if exc is None and self._has_headers and not self._has_length:
            self._keeps_alive = False
            self._finish()  # such an answer ends where the connection ends
        else:
            when = "inside the answer" if self._has_headers else "before an answer"
            self._break(Failure.CONNECTION, f"{type(exc).__name__ if exc else 'closed by the server'} {when}")

    def on_header(self, name: bytes, _value: bytes) -> None:
        """httptools: one header."""
        if name.lower() in (b"content-length", b"transfer-encoding"):
            self._has_length = True

    def on_headers_complete(self) -> None:
        """httptools: the head is complete."""
        self._has_headers = True
        self._status = self._parser.get_status_code()
        if self._has_bodiless_answer:  # the parser cannot know that the announced body never comes
            self._is_whole = True
            self._keeps_alive = False

    def on_message_complete(self) -> None:
        """httptools: the answer is complete; 1xx answers only announce the real one."""
        if self._status < 200:  # noqa: PLR2004 - the class of interim answers
            self._begin_answer()
        elif not self._is_whole:
            self._is_whole = True
            self._keeps_alive = self._parser.should_keep_alive()

    def _finish(self) -> None:
        self._is_waiting = False
        if not self._keeps_alive:
            self.abort()
        self._listener.answered(self._status)

    def _break(self, failure: Failure, detail: str) -> None:
        self.abort()
        self._listener.broke(failure, detail)
