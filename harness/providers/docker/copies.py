"""Why this exists: others begin with copies of what containers have written, made while those stand still."""

import contextlib
import tarfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING, Any

from docker.errors import APIError

from harness.core.data_files import DataFiles
from harness.core.errors import EnvironmentFailedError
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
        EnvironmentFailedError: the engine refuses, or files lie on the host itself.
    """
    with standing_still(containers[name] for name in files):
        pack(containers, files, target)


@contextlib.contextmanager
def standing_still(containers: "Iterable[Container]") -> Iterator[None]:
    """None of them does anything for the length of a block."""
    with contextlib.ExitStack() as stack:
        for container in containers:
            container.pause()
            stack.callback(container.unpause)
        yield


def pack(containers: Mapping[str, "Container"], files: Mapping[str, DataFiles], target: Path) -> None:
    """What `copy_out` does with containers that stand still already."""
    target.mkdir(mode=0o700, exist_ok=True)
    for name, its in files.items():
        _require_own(name, containers[name], its)
        _pack(name, containers[name], its, archive_of(target, name))


def archive_of(folder: Path, component: str) -> Path:
    """Where the files of a component are packed."""
    return folder / f"{component}.tar"


def mount_of(container: "Container", files: DataFiles) -> Mapping[str, Any] | None:
    """What a store's files lie on, as the engine tells it; None where that is the container itself."""
    folder = PurePosixPath(files.folder)
    mounts = (m for m in container.attrs["Mounts"] if folder.is_relative_to(m["Destination"]))
    return max(mounts, key=lambda m: len(m["Destination"]), default=None)


def _require_own(component: str, container: "Container", files: DataFiles) -> None:
    """Another container would write to the same folder of the host."""
    mount = mount_of(container, files)
    if mount is not None and mount["Type"] == "bind":
        raise EnvironmentFailedError(
            f"{component}: {files.folder} lies on the host, in {mount['Source']}, and cannot be copied",
            hint="give it a volume",
        )


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
