"""Why this exists: a cluster's nodes need the images that pods are made from, and there may be no registry between."""

import contextlib
import subprocess
from collections.abc import Iterable, Mapping
from shutil import which
from tempfile import TemporaryFile
from typing import IO, NamedTuple

from harness.core.errors import EnvironmentFailedError

CONTAINERD = "HARNESS_KUBE_CONTAINERD"
"""The socket of the containerd of a node that runs on this machine."""


class Loader(NamedTuple):
    """How images get into a cluster: `image` is replaced in the command; `reads` says that it takes an archive."""

    command: tuple[str, ...]
    reads: bool = False


def loader_of(context: str, variables: Mapping[str, str]) -> Loader | None:
    """How images get into the cluster of a context; None where it has to pull them itself."""
    if socket := variables.get(CONTAINERD):
        return Loader(
            ("ctr", "--address", socket, "--namespace", "k8s.io", "images", "import", "-"), reads=True
        )
    kind, _, name = context.partition("-")
    if kind == "kind":
        return Loader(("kind", "load", "docker-image", "--name", name, "{image}"))
    if kind == "k3d":
        return Loader(("k3d", "image", "import", "--cluster", name, "{image}"))
    if context == "minikube":
        return Loader(("minikube", "image", "load", "{image}"))
    return None


def name_on_node(image: str) -> str:
    """An image's name in full, as nodes list it: with a registry, and a tag."""
    first, slash, _ = image.partition("/")
    if not slash:
        image = f"docker.io/library/{image}"
    elif not ("." in first or ":" in first or first == "localhost"):
        image = f"docker.io/{image}"
    return image if ":" in image.rpartition("/")[2] or "@" in image else f"{image}:latest"


def load(image: str, loader: Loader, archive: Iterable[bytes]) -> None:
    """Bring an image into the cluster; blocks.

    Args:
        image: Its name at the container engine.
        loader: How.
        archive: The image, for a loader that reads it.

    Raises:
        EnvironmentFailedError: the tool is missing, or fails.
    """
    command = [word.format(image=image) for word in loader.command]
    if which(command[0]) is None:
        raise EnvironmentFailedError(f"{image} cannot be brought into the cluster: there is no {command[0]}")
    with TemporaryFile() as said:
        code = _run(command, archive if loader.reads else (), said)
        if code != 0:
            said.seek(0)
            last = said.read().decode(errors="replace").strip().splitlines()[-1:] or [f"exit code {code}"]
            raise EnvironmentFailedError(
                f"{image} cannot be brought into the cluster: {command[0]}: {last[0]}"
            )


def _run(command: list[str], archive: Iterable[bytes], said: IO[bytes]) -> int:
    """How it ended; a tool that ends before it has read everything has said why."""
    # the words are ours, and the image's name is one of them
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=said, stderr=said) as running:  # noqa: S603 - as above
        assert running.stdin is not None  # noqa: S101 - a pipe
        with contextlib.suppress(BrokenPipeError):
            for chunk in archive:
                running.stdin.write(chunk)
            running.stdin.close()
        return running.wait()
