"""The startup packet is what a server expects, and its answers are told apart."""

import asyncio
import struct

import pytest

from harness.core.endpoint import Endpoint
from harness.readiness.base import Answer
from harness.readiness.postgres import PostgresProbe
from tests.unit.readiness.conftest import Talk, serving


def answering(raw: bytes, packets: list[bytes] | None = None) -> Talk:
    """A server that reads one startup packet and gives one raw answer."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        (length,) = struct.unpack("!i", await reader.readexactly(4))
        packet = await reader.readexactly(length - 4)
        if packets is not None:
            packets.append(packet)
        writer.write(raw)

    return talk


def error(state: str, message: str) -> bytes:
    """An ErrorResponse."""
    body = b"SFATAL\0C%s\0M%s\0\0" % (state.encode(), message.encode())
    return b"E" + struct.pack("!i", len(body) + 4) + body


@pytest.mark.parametrize(
    ("raw", "answer"),
    [
        (b"R" + struct.pack("!ii", 8, 10), Answer(True, "takes sessions")),
        (
            error("57P03", "the database system is starting up"),
            Answer(False, "the database system is starting up"),
        ),
        (error("3D000", 'database "x" does not exist'), Answer(False, 'database "x" does not exist')),
        (error("53300", "too many clients already"), Answer(False, "too many clients already")),
        (error("28000", "no pg_hba.conf entry"), Answer(True, "no pg_hba.conf entry")),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", Answer(False, "answers, but not as Postgres")),
        (b"E" + struct.pack("!i", 2**30), Answer(False, "answers, but not as Postgres")),
        (b"E" + struct.pack("!i", 100) + b"SFATAL", Answer(False, "closed without an answer")),
        (b"", Answer(False, "closed without an answer")),
    ],
)
async def test_answers(raw: bytes, answer: Answer) -> None:
    """Going on to authentication is ready; starting up, a missing database or no room is not."""
    async with serving(answering(raw)) as endpoint:
        assert await PostgresProbe(endpoint).check() == answer


async def test_the_startup_packet() -> None:
    """Protocol 3.0 with user and database, and no password anywhere."""
    packets: list[bytes] = []
    async with serving(answering(b"R" + struct.pack("!ii", 8, 0), packets)) as endpoint:
        probe = PostgresProbe(endpoint, "me", "mine")
        assert (await probe.check()).is_ready
        assert probe.describe() == f"Postgres at {endpoint.address} takes sessions for database mine"
    expected = b"user\0me\0database\0mine\0application_name\0harness-readiness\0\0"
    assert packets == [struct.pack("!i", 3 << 16) + expected]


async def test_absence(closed: Endpoint) -> None:
    """A server that is not there."""
    assert await PostgresProbe(closed).check() == Answer(False, "connection refused")
