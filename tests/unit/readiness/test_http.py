"""The status decides, and what the body says first is shown."""

import asyncio

import pytest

from harness.core.endpoint import Endpoint
from harness.readiness.base import Answer
from harness.readiness.http import HttpProbe, ask
from tests.unit.readiness.conftest import Talk, serving


def answering(raw: bytes, requests: list[bytes] | None = None) -> Talk:
    """A server that gives one raw answer and keeps the requests."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        if requests is not None:
            requests.append(request)
        writer.write(raw)

    return talk


def response(status: str, body: bytes = b"", headers: bytes = b"") -> bytes:
    """A response with a body of known length."""
    return f"HTTP/1.1 {status}\r\n".encode() + headers + b"Content-Length: %d\r\n\r\n%s" % (len(body), body)


@pytest.mark.parametrize(
    ("raw", "answer"),
    [
        (response("200 OK", b"fine"), Answer(True, "HTTP 200")),
        (response("204 No Content"), Answer(True, "HTTP 204")),
        (response("301 Moved"), Answer(False, "HTTP 301")),
        (response("404 Not Found"), Answer(False, "HTTP 404")),
        (response("503 Unavailable", b"\n database down\nmore"), Answer(False, "HTTP 503: database down")),
        (response("500 Oops", b"\xff\xfe"), Answer(False, "HTTP 500: \ufffd\ufffd")),
        (
            b"HTTP/1.1 503 No\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nsoon\r\n0\r\n\r\n",
            Answer(False, "HTTP 503: soon"),
        ),
        (b"SSH-2.0-OpenSSH\r\n\r\n", Answer(False, "answers, but not in HTTP")),
        (b"HTTP/1.1 OK\r\n\r\n", Answer(False, "answers, but not in HTTP")),
        (b"HTTP/1.1 200", Answer(False, "closed without an HTTP answer")),
        (b"", Answer(False, "closed without an HTTP answer")),
        (b"x" * 70_000, Answer(False, "closed without an HTTP answer")),
    ],
)
async def test_answers(raw: bytes, answer: Answer) -> None:
    """2xx is ready, everything else is not, and nothing raises."""
    async with serving(answering(raw)) as endpoint:
        assert await HttpProbe(endpoint, "/ready").check() == answer


@pytest.mark.parametrize(
    "raw",
    [
        b"HTTP/1.1 204 No Content\r\nX: y\r\n\r\n",
        response("200 OK"),
        response("503 Unavailable", headers=b"X: y\r\n"),
    ],
)
async def test_an_answer_without_a_body_is_whole(raw: bytes) -> None:
    """Nobody waits until a server closes that has said that nothing follows."""
    closing = asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await answering(raw)(reader, writer)
        await closing.wait()

    async with serving(talk) as endpoint:
        status, line = await ask("POST", endpoint, "/settle", 5)
        closing.set()
    assert (str(status), line) == (raw.split()[1].decode(), "")


async def test_the_request() -> None:
    """One GET with the path, a Host and no wish to keep the connection."""
    requests: list[bytes] = []
    async with serving(answering(response("302 Found"), requests)) as endpoint:
        probe = HttpProbe(endpoint, "/health?full=1", highest=399, host="localhost:8000")
        assert (await probe.check()).is_ready
        assert probe.describe() == f"GET {endpoint.http_url}/health?full=1 answers a status of 200 to 399"
        assert HttpProbe(endpoint, "/x").describe() == f"GET {endpoint.http_url}/x answers 2xx"
    lines = requests[0].split(b"\r\n")
    assert lines[:2] == [b"GET /health?full=1 HTTP/1.1", b"Host: localhost:8000"]
    assert b"Connection: close" in lines


async def test_silence_and_absence(closed: Endpoint) -> None:
    """A server that never answers and one that is not there are told apart."""

    async def never(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        while await reader.read(1024):
            pass

    async with serving(never) as endpoint:
        assert await HttpProbe(endpoint, timeout=0.01).check() == Answer(False, "no answer in time")
    assert await HttpProbe(closed).check() == Answer(False, "connection refused")
