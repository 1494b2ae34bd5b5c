"""Why this exists: a cluster's nodes need the images that pods are made from, and there may be no registry between."""

import contextlib
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from shutil import which
from tempfile import TemporaryFile
from typing import IO, NamedTuple

from harness.core.errors import EnvironmentFailedError

CONTAINERD = "HARNESS_KUBE_CONTAINERD"
"""The sockets of the containerd of every node, which run on this machine, with commas between."""

IMAGES = "{images}"
_PINNED = "ecosystem-harness/pinned"


class Loader(NamedTuple):
    """How images get to nodes.

    Args:
        command: Brings images, whose names are put in the place of the word `{images}`.
        reads: Whether it takes them as one archive instead.
        lists: Tells the names of those that are there, one in each line; nothing where that cannot be asked.
    """

    command: tuple[str, ...]
    reads: bool = False
    lists: tuple[str, ...] = ()


def loaders_of(context: str, variables: Mapping[str, str]) -> tuple[Loader, ...]:
    """How images get into the cluster of a context, one after the other; none where it has to pull them itself."""
    if sockets := variables.get(CONTAINERD):
        return tuple(_containerd(socket.strip()) for socket in sockets.split(",") if socket.strip())
    kind, _, name = context.partition("-")
    if kind == "kind":
        return (Loader(("kind", "load", "docker-image", "--name", name, IMAGES)),)
    if kind == "k3d":
        return (Loader(("k3d", "image", "import", "--cluster", name, IMAGES)),)
    if context == "minikube":
        return (Loader(("minikube", "image", "load", IMAGES)),)
    return ()


def _containerd(socket: str) -> Loader:
    images = ("ctr", "--address", socket, "--namespace", "k8s.io", "images")
    return Loader((*images, "import", "-"), reads=True, lists=(*images, "ls", "-q"))


def name_on_node(image: str) -> str:
    """An image's name in full, as nodes list it: with a registry, and a tag."""
    if "/" not in image:
        image = f"docker.io/library/{image}"
    elif not names_registry(image):
        image = f"docker.io/{image}"
    return image if ":" in image.rpartition("/")[2] or "@" in image else f"{image}:latest"


def names_registry(image: str) -> bool:
    """Whether its name says where it comes from."""
    first, slash, _ = image.partition("/")
    return bool(slash) and ("." in first or ":" in first or first == "localhost")


def name_in_archive(image: str) -> str:
    """What it is called where an archive brings it: a digest is of a registry's bytes, which no archive has."""
    _, at, digest = image.partition("@")
    return f"{_PINNED}:{digest.rpartition(':')[2]}" if at else image


def listed(loader: Loader) -> set[str]:
    """The names in full of the images that its node has; blocks.

    Raises:
        EnvironmentFailedError: the tool is missing, or fails.
    """
    with TemporaryFile() as told:
        _run_or_tell("what the node has cannot be told", loader.lists, (), told)
        told.seek(0)
        return set(told.read().decode().split())


def load(images: Sequence[str], loader: Loader, archive: Iterable[bytes]) -> None:
    """Bring images to nodes; blocks.

    Args:
        images: Their names at the container engine.
        loader: How.
        archive: All of them, for a loader that reads it.

    Raises:
        EnvironmentFailedError: the tool is missing, or fails.
    """
    command: list[str] = []
    for word in loader.command:
        command += images if word == IMAGES else [word]
    what = f"{', '.join(images)} cannot be brought into the cluster"
    with TemporaryFile() as said:
        _run_or_tell(what, command, archive if loader.reads else (), said)


def _run_or_tell(what: str, command: Sequence[str], archive: Iterable[bytes], said: IO[bytes]) -> None:
    if which(command[0]) is None:
        raise EnvironmentFailedError(f"{what}: there is no {command[0]}")
    code = _run(command, archive, said)
    if code != 0:
        said.seek(0)
        last = said.read().decode(errors="replace").strip().splitlines()[-1:] or [f"exit code {code}"]
        raise EnvironmentFailedError(f"{what}: {command[0]}: {last[0]}")


def _run(command: Sequence[str], archive: Iterable[bytes], said: IO[bytes]) -> int:
    """How it ended; a tool that ends before it has read everything has said why."""
    # the words are ours, and images' names are among them
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=said, stderr=said) as running:  # noqa: S603 - as above
        assert running.stdin is not None  # noqa: S101 - a pipe
        with contextlib.suppress(BrokenPipeError):
            for chunk in archive:
                running.stdin.write(chunk)
            running.stdin.close()
        return running.wait()
