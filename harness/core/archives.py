"""Why this exists: files and folders travel in and out of components as tar archives; what comes out is not trusted."""

import shutil
import tarfile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO

from harness.core.errors import EnvironmentFailedError


def pack(source: Path, name: str, archive: IO[bytes]) -> None:
    """Write a file or folder, which is to be called `name`, to an archive; blocks. Its owner is who unpacks it."""
    with tarfile.open(fileobj=archive, mode="w") as packed:
        packed.add(source, arcname=name, filter=_nobodys)


def _nobodys(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    return entry


def unpack(archive: IO[bytes], name: str, target: Path) -> None:
    """Put what an archive holds as `name` into the folder `target`, or where there is no such folder, there; blocks.

    Nothing is written elsewhere, no device is made and no link leads out of it (tarfile's filter `data`).

    Raises:
        EnvironmentFailedError: the archive holds something else, or this Python cannot be sure of that.
        OSError: it cannot be written.
    """
    if not hasattr(tarfile, "data_filter"):
        raise EnvironmentFailedError(
            "this Python cannot unpack archives that nobody has looked at",
            hint="Python 3.11.4 and newer can, and 3.11 of most distributions",
        )
    final = target / name if target.is_dir() else target
    with TemporaryDirectory(dir=final.parent, prefix=".copying-") as folder:
        try:
            with tarfile.open(fileobj=archive) as packed:
                packed.extractall(folder, filter="data")
        except tarfile.TarError as error:
            raise EnvironmentFailedError(f"{name} is not copied: {error}") from error
        unpacked = Path(folder) / name
        if unpacked.is_dir() and not unpacked.is_symlink():
            shutil.copytree(unpacked, final, symlinks=True, dirs_exist_ok=True)
        else:
            shutil.move(unpacked, final)
