"""Why this exists: what only a pod itself can do or see is done by a command in one of its containers.

The API server runs it over a WebSocket (subprotocol v4.channel.k8s.io, k8s.io/kubelet/pkg/cri/streaming/remotecommand):
every message begins with the number of its channel; 1 and 2 are what it says, 3 is how it ended, a Status (meta/v1).
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple
from urllib.parse import quote, urlencode

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from harness.core.errors import EnvironmentFailedError
from harness.providers.kubernetes.connection.way import Way

_SAID, _ENDED = (1, 2), 3
_NOT_RUN = 127  # as shells tell that there is no such command
_LONGEST = 30.0  # seconds


class Ran(NamedTuple):
    """How a command ended, and what it said."""

    code: int
    said: str


Inside = Callable[[str, str, Sequence[str]], Awaitable[Ran]]
"""Runs a command in a container: of which pod, its name, the words of the command."""


async def run_inside(way: Way, namespace: str, pod: str, container: str, argv: Sequence[str]) -> Ran:
    """Run a command in a container; 127 and why for one that could not be run.

    Raises:
        EnvironmentFailedError: the cluster does not answer, or the command does not end.
    """
    asked = [("container", container), ("stdout", "true"), ("stderr", "true")]
    query = urlencode([*asked, *(("command", word) for word in argv)], quote_via=quote)
    try:
        async with asyncio.timeout(_LONGEST):
            return await _run(way.connect(namespace, pod, f"exec?{query}"))
    except (OSError, ConnectionClosed, InvalidHandshake, TimeoutError) as error:
        told = f"no command can be run in {pod}: {error or 'it does not end'}"
        raise EnvironmentFailedError(told) from error


async def _run(connecting: connect) -> Ran:
    said = bytearray()
    async with connecting as running:
        async for message in running:
            if isinstance(message, bytes) and message[:1]:
                if message[0] == _ENDED:
                    return _ended(message[1:], said.decode(errors="replace"))
                if message[0] in _SAID:
                    said += message[1:]
    return Ran(_NOT_RUN, said.decode(errors="replace") or "its end was not told")


def _ended(told: bytes, said: str) -> Ran:
    status = json.loads(told)
    if status.get("status") == "Success":
        return Ran(0, said)
    causes = (status.get("details") or {}).get("causes") or ()
    code = next((int(cause["message"]) for cause in causes if cause.get("reason") == "ExitCode"), None)
    return Ran(_NOT_RUN, str(status.get("message", said))) if code is None else Ran(code, said)
