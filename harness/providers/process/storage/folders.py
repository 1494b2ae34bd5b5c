"""Why this exists: data that is thrown away after the run belongs in memory, where there is room."""

import os
import shutil
import tempfile
from pathlib import Path

from harness.providers.process.storage.disks import unmount_below
from harness.providers.process.storage.segments import release_segments

_SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - the kernel's tmpfs; folders in it are made private
_BOOT = ".boot"  # in a data folder: which start of the machine it was made in
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
    (folder / _BOOT).write_text(_boot_id())
    return folder


def left_by(environment_id: str) -> list[Path]:
    """The data folders of an environment that nobody keeps any more, wherever there was room for them then."""
    return [root / _name(environment_id) for root in _roots() if (root / _name(environment_id)).exists()]


def left_by_reboot() -> list[Path]:
    """This user's data folders from before the machine was started: no process can need them, whoever kept them.

    The runtime folders that would tell of them are in memory on most machines, and gone.
    """
    marks = (mark for root in _roots() for mark in root.glob(f"{_name('*')}/{_BOOT}"))
    return [mark.parent for mark in marks if _is_foreign(mark)]


def _is_foreign(mark: Path) -> bool:
    """Whether a mark of ours is of another boot; one that is being written says nothing yet."""
    try:
        is_ours, said = mark.stat().st_uid == os.geteuid(), mark.read_text()
    except OSError:  # it goes at this moment, or is not ours to read
        return False
    return is_ours and said not in ("", _boot_id())


def _boot_id() -> str:
    """What the kernel draws anew at each start (random(4)); the same in every container."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def _roots() -> list[Path]:
    return list(dict.fromkeys((_SHARED_MEMORY, Path(tempfile.gettempdir()))))


def remove(folder: Path) -> list[str]:
    """Remove a folder and what it says about shared memory; what of it stays, in words for a person."""
    release_segments(folder)
    unmount_below(folder)
    shutil.rmtree(folder, ignore_errors=True)
    return [f"folder {folder}"] if folder.exists() else []


def _name(environment_id: str) -> str:
    return f"harness-{environment_id}"
