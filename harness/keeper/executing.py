"""Why this exists: what a command in a component says is told to the client that asked for it, as it is said."""

import asyncio
from base64 import b64encode
from collections.abc import Coroutine, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import IO, Any, Protocol

from harness.core.errors import EnvironmentFailedError, UsageError
from harness.keeper.faults import Owner
from harness.keeper.protocol import ERR, OUT, encode_line
from harness.providers.base import Streams


class Client(Owner, Protocol):
    """The keeper's end of a client's connection, as far as it can be told something."""

    def write(self, data: bytes) -> None:
        """Send it, when there is time."""
        ...

    async def drain(self) -> None:
        """Wait while much is still to be sent. Raises ConnectionError when nobody is there any more."""
        ...


@contextmanager
def streams_to(client: Client, message: Mapping[str, Any]) -> Iterator[Streams]:
    """Where a command's output goes, and for the length of the block the file that it reads, if the client names one.

    Raises:
        UsageError: that cannot be read.
    """
    out, err = (partial(_say, client, message.get("ask"), stream) for stream in (OUT, ERR))
    with ExitStack() as opened:
        file = None
        if path := message.get("file"):
            file = opened.enter_context(_opened(Path(str(path))))
        yield Streams(out, err, file)


def _opened(path: Path) -> IO[bytes]:
    """A file: what is none, such as a pipe, would have all others wait. Raises UsageError."""
    try:
        if not path.is_file():
            raise UsageError(f"{path} is no file that a command could read")
        return path.open("rb")
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error


async def _say(client: Client, number: object, stream: str, chunk: bytes) -> None:
    client.write(encode_line({"said": number, "stream": stream, "data": b64encode(chunk).decode()}))
    await client.drain()


async def ended_within(
    timeout: object, executing: Coroutine[Any, Any, int], program: str, component: str
) -> int:
    """How a command ended. Raises EnvironmentFailedError: it has not after `timeout` seconds, and is broken off."""
    seconds = float(timeout) if isinstance(timeout, int | float) else None
    try:
        async with asyncio.timeout(seconds):
            return await executing
    except TimeoutError:
        raise EnvironmentFailedError(f"{program} in {component} has not ended within {seconds:g} s") from None


def asked(message: Mapping[str, Any]) -> tuple[str, Sequence[str]]:
    """Of which component a client speaks, and the words of its command. Raises UsageError for anything else."""
    component, argv = message.get("component"), message.get("argv")
    if not isinstance(component, str) or not isinstance(argv, list) or not argv:
        raise UsageError("execute takes a component and the words of a command")
    return component, [str(word) for word in argv]
