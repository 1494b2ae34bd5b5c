"""Why this exists: a Postgres that was killed leaves a System V shared memory segment behind, which no folder holds.

The server writes the segment's key and id into line 7 of postmaster.pid in its data directory, and removes the file
when it ends in order (Postgres: src/include/utils/pidfile.h). A file that is still there names what to remove.
"""

import ctypes
import sys
from pathlib import Path

_SEGMENT_LINE = 7
_IPC_RMID = 0  # sys/ipc.h; the segment goes when the last process that maps it does


def release_segments(folder: Path) -> None:
    """Remove the segments of servers whose data directories lie below `folder` and that were killed."""
    if sys.platform != "linux":
        return
    for file in folder.glob("*/data/postmaster.pid"):
        lines = file.read_text().splitlines()
        words = lines[_SEGMENT_LINE - 1].split() if len(lines) >= _SEGMENT_LINE else []
        if len(words) == 2 and words[1].isdigit():  # noqa: PLR2004 - key and id
            ctypes.CDLL(None).shmctl(int(words[1]), _IPC_RMID, None)
