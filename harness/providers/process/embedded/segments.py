"""Why this exists: a Postgres that was killed leaves a System V shared memory segment behind, which no folder holds.

The server writes the segment's key and id into line 7 of postmaster.pid in its data directory, and removes the file
when it ends in order (Postgres: src/include/utils/pidfile.h). A file that is still there names what to remove. Ids are
given out again: only a segment of that very key that nobody is attached to is removed (proc(5): sysvipc/shm).
"""

import ctypes
import sys
from pathlib import Path

_SEGMENT_LINE = 7
_IPC_RMID = 0  # sys/ipc.h
_TABLE = Path("/proc/sysvipc/shm")


def release_segments(folder: Path) -> None:
    """Remove the segments of servers whose data directories lie below `folder` and that were killed."""
    if sys.platform != "linux" or not _TABLE.exists():
        return
    for file in folder.glob("*/data/postmaster.pid"):
        lines = file.read_text().splitlines()
        words = lines[_SEGMENT_LINE - 1].split() if len(lines) >= _SEGMENT_LINE else []
        if len(words) == 2 and _pair(*words) in _forsaken():  # noqa: PLR2004 - key and id
            ctypes.CDLL(None).shmctl(int(words[1]), _IPC_RMID, None)


def _forsaken() -> set[tuple[int, int]]:
    """Key and id of every segment that nobody is attached to."""
    title, *rows = (line.split() for line in _TABLE.read_text().splitlines())
    key, number, attached = (title.index(name) for name in ("key", "shmid", "nattch"))
    return {_pair(row[key], row[number]) for row in rows if row[attached] == "0"}


def _pair(key: str, number: str) -> tuple[int, int]:
    """The kernel writes keys with a sign, Postgres without."""
    return int(key) & 0xFFFFFFFF, int(number)
