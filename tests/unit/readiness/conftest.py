"""Why this exists: probes are tried against real servers on loopback that answer what a test scripts."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from harness.core.endpoint import Endpoint

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def serving(talk: Talk) -> AsyncIterator[Endpoint]:
    """A server that talks to each client as told, then closes the connection."""
    last = socket.socket()
    last.bind(("127.0.0.1", 0))
    last_is_in = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if writer.get_extra_info("peername") == last.getsockname():
            last_is_in.set()
        try:
            await talk(reader, writer)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the probe has seen enough and left
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        with last:  # left first: from Python 3.12 on a server waits for its last connection
            address = server.sockets[0].getsockname()
            yield Endpoint(address[0], address[1], 80)
            # Clients are let in one after another, and asyncio loses one that is half in.
            last.connect(address)
            await last_is_in.wait()


@pytest.fixture
async def closed() -> AsyncIterator[Endpoint]:
    """An endpoint that nobody listens on, and nobody else can take meanwhile: bound, but not listening."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield Endpoint("127.0.0.1", held.getsockname()[1], 80)
