"""Why this exists: data that is thrown away after the run belongs in memory, where there is room."""

import os
import shutil
import tempfile
from pathlib import Path

from harness.providers.process.embedded.segments import release_segments

_SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - the kernel's tmpfs; folders in it are made private
_ENOUGH = 1 << 30  # bytes: some copies of a test database with its write-ahead log


def data_root() -> Path:
    """Shared memory (tmpfs) when it is writable and has a gigabyte to spare, else the temporary folder."""
    is_writable = _SHARED_MEMORY.is_dir() and os.access(_SHARED_MEMORY, os.W_OK | os.X_OK)
    if is_writable and shutil.disk_usage(_SHARED_MEMORY).free >= _ENOUGH:
        return _SHARED_MEMORY
    return Path(tempfile.gettempdir())


def make_data_folder(environment_id: str) -> Path:
    """A folder for the environment's data, which others may pass through (servers' accounts) but not list."""
    folder = data_root() / _name(environment_id)
    folder.mkdir(mode=0o711)
    folder.chmod(0o711)  # whatever the umask said
    return folder


def left_by(environment_id: str) -> list[Path]:
    """The data folders of an environment that nobody keeps any more, wherever there was room for them then."""
    roots = dict.fromkeys((_SHARED_MEMORY, Path(tempfile.gettempdir())))
    return [root / _name(environment_id) for root in roots if (root / _name(environment_id)).exists()]


def remove(folder: Path) -> list[str]:
    """Remove a folder and what it says about shared memory; what of it stays, in words for a person."""
    release_segments(folder)
    shutil.rmtree(folder, ignore_errors=True)
    return [f"folder {folder}"] if folder.exists() else []


def _name(environment_id: str) -> str:
    return f"harness-{environment_id}"
