"""Why this exists: a Postgres that accepts TCP may still be recovering; only its protocol says "ready".

What `pg_isready` does, without starting a program: send the startup packet and read whether the server goes
on to authentication. It needs no credentials, and no driver, whose import takes longer than a server's start.
"""

import asyncio
import struct
from dataclasses import dataclass

from harness.core.endpoint import Endpoint
from harness.readiness.base import Answer
from harness.readiness.connection import CHECK_TIMEOUT, explain, open_connection

_PROTOCOL_3_0 = 196608
_NOT_YET = {"57P03", "53300", "3D000"}  # starting up or shutting down; too many connections; no such database


@dataclass(frozen=True, slots=True)
class PostgresProbe:
    """Ready when the server takes sessions; a missing database shows only where no password is asked for."""

    endpoint: Endpoint
    user: str = "postgres"
    database: str = "postgres"
    timeout: float = CHECK_TIMEOUT

    def describe(self) -> str:
        """What is checked."""
        return f"Postgres at {self.endpoint.address} takes sessions for database {self.database}"

    async def check(self) -> Answer:
        """Begin a session once and leave before authentication."""
        try:
            async with open_connection(self.endpoint, self.timeout) as (reader, writer):
                writer.write(self._startup_packet())
                return await _answer(reader)
        except asyncio.IncompleteReadError:
            return Answer(is_ready=False, seen="closed without an answer")
        except OSError as error:
            return Answer(is_ready=False, seen=explain(error))

    def _startup_packet(self) -> bytes:
        words = ("user", self.user, "database", self.database, "application_name", "harness-readiness")
        body = struct.pack("!i", _PROTOCOL_3_0) + b"".join(w.encode() + b"\0" for w in words) + b"\0"
        return struct.pack("!i", len(body) + 4) + body


async def _answer(reader: asyncio.StreamReader) -> Answer:
    """What the server's first message (kind, length, body) means."""
    kind, length = struct.unpack("!ci", await reader.readexactly(5))
    if kind == b"R":
        return Answer(is_ready=True, seen="takes sessions")
    if kind != b"E" or not 4 < length < 2**16:  # noqa: PLR2004 - its own four bytes, and no novel
        return Answer(is_ready=False, seen="answers, but not as Postgres")
    fields = _error_fields(await reader.readexactly(length - 4))
    return Answer(
        is_ready=fields.get("C") not in _NOT_YET, seen=fields.get("M", "an error without a message")
    )


def _error_fields(body: bytes) -> dict[str, str]:
    """The fields of an ErrorResponse by their one-letter names: `C` is the SQLSTATE, `M` the message."""
    parts = body.decode("utf-8", "replace").split("\0")
    return {part[0]: part[1:] for part in parts if part}
