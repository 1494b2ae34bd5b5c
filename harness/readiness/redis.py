"""Why this exists: a Redis that accepts TCP may still be loading its data; only PING says "ready"."""

import asyncio
from dataclasses import dataclass, field

from harness.core.endpoint import Endpoint
from harness.readiness.base import Answer
from harness.readiness.connection import CHECK_TIMEOUT, explain, open_connection


@dataclass(frozen=True, slots=True)
class RedisProbe:
    """Ready when PING is answered with PONG, after AUTH where a password is set."""

    endpoint: Endpoint
    password: str | None = field(default=None, repr=False)
    username: str | None = None
    timeout: float = CHECK_TIMEOUT

    def describe(self) -> str:
        """What is checked."""
        return f"Redis at {self.endpoint.address} answers PING"

    async def check(self) -> Answer:
        """Say AUTH, where needed, and PING once."""
        try:
            async with open_connection(self.endpoint, self.timeout) as (reader, writer):
                for command in self._commands():
                    writer.write(_encode(*command))
                    reply = await _line(reader)
                    if reply not in ("+OK", "+PONG"):
                        return Answer(is_ready=False, seen=reply.removeprefix("-"))
                return Answer(is_ready=True, seen="PONG")
        except OSError as error:
            return Answer(is_ready=False, seen=explain(error))

    def _commands(self) -> list[tuple[str, ...]]:
        ping = ("PING",)
        if not self.password:
            return [ping]
        user = (self.username,) if self.username else ()
        return [("AUTH", *user, self.password), ping]


async def _line(reader: asyncio.StreamReader) -> str:
    """One line of a reply without its end; a plain remark when the server closes instead."""
    line = await reader.readline()
    return line.decode("utf-8", "replace").strip() or "closed without an answer"


def _encode(*words: str) -> bytes:
    """A command as an array of bulk strings."""
    parts = [f"*{len(words)}\r\n".encode()]
    for word in words:
        data = word.encode()
        parts.append(b"$%d\r\n%s\r\n" % (len(data), data))
    return b"".join(parts)
