"""Why this exists: a Unix socket's address holds a hundred bytes, and a runtime folder may lie deeper."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.core.errors import UsageError

_LONGEST = 103  # bytes: 107 on Linux, 103 on macOS, without the closing zero
_OWN_FILES = Path("/proc/self/fd")


@contextmanager
def address_of(path: Path) -> Iterator[str]:
    """What to give to bind or connect for the socket at `path`: for a long one, a short way to its folder.

    Raises:
        UsageError: the path is too long, and this system has no such way.
        OSError: its folder is missing.
    """
    if len(os.fsencode(path)) <= _LONGEST:
        yield str(path)
        return
    if not _OWN_FILES.is_dir():
        raise UsageError(
            f"{path} is too long for a socket", hint="set XDG_RUNTIME_DIR or TMPDIR to a shorter folder"
        )
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"{_OWN_FILES}/{folder}/{path.name}"
    finally:
        os.close(folder)
