"""Why this exists: files and folders travel in and out of components as tar archives; what comes out is not trusted."""

import os
import shutil
import tarfile
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import IO

from harness.core.errors import EnvironmentFailedError, UsageError


def pack(source: Path, name: str, archive: IO[bytes]) -> None:
    """Write a file or folder, which is to be called `name`, to an archive; blocks. Its owner is who unpacks it."""
    with tarfile.open(fileobj=archive, mode="w") as packed:
        packed.add(source, arcname=name, filter=_nobodys)


def _nobodys(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    return entry


def place_for(name: str, target: Path) -> Path:
    """Where what is called `name` is copied to: into the folder `target`, or where there is no such folder, there.

    Raises:
        UsageError: there is no folder for it, or something that is neither a file nor a folder.
    """
    place = target / name if target.is_dir() else target
    if not place.parent.is_dir():
        raise UsageError(f"there is no folder {place.parent} to copy to")
    if place.exists() and not place.is_file() and not place.is_dir():
        raise UsageError(f"{place} is neither a file nor a folder", hint="copy to a file, and hand that on")
    return place


def unpack(archive: IO[bytes], name: str, place: Path) -> None:
    """Put what an archive holds as `name` at `place`, over what is there; blocks.

    Nothing is written elsewhere, no device is made, and no link leads out of it.

    Raises:
        EnvironmentFailedError: the archive holds something else, or this Python cannot be sure of that.
        OSError: it cannot be written.
    """
    if not hasattr(tarfile, "data_filter"):
        raise EnvironmentFailedError(
            "this Python cannot unpack archives that nobody has looked at",
            hint="Python 3.11.4 and newer can, and 3.11 of most distributions",
        )
    with TemporaryDirectory(dir=place.parent, prefix=".copying-") as folder:
        try:
            with tarfile.open(fileobj=archive) as packed:
                packed.extractall(folder, filter=_harmless)  # noqa: S202 - the filter is for that
        except tarfile.TarError as error:
            raise EnvironmentFailedError(f"{name} is not copied: {error}") from error
        unpacked = Path(folder) / name
        if not unpacked.exists() or unpacked.is_symlink():
            raise EnvironmentFailedError(f"{name} is not copied: it is no file and no folder there")
        if unpacked.is_dir():
            shutil.copytree(unpacked, place, symlinks=True, dirs_exist_ok=True)
        else:
            unpacked.replace(place)


def _harmless(entry: tarfile.TarInfo, folder: str) -> tarfile.TarInfo | None:
    """As tarfile's filter `data`; and links stay below what is copied, which is moved to where it has neighbours."""
    if entry.issym():
        top = PurePosixPath(entry.name).parts[0]
        leads_to = os.path.normpath(PurePosixPath(entry.name).parent / entry.linkname)
        if PurePosixPath(leads_to).parts[:1] != (top,):
            raise tarfile.LinkOutsideDestinationError(entry, leads_to)
    return tarfile.data_filter(entry, folder)
