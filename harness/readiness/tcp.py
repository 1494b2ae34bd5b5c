"""Why this exists: for a component of which only a port is known, "ready" is that the port accepts."""

import asyncio
from dataclasses import dataclass

from harness.core.endpoint import Endpoint
from harness.readiness.base import Answer
from harness.readiness.connection import CHECK_TIMEOUT, explain, open_connection

_HELD = 0.05  # seconds; a forwarder that finds nobody behind it hangs up within a fraction of that


@dataclass(frozen=True, slots=True)
class TcpProbe:
    """Ready when the endpoint accepts a connection; when it is forwarded, one that is not hung up at once."""

    endpoint: Endpoint
    is_forwarded: bool = False
    timeout: float = CHECK_TIMEOUT

    def describe(self) -> str:
        """What is checked."""
        return f"{self.endpoint.address} accepts a TCP connection"

    async def check(self) -> Answer:
        """Connect once."""
        try:
            async with open_connection(self.endpoint, self.timeout) as (reader, _):
                if self.is_forwarded and await _is_hung_up(reader):
                    return Answer(is_ready=False, seen="nobody listens behind the published port")
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
