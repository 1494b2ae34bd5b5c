"""Why this exists: to end everything an environment started, grandchildren included, and nothing else.

Every process of an environment carries HARNESS_ENVIRONMENT_ID in the variables it was started with (and
hands it to what it starts). That, read from /proc, is the proof of ownership that a signal needs. A process
that shed its variables is still known by the session that its component was started in, or by a living parent
that is ours (proc(5), setsid(2)).
"""

import asyncio
import ctypes
import os
import select
import signal
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

MARKER = "HARNESS_ENVIRONMENT_ID"
COMPONENT_MARKER = "HARNESS_COMPONENT"
_PR_SET_PDEATHSIG = 1
_PROC = Path("/proc")
_ENDED = {"Z", "X"}  # a zombie holds nothing any more
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


@dataclass(frozen=True, slots=True)
class Found:
    """A process that is ours; its descriptor cannot come to mean another process, as its id can."""

    pid: int
    pidfd: int
    command: str

    def kill(self) -> None:
        """End it at once; nothing happens when it is gone already."""
        try:
            signal.pidfd_send_signal(self.pidfd, signal.SIGKILL)
        except ProcessLookupError:
            return

    def close(self) -> None:
        """Give the descriptor back."""
        os.close(self.pidfd)


class _Stat(NamedTuple):
    state: str
    parent: int
    session: int


def die_with_parent() -> None:
    """Ask the kernel to end this process when the thread that started it ends (Linux only)."""
    if _libc is not None:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def owned(
    environment_id: str, *, component: str | None = None, session: int | None = None
) -> Iterator[Found]:
    """Every living process of the environment, or of one component of it, this process excepted.

    Args:
        environment_id: What the processes carry as HARNESS_ENVIRONMENT_ID.
        component: Only what carries this as HARNESS_COMPONENT as well.
        session: Also whatever is in this session.

    Yields:
        Parents before their children where ids grow, each with an open descriptor: close it after use.
    """
    needles = {f"{MARKER}={environment_id}".encode()}
    if component is not None:
        needles.add(f"{COMPONENT_MARKER}={component}".encode())
    ours: set[int] = set()
    for pid in _pids():
        found = _open(pid)
        if found is None:
            continue
        stat = _stat(pid)
        is_ours = stat.parent in ours or stat.session == session or needles <= _variables(pid)
        if is_ours and stat.state not in _ENDED:
            ours.add(pid)
            yield found
        else:
            found.close()


def kill(processes: Iterable[Found]) -> None:
    """End each at once and give its descriptor back."""
    for found in processes:
        found.kill()
        found.close()


async def end(processes: Iterable[Found], timeout: float) -> list[str]:
    """End each at once and wait up to `timeout` seconds; what still lives then, in words for a person."""
    found = list(processes)
    for process in found:
        process.kill()
    await asyncio.to_thread(_await_end, found, time.monotonic() + timeout)
    living = [f"process {p.pid}: {p.command}" for p in found if not _has_ended(p, 0)]
    for process in found:
        process.close()
    return living


def _await_end(processes: list[Found], deadline: float) -> None:
    for process in processes:
        _has_ended(process, max(0.0, deadline - time.monotonic()))


def _has_ended(process: Found, timeout: float) -> bool:
    """Wait up to `timeout` seconds; a pidfd is readable once its process has ended (pidfd_open(2))."""
    readable, _, _ = select.select([process.pidfd], [], [], timeout)
    return bool(readable)


def _open(pid: int) -> Found | None:
    """A descriptor first, facts second: what is read then belongs to that very process."""
    try:
        return Found(pid, os.pidfd_open(pid), _command(pid))
    except ProcessLookupError:
        return None


def _pids() -> list[int]:
    return sorted(int(p.name) for p in _PROC.iterdir() if p.name.isdigit() and int(p.name) != os.getpid())


def _stat(pid: int) -> _Stat:
    """State, parent and session of proc(5) stat; the command in parentheses may hold anything."""
    fields = _read(pid, "stat").decode(errors="replace").rpartition(")")[2].split()
    return _Stat(fields[0], int(fields[1]), int(fields[3])) if fields else _Stat("X", 0, 0)


def _variables(pid: int) -> set[bytes]:
    return set(_read(pid, "environ").split(b"\0"))


def _command(pid: int) -> str:
    return _read(pid, "cmdline").replace(b"\0", b" ").decode(errors="replace").strip()


def _read(pid: int, name: str) -> bytes:
    try:
        return (_PROC / str(pid) / name).read_bytes()
    except (FileNotFoundError, ProcessLookupError, PermissionError):  # it ended, or is not ours to see
        return b""
