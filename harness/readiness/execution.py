"""Why this exists: a command is run here to its end, or is ended, and nobody waits for what others hold open.

Not by asyncio's own subprocesses: until a release of 2026 they count as ended only when nobody holds their pipes any
more, which a grandchild may do for ever, and so does whoever no longer reads (python/cpython issue 119710).
"""

import asyncio
import os
import signal
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import IO

Take = Callable[[bytes], Awaitable[None]]

_CHUNK = 65536


async def run_here(
    argv: Sequence[str],
    environment: Mapping[str, str],
    directory: Path | None,
    out: Take,
    err: Take | None = None,
    file: IO[bytes] | None = None,
) -> int:
    """Run a command in a session of its own; gives its exit code, negative for a signal, when all it wrote is taken.

    One that is cancelled is killed together with its process group.

    Args:
        argv: Its words.
        environment: Its variables, and no others.
        directory: Where it works; None for where we do.
        out: Takes what it writes to its standard output, in pieces.
        err: The same for its standard error; None for it to be one with the output.
        file: What it reads; None for nothing.

    Raises:
        OSError: it cannot be started.
    """
    async with _pipe() as (said, out_end), _pipe() as (told, err_end):
        try:
            process = subprocess.Popen(  # noqa: S603, ASYNC220 - what people ask for; it returns when it runs
                argv,
                stdin=subprocess.DEVNULL if file is None else file,
                stdout=out_end,
                stderr=out_end if err is None else err_end,
                env=dict(environment),
                cwd=directory,
                start_new_session=True,
            )
        finally:
            os.close(out_end)
            os.close(err_end)
        ended = _end_of(process)
        try:
            await asyncio.gather(_carry(said, out), _carry(told, err or out))
            return await asyncio.shield(ended)
        except BaseException:
            if not ended.done():  # so the group is still its own
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
            await asyncio.shield(ended)
            raise


@asynccontextmanager
async def _pipe() -> AsyncIterator[tuple[asyncio.StreamReader, int]]:
    """Where something is read, and the descriptor for who writes it, which is the block's to close."""
    read_end, write_end = os.pipe()
    reader = asyncio.StreamReader()
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(read_end, "rb", buffering=0)
    )
    try:
        yield reader, write_end
    finally:
        transport.close()


def _end_of(process: "subprocess.Popen[bytes]") -> asyncio.Future[int]:
    """Its exit code, once it has ended: the kernel tells (pidfd_open(2))."""
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[int] = loop.create_future()
    descriptor = os.pidfd_open(process.pid)

    def reap() -> None:
        loop.remove_reader(descriptor)
        os.close(descriptor)
        ended.set_result(process.wait())

    loop.add_reader(descriptor, reap)
    return ended


async def _carry(written: asyncio.StreamReader, take: Take) -> None:
    while chunk := await written.read(_CHUNK):
        await take(chunk)
