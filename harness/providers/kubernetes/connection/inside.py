"""Why this exists: what only a pod itself can do or see is done by a command in one of its containers.

The API server runs it over a WebSocket (subprotocols v4 and v5.channel.k8s.io, k8s.io/kubelet streaming/remotecommand):
every message begins with the number of its channel; 0 is what it reads, 1 and 2 are what it writes, 3 is how it ended,
a Status (meta/v1). On 255, of v5 alone, a channel is closed: its number follows.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import IO, NamedTuple
from urllib.parse import quote, urlencode

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.typing import Subprotocol

from harness.core.errors import EnvironmentFailedError
from harness.providers.base import Streams
from harness.providers.kubernetes.connection.way import SUBPROTOCOL, Way

CLOSES = Subprotocol("v5.channel.k8s.io")
"""The one that tells a command that there is nothing more to read."""

_READ, _OUT, _ERR, _ENDED, _CLOSE = 0, 1, 2, 3, 255
_NOT_RUN = 127  # as shells tell that there is no such command
_NOT_RUN_WORDS = {
    "executable file not found": 127,
    "no such file or directory": 127,
    "permission denied": 126,
}
_LONGEST = 30.0  # seconds
_CHUNK = 32768


class UntoldEndError(EnvironmentFailedError):
    """A command's container may have ended with it."""


class Ran(NamedTuple):
    """How a command ended, and what it said."""

    code: int
    said: str


RunInside = Callable[[str, str, Sequence[str]], Awaitable[Ran]]
"""Runs a command in a container: of which pod, its name, the words of the command."""

ExecuteInside = Callable[[str, str, Sequence[str], Streams], Awaitable[int]]
"""As `RunInside`, for as long as it takes."""


async def run_inside(way: Way, namespace: str, pod: str, container: str, argv: Sequence[str]) -> Ran:
    """Run a command that is soon over in a container; 127 and why for one that could not be run.

    Raises:
        EnvironmentFailedError: the cluster does not answer, or the command does not end.
    """
    said = bytearray()

    async def hear(chunk: bytes) -> None:
        said.extend(chunk)

    try:
        async with asyncio.timeout(_LONGEST):
            code = await execute_inside(way, namespace, pod, container, argv, Streams(hear, hear))
    except TimeoutError as error:
        raise EnvironmentFailedError(f"no command can be run in {pod}: it does not end") from error
    except UntoldEndError:
        return Ran(_NOT_RUN, "its end was not told")
    return Ran(code, said.decode(errors="replace"))


async def execute_inside(
    way: Way, namespace: str, pod: str, container: str, argv: Sequence[str], streams: Streams
) -> int:
    """Run a command in a container; gives its exit code. One that is cancelled goes on there, unheard.

    Raises:
        UntoldEndError: the connection ended before the command.
        EnvironmentFailedError: the cluster does not run it; one older than 1.30 none that reads something.
    """
    asked = [("container", container), ("stdout", "true"), ("stderr", "true")]
    asked += [("stdin", "true")] if streams.file else []
    query = urlencode([*asked, *(("command", word) for word in argv)], quote_via=quote)
    subprotocols = (CLOSES,) if streams.file else (CLOSES, SUBPROTOCOL)
    try:
        command = await way.connect(namespace, pod, f"exec?{query}", subprotocols)
    except (OSError, InvalidHandshake, TimeoutError) as error:
        hint = "a command can read something in clusters since 1.30" if streams.file else ""
        raise EnvironmentFailedError(f"no command can be run in {pod}: {error}", hint=hint) from error
    async with command, _fed(command, streams.file):
        return await _heard(command, pod, streams)


@asynccontextmanager
async def _fed(command: ClientConnection, file: IO[bytes] | None) -> AsyncIterator[None]:
    """A command reads what is in a file, if there is one, for the length of a block."""
    if file is None:
        yield
        return
    feeding = asyncio.create_task(_feed(command, file), name="input of a command")
    try:
        yield
    finally:
        feeding.cancel()
        await asyncio.gather(feeding, return_exceptions=True)


async def _feed(command: ClientConnection, file: IO[bytes]) -> None:
    while chunk := await asyncio.to_thread(file.read, _CHUNK):
        await command.send(bytes([_READ]) + chunk)
    await command.send(bytes([_CLOSE, _READ]))


async def _heard(command: ClientConnection, pod: str, streams: Streams) -> int:
    """How it ended, when all that it has written was taken."""
    try:
        async for message in command:
            if isinstance(message, bytes) and message[:1]:
                channel, said = message[0], message[1:]
                if channel == _ENDED:
                    return await _ended(said, pod, streams)
                if channel in (_OUT, _ERR):
                    await (streams.out if channel == _OUT else streams.err)(said)
    except ConnectionClosed as error:
        raise EnvironmentFailedError(f"a command in {pod} was cut off: {error}") from error
    raise UntoldEndError(f"how a command in {pod} ended was not told; has its container ended?")


async def _ended(told: bytes, pod: str, streams: Streams) -> int:
    """Its exit code. Runtimes tell that a program could not be run in words alone, and not all in the same."""
    status = json.loads(told)
    if status.get("status") == "Success":
        return 0
    causes = (status.get("details") or {}).get("causes") or ()
    code = next((int(cause["message"]) for cause in causes if cause.get("reason") == "ExitCode"), None)
    if code is not None:
        return code
    message = str(status.get("message", "it was not run"))
    not_run = next((code for words, code in _NOT_RUN_WORDS.items() if words in message), None)
    if not_run is None:
        raise EnvironmentFailedError(f"no command can be run in {pod}: {message}")
    await streams.err(f"{message}\n".encode())
    return not_run
