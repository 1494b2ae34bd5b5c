"""What a real client of HTTP, which keeps its connection, sees of requests that fail with a status."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import closing
from http.client import HTTPConnection

from harness.core.endpoint import Endpoint
from harness.faults import TESTS, FailFirst
from harness.faults.link import Link
from tests.unit.faults.stage import LOOPBACK, FakeGround


class FakeShop:
    """Answers every request; counts them and their connections."""

    def __init__(self) -> None:
        self.requests = 0
        self.connections: list[asyncio.Task[None] | None] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, which is kept."""
        self.connections.append(asyncio.current_task())
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                self.requests += 1
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        except (asyncio.IncompleteReadError, ConnectionResetError):
            writer.close()


def asker(connection: HTTPConnection) -> Callable[..., Awaitable[str]]:
    """Asks on a connection that is opened anew when the other side has closed it; gives the status."""

    def ask(method: str, body: bytes | None = None) -> str:
        connection.request(method, "/", body)
        answer = connection.getresponse()
        answer.read()
        return f"{answer.status} {answer.reason}"

    return lambda method, body=None: asyncio.to_thread(ask, method, body)


async def test_exactly_so_many_fail() -> None:
    """The connection that was open, large bodies, and none of it reaches the component."""
    shop = FakeShop()
    async with await asyncio.start_server(shop.serve, LOOPBACK, 0) as server:
        link = Link(TESTS, "shop", Endpoint(LOOPBACK, server.sockets[0].getsockname()[1], 80))
        try:
            endpoint = await link.open(LOOPBACK)
            with closing(HTTPConnection(endpoint.host, endpoint.port, timeout=20)) as connection:
                ask = asker(connection)
                before = [await ask("GET"), await ask("GET")]
                heal = await FailFirst("shop", requests=3, status=503).inject(FakeGround([link]))
                failed = [await ask("GET"), await ask("POST", b"x" * 3_000_000), await ask("HEAD")]
                after = [await ask("GET"), await ask("GET")]
                await heal()
            await asyncio.gather(*filter(None, shop.connections))
        finally:
            await link.aclose()
    assert before == after == ["200 OK", "200 OK"]
    assert failed == ["503 Service Unavailable"] * 3
    assert (shop.requests, len(shop.connections)) == (4, 4)
