"""Why this exists: probes open sockets in one way and put what went wrong in the same few words."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from harness.core.endpoint import Endpoint

CHECK_TIMEOUT = 1.0
"""Seconds one look may take; a component that needs longer to answer is asked again."""


@asynccontextmanager
async def open_connection(
    endpoint: Endpoint,
    timeout: float = CHECK_TIMEOUT,
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A TCP connection that is closed at the end, whatever happens inside.

    The whole conversation has to end within `timeout` seconds.

    Raises:
        OSError: nothing answers; TimeoutError (an OSError) when it takes too long.
    """
    async with asyncio.timeout(timeout):
        reader, writer = await asyncio.open_connection(endpoint.host, endpoint.port)
        try:
            yield reader, writer
        finally:
            writer.transport.abort()  # no lingering close: the answer has been read or is not wanted


def explain(error: OSError) -> str:
    """What a failed connection means, in a few words for a person."""
    match error:
        case ConnectionRefusedError():
            return "connection refused"
        case ConnectionResetError() | BrokenPipeError():
            return "connection reset"
        case TimeoutError():
            return "no answer in time"
        case socket.gaierror():
            return "host name not found"
    return error.strerror or str(error) or type(error).__name__
