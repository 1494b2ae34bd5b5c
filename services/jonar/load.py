"""Why this exists: real HTTP load on a component's replicas, bounded in rate, connections and time.

A functional HTTP client spends more CPU on a request than the service that answers it; this one writes prepared
bytes on kept-open connections.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from itertools import count
from typing import Any
from urllib.parse import urlsplit

from jonar.clock import Clock

HIGHEST_RATE = 500.0  # requests per second
MOST_CONNECTIONS = 32
_RATE_PER_CONNECTION = 20.0
_ANSWER_TIMEOUT = 5.0
_LENGTH = re.compile(rb"\r\ncontent-length:\s*(\d+)", re.IGNORECASE)
_LARGEST_HEAD = 65536
_REFUSED = 400


@dataclass(frozen=True, slots=True)
class LoadPlan:
    """How much load, for how long. `rate` is in requests per second over all connections."""

    rate: float
    seconds: float
    connections: int

    def due(self, worker: int, number: int) -> float:
        """When a connection sends its request `number`, in seconds from the start; all together are evenly spaced."""
        return (number * self.connections + worker) / self.rate


def make_plan(load_factor: float, target: float, replicas: int, seconds: float) -> LoadPlan:
    """Load of `load_factor` times what `replicas` are meant to take, `target` requests per second each."""
    rate = min(HIGHEST_RATE, load_factor * target * replicas)
    connections = min(MOST_CONNECTIONS, max(1, round(rate / _RATE_PER_CONNECTION)))
    return LoadPlan(rate, seconds, connections)


@dataclass(slots=True)
class LoadResult:
    """What came of it: `refused` are answers from 400 on, `failed` requests without an answer."""

    plan: LoadPlan
    answered: int = 0
    refused: int = 0
    failed: int = 0
    seconds: float = 0.0

    def figures(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "planned_requests_per_second": self.plan.rate,
            "requests_per_second": self.answered / self.seconds if self.seconds else 0.0,
            "seconds": self.seconds,
            "answered": self.answered,
            "refused": self.refused,
            "failed": self.failed,
        }


class AnswerError(Exception):
    """A replica answered something that cannot be read."""


class Connection:
    """One kept-open HTTP/1.1 connection that sends the same request again and again."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> None:
        self._reader = reader
        self._writer = writer
        self._request = request

    async def ask(self) -> int:
        """Send the request and read the whole answer; its status.

        Raises:
            OSError, EOFError, AnswerError: there was no whole answer.
        """
        self._writer.write(self._request)
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = _LENGTH.search(head)
        if length is None or not head.startswith(b"HTTP/1.1 "):
            raise AnswerError(f"not an HTTP/1.1 answer with a content-length: {head[:80]!r}")
        await self._reader.readexactly(int(length[1]))
        return int(head[9:12])

    def close(self) -> None:
        """Give the connection up."""
        self._writer.close()


async def connect(url: str, path: str, token: str) -> Connection:
    """Open a connection to a replica.

    Raises:
        OSError: it does not accept.
    """
    address = urlsplit(url)
    request = f"GET {path} HTTP/1.1\r\nhost: {address.netloc}\r\nauthorization: Bearer {token}\r\n\r\n"
    reader, writer = await asyncio.open_connection(address.hostname, address.port, limit=_LARGEST_HEAD)
    return Connection(reader, writer, request.encode())


class Generator:
    """Carries out one plan.

    Args:
        pick: The url of the replica that takes the next request; None while there is none.
        dial: Opens a connection to a url.
    """

    def __init__(
        self,
        plan: LoadPlan,
        pick: Callable[[], str | None],
        dial: Callable[[str], Awaitable[Connection]],
        clock: Clock,
    ) -> None:
        self._plan = plan
        self._pick = pick
        self._dial = dial
        self._clock = clock
        self._result = LoadResult(plan)

    async def run(self) -> LoadResult:
        """Generate until the plan's time is over."""
        started = self._clock.now()
        async with asyncio.TaskGroup() as group:
            for worker in range(self._plan.connections):
                group.create_task(self._work(worker, started))
        self._result.seconds = self._clock.now() - started
        return self._result

    async def _work(self, worker: int, started: float) -> None:
        """Send one connection's share; a late request is sent at once, but never after the end."""
        connections: dict[str, Connection] = {}
        try:
            for number in count():
                due = self._plan.due(worker, number)
                elapsed = self._clock.now() - started
                if max(due, elapsed) >= self._plan.seconds:
                    return
                if due > elapsed:
                    await self._clock.sleep(due - elapsed)
                await self._ask(connections)
        finally:
            for connection in connections.values():
                connection.close()

    async def _ask(self, connections: dict[str, Connection]) -> None:
        url = self._pick()
        if url is None:
            self._result.failed += 1
            return
        try:
            async with asyncio.timeout(_ANSWER_TIMEOUT):
                if url not in connections:
                    connections[url] = await self._dial(url)
                self._count(await connections[url].ask())
        except (OSError, EOFError, asyncio.LimitOverrunError, AnswerError):
            self._result.failed += 1
            if url in connections:
                connections.pop(url).close()

    def _count(self, status: int) -> None:
        self._result.answered += 1
        self._result.refused += status >= _REFUSED
