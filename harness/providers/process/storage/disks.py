"""Why this exists: a server whose Compose file bounds its data has a file system of that size, which can be full.

Mounting takes root, or more exactly CAP_SYS_ADMIN. Without it the data lies in a plain folder, which nobody ever fills:
it shares the machine's disk or memory with everything else.
"""

import ctypes
import errno
import os
import re
from pathlib import Path

from harness.providers.process.storage.account import Account

BALLAST = ".ballast"
_CHUNK = bytes(1 << 16)
_LIBC = ctypes.CDLL(None, use_errno=True)
_NOSUID, _NODEV = 0x2, 0x4  # mount(2)
_DETACH = 0x2  # umount2(2): also while something is open in it
_ESCAPE = re.compile(r"\\([0-7]{3})")  # proc(5): blanks and the like in a path
_MOUNT_POINT = 4  # the field of /proc/self/mountinfo, counted from 0


def mount_disk(folder: Path, size: int, account: Account) -> bool:
    """Put an empty tmpfs of `size` bytes on a folder; False where this process may not.

    Raises:
        OSError: it failed for another reason.
    """
    options = f"size={size},mode=0700"
    if account.is_lent:
        options += f",uid={account.uid},gid={account.gid}"
    failed = _LIBC.mount(b"tmpfs", os.fsencode(folder), b"tmpfs", _NOSUID | _NODEV, options.encode())
    if failed and (number := ctypes.get_errno()) != errno.EPERM:
        raise OSError(number, os.strerror(number), str(folder))
    return not failed


def unmount_below(folder: Path) -> None:
    """Take away every file system below a folder, with all that is in it; what resists keeps the folder there."""
    real = folder.resolve()
    for point in reversed(_mount_points()):
        if point.is_relative_to(real):
            _LIBC.umount2(os.fsencode(point), _DETACH)


def fill(folder: Path) -> None:
    """Write until there is no room, which is how it ends. Only for a folder of a file system of its own."""
    assert os.path.ismount(folder)  # noqa: S101 - the caller knows; the machine's disk is never filled
    with (folder / BALLAST).open("wb", buffering=0) as ballast:
        try:
            while True:
                ballast.write(_CHUNK)
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise


def free(folder: Path) -> None:
    """Give the room back. Nothing happens where it is given back already."""
    (folder / BALLAST).unlink(missing_ok=True)


def _mount_points() -> list[Path]:
    """All of this process, in the order in which they were mounted."""
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    return [Path(_unescaped(line.split(" ")[_MOUNT_POINT])) for line in lines]


def _unescaped(path: str) -> str:
    return _ESCAPE.sub(lambda found: chr(int(found[1], 8)), path)
