"""Why this exists: the images of an environment's pods, made by the engine here and brought into the cluster."""

import os
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.containers.engine import connect, lacking
from harness.core.errors import EnvironmentFailedError
from harness.providers.docker.images import Images, Show
from harness.providers.kubernetes.supplying.images import (
    Loader,
    listed,
    load,
    loaders_of,
    name_in_archive,
    name_on_node,
)
from harness.providers.kubernetes.supplying.registry import is_pulled_from_elsewhere, registry_of
from harness.spec.model import Component, Ecosystem

if TYPE_CHECKING:
    from kubernetes.client import ApiClient

_CHUNK = 1 << 20


class Supply:
    """Makes sure of images, one component at a time; to be called in threads, several at once.

    Images that are made while others are being brought are brought together, next: most of what they are made of is
    the same. Where none can be made here, or brought into the cluster, the cluster is left to pull it.

    Args:
        client: For the cluster.
        context: Its name in the kubeconfig.
        ecosystem: Whose images.
        logs: What builds say goes to `<component>.build.log` there.
        show: Takes what is done.
    """

    def __init__(
        self, client: "ApiClient", context: str, ecosystem: Ecosystem, logs: Path, show: Show
    ) -> None:
        self._client = client
        self._loaders = loaders_of(context, os.environ)
        self._registry = registry_of(os.environ)
        self._ecosystem = ecosystem
        self._logs = logs
        self._show = show
        self._opening = threading.Lock()
        self._turn = threading.Lock()
        self._images: Images | None = None
        self._engine: Any = None
        self._wanted: dict[str, str] = {}
        self._there: dict[Loader, set[str]] = {}

    def bring(self, component: Component) -> str:
        """The name of the image for a component's pods; its nodes have it, or can pull it.

        Raises:
            EnvironmentFailedError: it could not be built, or brought there.
        """
        images = self._opened()
        if images is None or not (self._loaders or self._registry):
            return self._pulled(component)
        if self._registry is not None and is_pulled_from_elsewhere(component):
            return self._pulled(component)
        image = images.ensure(component)
        if self._registry is not None:
            return self._pushed(component.name, image)
        self._wanted[image] = component.name
        with self._turn:  # whoever has it brings what others want, too
            for loader in self._loaders:
                self._load(loader)
        return name_in_archive(image)

    def close(self) -> None:
        """Let go of the engine. Idempotent."""
        if self._engine is not None:
            self._engine.close()
            self._engine = None

    def _opened(self) -> Images | None:
        """What makes images; None where there is no container engine."""
        with self._opening:
            if self._images is None and lacking() is None:
                self._engine = connect()
                self._images = Images(self._engine, self._ecosystem, self._logs, self._show)
            return self._images

    def _pushed(self, component: str, image: str) -> str:
        assert self._registry is not None  # noqa: S101 - see bring
        self._show(component, f"{image}: to the registry", False)
        name = self._registry.push(self._engine, image)
        self._show(component, f"{name}: in the registry", True)
        return name

    def _load(self, loader: Loader) -> None:
        """Bring all that is wanted by now to nodes that do not have it."""
        if loader not in self._there:
            self._there[loader] = listed(loader) if loader.lists else on_every_node(self._client)
        there = self._there[loader]
        wanted = {
            i: c for i, c in dict(self._wanted).items() if name_on_node(name_in_archive(i)) not in there
        }
        if not wanted:
            return
        for image, component in wanted.items():
            self._show(component, f"{image}: into the cluster", False)
        with _named(self._engine, wanted) as names:
            load(names, loader, _archive(self._engine, names))
        there.update(map(name_on_node, names))
        for image, component in wanted.items():
            self._show(component, f"{image}: in the cluster", True)

    def _pulled(self, component: Component) -> str:
        if component.image is not None:
            return component.image
        raise EnvironmentFailedError(
            f"{component.name} has no image that the cluster could pull, and none can be built for it here",
            hint="name an image, or have a container engine here and a cluster of kind, k3d or minikube, or a registry",
        )


@contextmanager
def _named(engine: Any, images: Iterable[str]) -> Iterator[list[str]]:
    """What images are called in an archive, for the length of a block."""
    names = {image: name_in_archive(image) for image in images}
    pinned = [image for image, name in names.items() if image != name]
    for image in pinned:
        repository, _, tag = names[image].rpartition(":")
        engine.images.get(image).tag(repository, tag)
    try:
        yield list(names.values())
    finally:
        for image in pinned:
            engine.images.remove(names[image])


def _archive(engine: Any, images: Sequence[str]) -> Iterator[bytes]:
    """Several images as one archive, in which what they share is once; the SDK knows archives of one only."""
    from requests import RequestException  # noqa: PLC0415 - an extra

    url = f"{engine.api.base_url}/v{engine.api.api_version}/images/get"
    try:
        with engine.api.get(url, params={"names": images}, stream=True) as answer:
            answer.raise_for_status()
            yield from answer.iter_content(_CHUNK)
    except RequestException as error:
        told = f"the engine does not give {', '.join(images)}: {error}"
        raise EnvironmentFailedError(told) from error


def on_every_node(client: "ApiClient") -> set[str]:
    """The images that every node tells of, by their names in full: each of its largest 50 (nodeStatusMaxImages)."""
    from kubernetes.client import CoreV1Api  # noqa: PLC0415 - loaded by now; see access

    nodes: Iterable[Any] = (node.status for node in CoreV1Api(client).list_node().items if node.status)
    found = [{name for image in status.images or () for name in image.names or ()} for status in nodes]
    return set.intersection(*found) if found else set()
