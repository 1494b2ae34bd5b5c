"""Why this exists: worlds begin with copies of what containers have written, made while those stand still."""

import contextlib
import tarfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING

from docker.errors import APIError

from harness.core.data_files import DataFiles
from harness.providers.docker.failures import refused

if TYPE_CHECKING:
    from docker.models.containers import Container


def copy_out(containers: Mapping[str, "Container"], files: Mapping[str, DataFiles], target: Path) -> None:
    """Pack the files of stores, all as they are at one instant; in a thread.

    Args:
        containers: Those that run, by component.
        files: Where each store's files are.
        target: A private folder; it gets one archive a component, in place of an earlier one.

    Raises:
        EnvironmentFailedError: the engine refuses.
    """
    target.mkdir(mode=0o700, exist_ok=True)
    with contextlib.ExitStack() as stack:
        for name in files:
            containers[name].pause()
            stack.callback(containers[name].unpause)
        for name, its in files.items():
            _pack(name, containers[name], its, archive_of(target, name))


def archive_of(folder: Path, component: str) -> Path:
    """Where the files of a component are packed."""
    return folder / f"{component}.tar"


def lay_out(container: "Container", files: DataFiles, archive: Path) -> None:
    """Put packed files into a container that has not started yet; in a thread.

    Raises:
        EnvironmentFailedError: the engine refuses.
    """
    try:
        with archive.open("rb") as packed:
            container.put_archive(str(PurePosixPath(files.folder).parent), packed)
    except APIError as error:
        raise refused(f"{container.name}: its copied data cannot be put in", error) from error


def _pack(component: str, container: "Container", files: DataFiles, archive: Path) -> None:
    try:
        chunks, _ = container.get_archive(files.folder)
    except APIError as error:
        hint = "data on a tmpfs cannot be copied: give it a volume"
        raise refused(f"{component}: {files.folder} cannot be copied", error, hint) from error
    partial = archive.with_suffix(".partial")
    with partial.open("wb") as packed:
        for chunk in chunks:
            packed.write(chunk)
    with tarfile.open(partial) as whole, archive.open("wb") as kept:
        _without(whole, kept, {f"{PurePosixPath(files.folder).name}/{name}" for name in files.without})
    partial.unlink()


def _without(whole: tarfile.TarFile, kept: IO[bytes], names: set[str]) -> None:
    with tarfile.open(fileobj=kept, mode="w") as rest:
        for member in whole:
            if member.name not in names:
                rest.addfile(member, whole.extractfile(member) if member.isreg() else None)
