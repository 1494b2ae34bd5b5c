"""PING is answered with PONG, after AUTH where there is a password."""

import asyncio

import pytest

from harness.core.endpoint import Endpoint
from harness.readiness.base import Answer
from harness.readiness.redis import RedisProbe
from tests.unit.readiness.conftest import Talk, serving


def redis(replies: dict[bytes, bytes], said: list[bytes] | None = None) -> Talk:
    """A server that knows replies by command name."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await reader.readline():
            words = [await _bulk(reader) for _ in range(int(head[1:]))]
            if said is not None:
                said.append(b" ".join(words))
            writer.write(replies[words[0]])

    return talk


async def _bulk(reader: asyncio.StreamReader) -> bytes:
    length = int((await reader.readline())[1:])
    return (await reader.readexactly(length + 2))[:-2]


@pytest.mark.parametrize(
    ("reply", "answer"),
    [
        (b"+PONG\r\n", Answer(True, "PONG")),
        (b"-NOAUTH Authentication required.\r\n", Answer(False, "NOAUTH Authentication required.")),
        (b"-LOADING Redis is loading\r\n", Answer(False, "LOADING Redis is loading")),
        (b"", Answer(False, "no answer in time")),
    ],
)
async def test_answers_to_ping(reply: bytes, answer: Answer) -> None:
    """Only PONG is ready."""
    async with serving(redis({b"PING": reply})) as endpoint:
        assert await RedisProbe(endpoint, timeout=1 if reply else 0.01).check() == answer


async def test_the_password_is_said_first_and_shown_nowhere() -> None:
    """With the user's name where there is one; also words beyond ASCII count in bytes."""
    said: list[bytes] = []
    async with serving(redis({b"AUTH": b"+OK\r\n", b"PING": b"+PONG\r\n"}, said)) as endpoint:
        plain = RedisProbe(endpoint, "s3crèt")
        assert (await plain.check()).is_ready
        assert (await RedisProbe(endpoint, "s3cret", "me").check()).is_ready
    assert said == ["AUTH s3crèt".encode(), b"PING", b"AUTH me s3cret", b"PING"]
    assert "s3cr" not in plain.describe() + repr(plain)


async def test_a_wrong_password_is_told() -> None:
    """In the server's words."""
    async with serving(redis({b"AUTH": b"-WRONGPASS invalid\r\n"})) as endpoint:
        assert await RedisProbe(endpoint, "no").check() == Answer(False, "WRONGPASS invalid")


async def test_absence(closed: Endpoint) -> None:
    """A server that is not there, and one that hangs up."""

    async def hang_up(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.readline()

    assert await RedisProbe(closed).check() == Answer(False, "connection refused")
    async with serving(hang_up) as endpoint:
        answer = await RedisProbe(endpoint).check()
        assert answer.seen in ("closed without an answer", "connection reset")
        assert not answer.is_ready
