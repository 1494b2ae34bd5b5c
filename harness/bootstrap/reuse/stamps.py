"""Why this exists: whether a file has changed is seen without reading it, and everywhere by the same signs."""

import os

Stamp = tuple[int, ...]


def stamp_of(seen: os.stat_result) -> Stamp:
    """Inode, size, mtime and ctime in ns; the last is the kernel's, and nobody can set it."""
    return seen.st_ino, seen.st_size, seen.st_mtime_ns, seen.st_ctime_ns
