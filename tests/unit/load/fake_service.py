"""Why this exists: a service that misbehaves on demand, so that a load generator can be tested against it."""

import asyncio
import ssl
from collections import Counter
from types import TracebackType
from typing import Self

_OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

ANSWERS: dict[str, tuple[bytes, ...]] = {
    "/ok": (_OK,),
    "/pieces": (_OK[:9], _OK[9:30], _OK[30:]),
    "/chunked": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"5\r\nhello\r\n",
        b"6\r\n world\r\n0\r\n\r\n",
    ),
    "/interim": (b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n", _OK),
    "/empty": (b"HTTP/1.1 204 No Content\r\n\r\n",),
    "/broken": (b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 4\r\n\r\noops",),
    "/missing": (b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",),
    "/garbage": (b"SSH-2.0-OpenSSH_9.2\r\n",),
    "/close": (b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",),
    "/until-end": (b"HTTP/1.1 200 OK\r\n\r\nall there is",),
    "/truncated": (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nnot all",),
    "/head": (b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n",),
    "/reset": (),
    "/hang": (),
}
_CLOSED_AFTER = frozenset({"/close", "/until-end", "/truncated", "/reset"})


class FakeService:
    """Answers by path as `ANSWERS` says, `/stall` when `release` is set, and counts what it saw."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self._tls = tls
        self.connections = 0
        self.requests: Counter[str] = Counter()
        self.bodies: list[bytes] = []
        self.release = asyncio.Event()
        self.arrived = asyncio.Event()
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._tls)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        self.release.set()
        for writer in set(self._writers):
            writer.close()
        await self._server.wait_closed()

    def url(self, path: str) -> str:
        """Where it answers."""
        assert self._server is not None
        port = self._server.sockets[0].getsockname()[1]
        scheme = "https" if self._tls else "http"
        return f"{scheme}://127.0.0.1:{port}{path}"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.add(writer)
        try:
            while await self._answer(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client went away, as clients do
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        lines = head.split("\r\n")
        path = lines[0].split(" ")[1]
        lengths = [line.partition(":")[2] for line in lines if line.lower().startswith("content-length:")]
        if lengths:
            self.bodies.append(await reader.readexactly(int(lengths[0])))
        self.requests[path] += 1
        self.arrived.set()
        if path == "/stall":
            await self.release.wait()
        for piece in ANSWERS.get(path, (_OK,)):
            writer.write(piece)
            await writer.drain()
        if path == "/hang":
            await reader.read()
        return path not in _CLOSED_AFTER
