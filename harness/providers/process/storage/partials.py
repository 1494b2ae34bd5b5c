"""Why this exists: what goes into the cache appears there whole, and what a killed run was making does not stay.

Whatever is being made has a name that nothing else has; one rename ends that. Light to import.
"""

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

# Like nobody else's: people may name a folder of theirs as the cache, with other hidden files in it.
PARTIAL = ".harness-partial-"
_STALE = 3600.0  # seconds; the longest of it takes a few


@contextmanager
def being_made(folder: Path) -> Iterator[Path]:
    """A new folder to be filled, which becomes `folder` afterwards, unless that is there by then.

    Raises:
        OSError: it cannot be made, or renamed.
    """
    partial = Path(tempfile.mkdtemp(prefix=PARTIAL, dir=folder.parent))
    try:
        yield partial
        try:
            partial.rename(folder)
        except OSError:
            if not folder.exists():  # else another run was quicker
                raise
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def remove_stale(folder: Path) -> None:
    """Remove what killed runs were making more than an hour ago, in `folder`."""
    before = time.time() - _STALE
    for path in folder.glob(f"{PARTIAL}*"):
        with suppress(OSError):  # gone meanwhile, or somebody else's: the next run tries again
            if path.lstat().st_ctime < before:  # the instant of the last change, which nothing can set back
                _remove(path)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()
