"""Why this exists: links whose two ends a test holds in its hands, and a ground that writes down what is done."""

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from harness.core.endpoint import Endpoint
from harness.core.errors import UsageError
from harness.faults.base import Heal
from harness.faults.connection import Stream
from harness.faults.link import Link, matching

LOOPBACK = "127.0.0.1"


class Behind:
    """A component behind a link: who connects to it is handed to the test."""

    def __init__(self) -> None:
        self._arrived: asyncio.Queue[Stream] = asyncio.Queue()
        self._server: asyncio.Server | None = None
        self._streams: list[Stream] = []

    async def open(self) -> Endpoint:
        """Listen."""
        self._server = await asyncio.start_server(self._take, LOOPBACK, 0)
        return Endpoint(LOOPBACK, self._server.sockets[0].getsockname()[1], 80)

    async def arrived(self) -> Stream:
        """The next connection."""
        return await self._arrived.get()

    @property
    def count(self) -> int:
        """How many have come."""
        return len(self._streams)

    def close(self) -> None:
        """End everything."""
        if self._server is not None:
            self._server.close()
        for stream in self._streams:
            stream.writer.transport.abort()

    def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._streams.append(Stream(reader, writer))
        self._arrived.put_nowait(self._streams[-1])


class Line:
    """A link, the component behind it, and clients before it."""

    def __init__(self, link: Link, behind: Behind, endpoint: Endpoint) -> None:
        self.link = link
        self.behind = behind
        self.endpoint = endpoint
        self._clients: list[Stream] = []

    async def connect(self) -> Stream:
        """A client."""
        stream = Stream(*await asyncio.open_connection(self.endpoint.host, self.endpoint.port))
        self._clients.append(stream)
        return stream

    async def pair(self) -> tuple[Stream, Stream]:
        """A client, and its connection as the component sees it."""
        client = await self.connect()
        return client, await self.behind.arrived()

    def close(self) -> None:
        """End everything of the test's."""
        for client in self._clients:
            client.writer.transport.abort()
        self.behind.close()


@asynccontextmanager
async def line() -> AsyncIterator[Line]:
    """A link that is open."""
    behind = Behind()
    link = Link("api", "db", await behind.open())
    opened = Line(link, behind, await link.open(LOOPBACK))
    try:
        yield opened
    finally:
        opened.close()
        await link.aclose()


@dataclass(slots=True)
class FakeGround:
    """Writes down what is done to components; its links are never opened.

    Attributes:
        ways: From whom to whom.
        separates: Whether its network keeps groups apart without them.
        journal: What was done.
    """

    ways: Collection[Link] = ()
    seed: int = 7
    separates: bool = False
    journal: list[str] = field(default_factory=list)

    async def kill(self, component: str) -> None:
        """Write it down, and so do the others."""
        self.journal.append(f"kill {component}")

    async def bring_back(self, component: str) -> None:
        """Write it down."""
        self.journal.append(f"bring back {component}")

    async def crash(self, component: str) -> None:
        """Write it down."""
        self.journal.append(f"crash {component}")

    async def scale_to_zero(self, component: str) -> None:
        """Write it down."""
        self.journal.append(f"scale to zero {component}")

    async def separate(self, groups: Sequence[Collection[str]]) -> Heal | None:
        """Write it down, where its network can."""
        if not self.separates:
            return None
        told = " | ".join(" ".join(group) for group in groups)
        self.journal.append(f"separate {told}")

        async def heal() -> None:
            self.journal.append(f"join {told}")

        return heal

    async def restart(self, component: str) -> None:
        """Write it down."""
        self.journal.append(f"restart {component}")

    async def suspend(self, component: str) -> None:
        """Write it down."""
        self.journal.append(f"suspend {component}")

    async def resume(self, component: str) -> None:
        """Write it down."""
        self.journal.append(f"resume {component}")

    async def fill_disk(self, component: str, path: str | None) -> str:
        """Write it down; the only one is at /data."""
        self.journal.append(f"fill {path} of {component}")
        return path or "/data"

    async def free_disk(self, component: str, path: str) -> None:
        """Write it down."""
        self.journal.append(f"free {path} of {component}")

    def links(self, component: str, sources: Collection[str] = ()) -> tuple[Link, ...]:
        """Of its own ways."""
        known = {name for link in self.ways for name in (link.component, link.source)}
        if unknown := {component, *sources} - known:
            raise UsageError(f"no component {unknown}")
        return matching(self.ways, component, sources)


def way(source: str, component: str) -> Link:
    """A link that nobody listens on."""
    return Link(source, component, Endpoint(LOOPBACK, 1, 80))
