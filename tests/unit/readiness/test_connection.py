"""What keeps a connection from being made is told in a few words."""

import errno
import socket

import pytest

from harness.core.endpoint import Endpoint
from harness.readiness.connection import connect_at_once, explain, open_connection
from tests.unit.readiness.conftest import serving
from tests.unit.readiness.test_tcp import silent


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ConnectionRefusedError(), "connection refused"),
        (ConnectionResetError(), "connection reset"),
        (TimeoutError(), "no answer in time"),
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), "host name not found"),
        (OSError(errno.EHOSTUNREACH, "No route to host"), "No route to host"),
        (OSError("Multiple exceptions"), "Multiple exceptions"),
        (OSError(), "OSError"),
    ],
)
def test_words(error: OSError, words: str) -> None:
    """Never an empty line, never a traceback."""
    assert explain(error) == words


async def test_a_conversation_is_bounded() -> None:
    """A server that accepts and says nothing does not hold a check up for longer than it may take."""

    async def wait_for_the_client(reader, _writer) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001 - asyncio's signature
        await reader.read()

    async with serving(wait_for_the_client) as endpoint:
        with pytest.raises(TimeoutError):
            async with open_connection(endpoint, timeout=0.01) as (reader, _):
                await reader.read()


async def test_a_connection_is_closed_by_an_error_inside(closed: Endpoint) -> None:
    """The error comes out as it is, and the transport is gone."""
    async with serving(silent) as endpoint:
        with pytest.raises(ValueError, match="mine"):
            async with open_connection(endpoint) as (_, writer):
                raise ValueError("mine")
        assert writer.transport.is_closing()
    with pytest.raises(ConnectionRefusedError):
        async with open_connection(closed):
            pytest.fail("nobody listens")


def test_a_machines_own_ports_answer_at_once(closed: Endpoint) -> None:
    """Both ways, without waiting; what is not this machine's does not."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        connection = connect_at_once("127.0.0.1", server.getsockname()[1])
        assert connection is not None
        assert connection.getpeername() == server.getsockname()
        connection.close()
    with pytest.raises(ConnectionRefusedError):
        connect_at_once("127.0.0.1", closed.port)
    assert connect_at_once("255.255.255.255", 80) is None
