"""Why this exists: a Postgres that was killed leaves a System V shared memory segment behind, which no folder holds.

The server makes it under a key that is the inode number of its data directory or, when that is taken, one soon after,
and writes key and id into line 7 of postmaster.pid; line 1 is its process id. It removes the file when it ends in order
(Postgres: src/backend/port/sysv_shmem.c, src/include/utils/pidfile.h). A file that is still there names what to remove:
a segment that this very process made, under that key (proc(5): sysvipc/shm), also before line 7 was written. Its
children may still be attached, as they notice its end a moment later; the kernel then frees it as the last one goes.
"""

import ctypes
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_PID_LINE, _SEGMENT_LINE = 1, 7
_IPC_RMID = 0  # sys/ipc.h
_TABLE = Path("/proc/sysvipc/shm")


def release_segments(folder: Path) -> None:
    """Remove the segments of servers whose data directories lie below `folder` and that were killed."""
    if sys.platform != "linux" or not _TABLE.exists():
        return
    for file in folder.glob("*/data/postmaster.pid"):
        with suppress(FileNotFoundError):  # another command sweeps the same at this very moment
            _release(file)


def _release(file: Path) -> None:
    lines = [line.split() for line in file.read_text().splitlines()]
    pids = _numbers(lines, _PID_LINE)
    keys = {_key(file.parent.stat().st_ino), *map(_key, _numbers(lines, _SEGMENT_LINE)[:1])}
    for segment in _made_by(pids, keys):
        ctypes.CDLL(None).shmctl(segment, _IPC_RMID, None)


def _numbers(lines: list[list[str]], which: int) -> list[int]:
    """The whole numbers of a line, counted from 1; none of a line that is not there yet."""
    return [int(word) for words in lines[which - 1 : which] for word in words if word.lstrip("-").isdecimal()]


def _made_by(pids: list[int], keys: set[int]) -> Iterator[int]:
    """The ids of the segments that one of these processes made under one of these keys."""
    title, *rows = (line.split() for line in _TABLE.read_text().splitlines())
    key, number, creator = (title.index(name) for name in ("key", "shmid", "cpid"))
    return (int(row[number]) for row in rows if int(row[creator]) in pids and _key(int(row[key])) in keys)


def _key(number: int) -> int:
    """32 bits of it: the kernel writes keys with a sign, Postgres without, and inode numbers may be longer."""
    return number & 0xFFFFFFFF
