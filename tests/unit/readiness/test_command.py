"""The exit code decides, the last line of output is shown, and no run outlives its check."""

import asyncio
import os
import select
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from harness.readiness.base import Answer
from harness.readiness.command import CommandProbe, execute_here
from tests.doubles.clock import in_virtual_time


def shell(
    line: str, environment: dict[str, str] | None = None, directory: Path | None = None
) -> CommandProbe:
    """A probe that runs a shell line here."""
    return CommandProbe(("/bin/sh", "-c", line), execute_here(environment or {}, directory))


async def test_exit_codes(tmp_path: Path) -> None:
    """0 is ready; another code is shown with what the command said last, on either stream."""
    assert await shell("exit 0").check() == Answer(True, "exit code 0")
    assert await shell("echo one; echo two >&2; exit 3").check() == Answer(False, "exit code 3: two")
    assert await shell("echo $A; pwd", {"A": "b"}, tmp_path).check() == Answer(
        True, f"exit code 0: {tmp_path}"
    )


async def test_only_the_program_is_named() -> None:
    """Arguments may hold credentials."""
    assert shell("secret").describe() == "the command 'sh' exits with 0"


async def test_a_command_that_is_not_there() -> None:
    """Is not ready, for it may still be installed."""
    probe = CommandProbe(("/no/such/program",), execute_here({}))
    assert await probe.check() == Answer(False, "could not be run: No such file or directory")


@in_virtual_time
async def test_a_command_that_takes_too_long() -> None:
    """Is abandoned for now."""

    async def never(_argv: Sequence[str]) -> tuple[int, str]:
        await asyncio.sleep(60)
        return 0, ""

    assert await CommandProbe(("x",), never, timeout=5).check() == Answer(False, "did not end within 5 s")


async def test_an_abandoned_run_is_killed_with_its_children(tmp_path: Path) -> None:
    """Nothing goes on running when the check is cancelled."""
    fifo = tmp_path / "pids"
    os.mkfifo(fifo)
    source = (
        f"import os,time; os.fork(); open({str(fifo)!r}, 'w').write(f'{{os.getpid()}}\\n'); time.sleep(60)"
    )
    checking = asyncio.create_task(CommandProbe((sys.executable, "-c", source), execute_here({}), 60).check())
    ends = [os.pidfd_open(pid) for pid in await asyncio.to_thread(_read_two, fifo)]
    checking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await checking
    for end in ends:
        assert await asyncio.to_thread(select.select, [end], [], [], 10) == ([end], [], [])
        os.close(end)


def _read_two(fifo: Path) -> list[int]:
    """The ids of both processes, as they write them."""
    pids: list[int] = []
    while len(pids) < 2:
        with fifo.open() as lines:
            pids += map(int, lines)
    return pids
