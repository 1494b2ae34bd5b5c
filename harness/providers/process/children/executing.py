"""Why this exists: a command is run beside a component's process, as that runs, and what it writes is handed on."""

import asyncio
import os
import signal
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from harness.providers.base import Streams

_CHUNK = 65536
_MAY_NOT, _IS_NOT, _SIGNAL = 126, 127, 128  # as shells tell it


async def execute_beside(
    argv: Sequence[str], environment: Mapping[str, str], directory: Path, streams: Streams
) -> int:
    """Run a command; gives its exit code, as shells do. One that is cancelled is killed with its group."""
    try:
        process = await _begin(argv, environment, directory, streams)
    except OSError as error:
        await streams.err(f"{argv[0]} cannot be run in {directory}: {error.strerror}\n".encode())
        return _IS_NOT if isinstance(error, FileNotFoundError) else _MAY_NOT
    try:
        await asyncio.gather(_carry(process.stdout, streams.out), _carry(process.stderr, streams.err))
        code = await process.wait()
    except BaseException:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
        raise
    return code if code >= 0 else _SIGNAL - code


async def _begin(
    argv: Sequence[str], environment: Mapping[str, str], directory: Path, streams: Streams
) -> Process:
    return await asyncio.create_subprocess_exec(
        *argv,
        stdin=DEVNULL if streams.file is None else streams.file,
        stdout=PIPE,
        stderr=PIPE,
        env=dict(environment),
        cwd=directory,
        start_new_session=True,
    )


async def _carry(written: asyncio.StreamReader | None, take: Callable[[bytes], Awaitable[None]]) -> None:
    assert written is not None  # noqa: S101 - a pipe was asked for
    while chunk := await written.read(_CHUNK):
        await take(chunk)
