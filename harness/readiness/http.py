"""Why this exists: a service says best itself, over HTTP, whether it is ready.

One request on a raw connection: an HTTP client library costs more to import than the services take to start.
"""

import asyncio
import re
from dataclasses import dataclass

from harness.core.endpoint import Endpoint
from harness.readiness.base import Answer
from harness.readiness.connection import CHECK_TIMEOUT, explain, open_connection

_BODY_LIMIT = 4096
_LINE_LIMIT = 200
# A head that says that nothing follows (RFC 9112, 6.3); some ways to a server are slow to tell that it has closed.
_BODILESS = re.compile(
    rb"\AHTTP/\S+ (?:204|304)\b|^content-length:[ \t]*0[ \t]*\r$", re.IGNORECASE | re.MULTILINE
)


@dataclass(frozen=True, slots=True)
class HttpProbe:
    """Ready when GET of `path` answers with a status of 200 up to `highest`.

    Args:
        endpoint: Where to ask.
        path: The request target, starting with a slash.
        highest: The highest status that counts as ready; 299 for "2xx", 399 for what `curl -f` accepts.
        host: The Host header; the endpoint's address when empty.
        timeout: Seconds one request may take.
    """

    endpoint: Endpoint
    path: str = "/"
    highest: int = 299
    host: str = ""
    timeout: float = CHECK_TIMEOUT

    def describe(self) -> str:
        """What is checked."""
        expected = "2xx" if self.highest == 299 else f"a status of 200 to {self.highest}"  # noqa: PLR2004 - as HTTP counts
        return f"GET {self.endpoint.http_url}{self.path} answers {expected}"

    async def check(self) -> Answer:
        """Ask once."""
        try:
            async with open_connection(self.endpoint, self.timeout) as (reader, writer):
                writer.write(_request("GET", self.path, self.host or self.endpoint.address))
                return await self._answer(reader)
        except OSError as error:
            return Answer(is_ready=False, seen=explain(error))

    async def _answer(self, reader: asyncio.StreamReader) -> Answer:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            return Answer(is_ready=False, seen="closed without an HTTP answer")
        status = _status(head)
        if status is None:
            return Answer(is_ready=False, seen="answers, but not in HTTP")
        if 200 <= status <= self.highest:  # noqa: PLR2004 - as HTTP counts
            return Answer(is_ready=True, seen=f"HTTP {status}")
        line = _first_line(head, await _body(head, reader))
        return Answer(is_ready=False, seen=f"HTTP {status}: {line}" if line else f"HTTP {status}")


async def ask(method: str, endpoint: Endpoint, path: str, timeout: float) -> tuple[int, str]:
    """One request without a body: the status, and the first line of what is said.

    Raises:
        OSError: nothing answers in HTTP; TimeoutError (an OSError) when it takes longer than `timeout` seconds.
    """
    async with open_connection(endpoint, timeout) as (reader, writer):
        writer.write(_request(method, path, endpoint.address))
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
            raise ConnectionResetError("closed without an HTTP answer") from error
        status = _status(head)
        if status is None:
            raise ConnectionError("answers, but not in HTTP")
        return status, _first_line(head, await _body(head, reader))


def _request(method: str, path: str, host: str) -> bytes:
    length = "" if method == "GET" else "Content-Length: 0\r\n"
    return (
        f"{method} {path} HTTP/1.1\r\nHost: {host}\r\n{length}"
        "User-Agent: harness-readiness\r\nAccept: */*\r\nConnection: close\r\n\r\n"
    ).encode()


def _status(head: bytes) -> int | None:
    """The status of a response head; None when this is not HTTP."""
    words = head.split(b"\r\n", 1)[0].split(maxsplit=2)
    if len(words) < 2 or not words[0].startswith(b"HTTP/") or not words[1].isdigit():  # noqa: PLR2004 - version and status
        return None
    return int(words[1])


async def _body(head: bytes, reader: asyncio.StreamReader) -> bytes:
    """What has come of the body so far, once some of it has."""
    return b"" if _BODILESS.search(head) else await reader.read(_BODY_LIMIT)


def _first_line(head: bytes, body: bytes) -> str:
    """The first line of text of a body; for a chunked one, of its first chunk."""
    if b"transfer-encoding: chunked" in head.lower():
        body = body.partition(b"\r\n")[2]
    lines = body.decode("utf-8", "replace").strip().splitlines()
    return lines[0].strip()[:_LINE_LIMIT] if lines else ""
