"""A command that is no longer wanted ends at once, whoever still holds what it wrote to."""

import asyncio
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from harness.readiness.execution import run_here
from tests.doubles.processes import has_ended

_PATIENCE = 10.0  # seconds
# Says its id, and leaves behind one in a session of its own, which says its id too and holds both outputs.
_HOLDER = """
import os, subprocess, sys, time
if len(sys.argv) > 1:
    subprocess.Popen([sys.executable, "-S", "-c", sys.argv[1]], start_new_session=True)
print(os.getpid(), flush=True)
time.sleep(600)
"""


async def ignore(_chunk: bytes) -> None:
    """Nobody listens."""


async def test_what_it_writes_and_how_it_ends(tmp_path: Path) -> None:
    """Apart, or in one; with its variables and no others, in its folder."""
    out, err = bytearray(), bytearray()

    async def take(chunk: bytes) -> None:
        out.extend(chunk)

    async def take_err(chunk: bytes) -> None:
        err.extend(chunk)

    argv = ("/bin/sh", "-c", 'echo "$WORD"; echo bad >&2; pwd; kill -9 $$')
    assert await run_here(argv, {"WORD": "good"}, tmp_path, take, take_err) == -9
    assert (bytes(out), bytes(err)) == (f"good\n{tmp_path}\n".encode(), b"bad\n")
    out.clear()
    assert await run_here(argv, {"WORD": "good"}, tmp_path, take) == -9
    assert bytes(out) == f"good\nbad\n{tmp_path}\n".encode()


async def test_it_reads_a_file(tmp_path: Path) -> None:
    """And nothing where there is none."""
    (tmp_path / "file").write_bytes(b"words")
    out = bytearray()

    async def take(chunk: bytes) -> None:
        out.extend(chunk)

    assert await run_here(("/bin/cat",), {}, None, take) == 0
    with (tmp_path / "file").open("rb") as file:
        assert await run_here(("/bin/cat",), {}, None, take, file=file) == 0
    assert bytes(out) == b"words"


async def test_one_that_writes_on_to_nobody_is_ended() -> None:
    """Its output is full, and so is ours: who would read it has stopped."""
    stuck = asyncio.Event()

    async def never(_chunk: bytes) -> None:
        stuck.set()
        await asyncio.get_running_loop().create_future()

    running = asyncio.create_task(run_here(("/usr/bin/yes",), {}, None, never, never))
    async with asyncio.timeout(_PATIENCE):
        await stuck.wait()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running


async def test_one_whose_output_others_hold_is_ended() -> None:
    """They are not its group; whoever owns them ends them."""
    said, both = bytearray(), asyncio.Event()

    async def hear(chunk: bytes) -> None:
        said.extend(chunk)
        if said.count(b"\n") == 2:
            both.set()

    argv = (sys.executable, "-S", "-c", _HOLDER, _HOLDER)
    running = asyncio.create_task(run_here(argv, dict(os.environ), None, hear))
    try:
        async with asyncio.timeout(_PATIENCE):
            await both.wait()
            running.cancel()
            with pytest.raises(asyncio.CancelledError):
                await running
        pids = [int(line) for line in said.split()]
        assert sum(has_ended(pid, 0.0) for pid in pids) == 1
    finally:
        for pid in said.split():
            with suppress(ProcessLookupError):
                os.kill(int(pid), 9)


async def test_what_cannot_be_started_is_raised() -> None:
    """And leaves no descriptor behind."""
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - a folder of the kernel
    with pytest.raises(FileNotFoundError):
        await run_here(("/no/such/program",), {}, None, ignore, ignore)
    await asyncio.sleep(0)
    assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208 - as above


def test_it_is_nobodys_child_afterwards() -> None:
    """In a loop of its own: what is closed with the loop was not needed by then."""
    source = (
        "import asyncio; from harness.readiness.execution import run_here as run\nasync def no(_): pass\n"
    )
    source += "print(asyncio.run(run(('/bin/sh', '-c', 'exit 3'), {}, None, no)))"
    ran = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-W", "error", "-c", source], capture_output=True, text=True, check=True
    )
    assert (ran.stdout, ran.stderr) == ("3\n", "")
