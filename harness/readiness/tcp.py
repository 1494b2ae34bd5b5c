"""Why this exists: for a component of which only a port is known, "ready" is that the port accepts."""

from dataclasses import dataclass

from harness.core.endpoint import Endpoint
from harness.readiness.base import Answer
from harness.readiness.connection import CHECK_TIMEOUT, explain, open_connection


@dataclass(frozen=True, slots=True)
class TcpProbe:
    """Ready when the endpoint accepts a connection."""

    endpoint: Endpoint
    timeout: float = CHECK_TIMEOUT

    def describe(self) -> str:
        """What is checked."""
        return f"{self.endpoint.address} accepts a TCP connection"

    async def check(self) -> Answer:
        """Connect once."""
        try:
            async with open_connection(self.endpoint, self.timeout):
                return Answer(is_ready=True, seen="connection accepted")
        except OSError as error:
            return Answer(is_ready=False, seen=explain(error))
