"""A port that accepts is ready; one that refuses says so."""

import asyncio

from harness.core.endpoint import Endpoint
from harness.readiness.base import Answer
from harness.readiness.tcp import TcpProbe
from tests.unit.readiness.conftest import serving


async def silent(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    """A server that says nothing."""


async def test_an_open_port_is_ready() -> None:
    """Being accepted is enough."""
    async with serving(silent) as endpoint:
        assert await TcpProbe(endpoint).check() == Answer(is_ready=True, seen="connection accepted")
        assert TcpProbe(endpoint).describe() == f"{endpoint.address} accepts a TCP connection"


async def test_a_closed_port_is_not(closed: Endpoint) -> None:
    """Nobody listens yet."""
    assert await TcpProbe(closed).check() == Answer(is_ready=False, seen="connection refused")
