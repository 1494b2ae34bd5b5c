"""Why this exists: for a component of which only a port is known, "ready" is that the port accepts."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from harness.core.endpoint import Endpoint
from harness.readiness.base import Answer
from harness.readiness.connection import CHECK_TIMEOUT, explain, open_connection

_HELD = 0.05  # seconds; a forwarder that finds nobody behind it hangs up within a fraction of that

Listens = Callable[[int], bool | None]
"""Tells of a component's own port whether anybody listens there; None when that cannot be seen."""


@dataclass(frozen=True, slots=True)
class TcpProbe:
    """Ready when the endpoint accepts a connection.

    Args:
        endpoint: Where to connect.
        listens: For an endpoint at which somebody else accepts (a published or forwarded port): looks behind it.
            Where that cannot be seen, a connection that is not hung up at once counts.
        timeout: Seconds one look may take.
    """

    endpoint: Endpoint
    listens: Listens | None = None
    timeout: float = CHECK_TIMEOUT

    def describe(self) -> str:
        """What is checked."""
        return f"{self.endpoint.address} accepts a TCP connection"

    async def check(self) -> Answer:
        """Look behind the endpoint, or connect once."""
        is_there = self.listens(self.endpoint.target) if self.listens else None
        if is_there is None:
            return await self._connect()
        return Answer(is_ready=is_there, seen="it listens" if is_there else "nobody listens behind it")

    async def _connect(self) -> Answer:
        try:
            async with open_connection(self.endpoint, self.timeout) as (reader, _):
                if self.listens and await _is_hung_up(reader):
                    return Answer(is_ready=False, seen="nobody listens behind it")
                return Answer(is_ready=True, seen="connection accepted")
        except OSError as error:
            return Answer(is_ready=False, seen=explain(error))


async def _is_hung_up(reader: asyncio.StreamReader) -> bool:
    """Whether the connection ends within a moment; what is silent, or speaks, is there."""
    try:
        async with asyncio.timeout(_HELD):
            return not await reader.read(1)
    except TimeoutError:
        return False
