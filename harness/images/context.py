"""Why this exists: what is sent to a build is the same bytes wherever it was checked out, and has a digest."""

import hashlib
import io
import tarfile
import threading
from dataclasses import dataclass, field
from pathlib import Path

from harness.core.errors import EnvironmentFailedError


@dataclass(frozen=True, slots=True)
class Context:
    """A build context as a tar archive without times and owners; `digest` is that of its content."""

    archive: bytes = field(repr=False)
    digest: str


class Contexts:
    """What builds are sent, each packed once for all that are made from it; for several threads."""

    def __init__(self) -> None:
        self._packed: dict[tuple[Path, str, str], Context] = {}
        self._turn = threading.Lock()

    def of(self, folder: Path, dockerfile: str, text: str) -> Context:
        """As `from_folder`."""
        wanted = (folder, dockerfile, text)
        with self._turn:
            if wanted not in self._packed:
                self._packed[wanted] = from_folder(folder, dockerfile, text)
            return self._packed[wanted]


def from_folder(folder: Path, dockerfile: str, text: str) -> Context:
    """What `folder` holds besides what its .dockerignore names, and `text` as its Dockerfile.

    Args:
        folder: The context.
        dockerfile: The name the Dockerfile gets in the archive.
        text: The Dockerfile, wherever it came from.

    Raises:
        EnvironmentFailedError: something in there cannot be read.
    """
    try:
        return pack({dockerfile: text.encode()}, folder, names_in(folder, dockerfile))
    except OSError as error:
        raise EnvironmentFailedError(
            f"the build context {folder} cannot be read: {error}",
            hint="name what no image needs in its .dockerignore",
        ) from error


def names_in(folder: Path, dockerfile: str) -> list[str]:
    """What a build is sent of a folder, besides its Dockerfile, as paths within it. Raises OSError."""
    from docker.utils.build import exclude_paths  # noqa: PLC0415 - the package is an extra

    found = exclude_paths(str(folder), _ignored(folder), dockerfile)
    return sorted(name for name in found if name != dockerfile)


def pack(made: dict[str, bytes], folder: Path, names: list[str]) -> Context:
    """An archive of `made` (name to content) and of `names` below `folder`; the kept mode is whether it runs."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, content in made.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), 0o644
            archive.addfile(entry, io.BytesIO(content))
        for name in names:
            _add(archive, folder / name, name)
    content = buffer.getvalue()
    return Context(content, hashlib.sha256(content).hexdigest())


def _add(archive: tarfile.TarFile, path: Path, name: str) -> None:
    entry = archive.gettarinfo(path, name)
    if entry is None:  # a socket
        return
    entry.uid = entry.gid = entry.mtime = 0
    entry.uname = entry.gname = ""
    entry.mode = 0o755 if entry.isdir() or entry.mode & 0o100 else 0o644
    if not entry.isreg():
        archive.addfile(entry)
        return
    with path.open("rb") as content:
        archive.addfile(entry, content)


def _ignored(folder: Path) -> list[str]:
    """The patterns of .dockerignore; without one, nothing is left out."""
    try:
        lines = (folder / ".dockerignore").read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []
    stripped = (line.strip() for line in lines)
    return [line for line in stripped if line and not line.startswith("#")]
