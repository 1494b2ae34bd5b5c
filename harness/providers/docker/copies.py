"""Why this exists: others begin with copies of what containers have written, made while those stand still."""

import contextlib
import tarfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING, Any

from docker.errors import APIError

from harness.core.data_files import DataFiles
from harness.core.errors import EnvironmentFailedError
from harness.images.baking import DATA
from harness.providers.docker.failures import refused
from harness.providers.docker.running import RunningContainer
from harness.providers.docker.seeded import make_image

if TYPE_CHECKING:
    from docker.models.containers import Container


def copy_out(
    running: Mapping[str, RunningContainer], files: Mapping[str, DataFiles], target: Path, *, stays: bool
) -> dict[str, str]:
    """Copy the files of stores, all as they are at one instant; in a thread.

    An image of a container that has its files in itself shares them with what is made from it: nothing is copied but
    what is written to. That is so for a Postgres of ours that the file gives no place for its data; others are packed.

    Args:
        running: What runs, by component.
        files: Where each store's files are.
        target: A private folder; it gets an archive of each that no image has, in place of an earlier one.
        stays: Whether images are to stay after the environment.

    Returns:
        The images that were made, by component.

    Raises:
        EnvironmentFailedError: the engine refuses, or files lie on the host itself.
    """
    target.mkdir(mode=0o700, exist_ok=True)
    containers = {name: running[name].container for name in files}
    inside = {
        name for name, its in files.items() if its.folder == DATA and not _mount_of(containers[name], its)
    }
    with _standing_still(containers.values()):
        for name in files.keys() - inside:
            _require_own(name, containers[name], files[name])
            _pack(name, containers[name], files[name], archive_of(target, name))
        return {name: make_image(running[name], stays=stays) for name in inside}


@contextlib.contextmanager
def _standing_still(containers: "Iterable[Container]") -> Iterator[None]:
    """None of them does anything for the length of a block."""
    with contextlib.ExitStack() as stack:
        for container in containers:
            container.pause()
            stack.callback(container.unpause)
        yield


def archive_of(folder: Path, component: str) -> Path:
    """Where the files of a component are packed."""
    return folder / f"{component}.tar"


def _mount_of(container: "Container", files: DataFiles) -> Mapping[str, Any] | None:
    """What a store's files lie on, as the engine tells it; None where that is the container itself."""
    folder = PurePosixPath(files.folder)
    mounts = (m for m in container.attrs["Mounts"] if folder.is_relative_to(m["Destination"]))
    return max(mounts, key=lambda m: len(m["Destination"]), default=None)


def _require_own(component: str, container: "Container", files: DataFiles) -> None:
    """Another container would write to the same folder of the host."""
    mount = _mount_of(container, files)
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
