"""Why this exists: probes open sockets in one way and put what went wrong in the same few words."""

import asyncio
import errno
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from harness.core.endpoint import Endpoint

_LOOPBACK = "127.0.0.1"
CHECK_TIMEOUT = 1.0
"""Seconds one look may take; a component that needs longer to answer is asked again."""


@asynccontextmanager
async def open_connection(
    endpoint: Endpoint,
    timeout: float = CHECK_TIMEOUT,
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A TCP connection that is closed at the end, whatever happens inside.

    The whole conversation has to end within `timeout` seconds. That nobody listens on an address of this machine is
    known at once: it is what most checks of a start see, thousands of times.

    Raises:
        OSError: nothing answers; TimeoutError (an OSError) when it takes too long.
    """
    async with asyncio.timeout(timeout):
        reader, writer = await _connect(endpoint)
        try:
            yield reader, writer
        finally:
            writer.transport.abort()  # no lingering close: the answer has been read or is not wanted


async def _connect(endpoint: Endpoint) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    connected = connect_at_once(endpoint.host, endpoint.port) if endpoint.host == _LOOPBACK else None
    if connected is None:
        return await asyncio.open_connection(endpoint.host, endpoint.port)
    try:
        return await asyncio.open_connection(sock=connected)
    except BaseException:
        connected.close()
        raise


def connect_at_once(host: str, port: int) -> socket.socket | None:
    """A connection within this machine, bridges to its containers included; never waits.

    Args:
        host: An IPv4 address.
        port: A TCP port.

    Returns:
        None when it takes longer, as before a full backlog, or when there is no way to that address.

    Raises:
        ConnectionRefusedError: nobody listens.
    """
    connecting = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    connecting.setblocking(False)
    outcome = connecting.connect_ex((host, port))
    if outcome == errno.EINPROGRESS:
        # The kernel had the answer before it returned, and says it when asked again.
        outcome = connecting.connect_ex((host, port))
    if outcome == 0:
        return connecting
    connecting.close()
    if outcome == errno.ECONNREFUSED:
        raise ConnectionRefusedError(outcome, os.strerror(outcome))
    return None


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
