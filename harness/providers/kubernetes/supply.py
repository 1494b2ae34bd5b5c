"""Why this exists: the images of an environment's pods, made by the engine here and brought into the cluster."""

import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.containers.engine import connect, lacking
from harness.core.errors import EnvironmentFailedError
from harness.providers.docker.images import Images, Show
from harness.providers.kubernetes.images import Loader, load, loader_of, name_on_node
from harness.spec.model import Component, Ecosystem

if TYPE_CHECKING:
    from kubernetes.client import ApiClient


class Supply:
    """Makes sure of images, one component at a time; to be called in threads, several at once.

    Where no image can be made here, or brought into the cluster, the cluster is left to pull it.

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
        self._loader = loader_of(context, os.environ)
        self._ecosystem = ecosystem
        self._logs = logs
        self._show = show
        self._turn = threading.Lock()
        self._images: Images | None = None
        self._engine: Any = None
        self._there: set[str] | None = None

    def bring(self, component: Component) -> str:
        """The name of the image for a component's pods; its nodes have it, or can pull it.

        Raises:
            EnvironmentFailedError: it could not be built, or brought there.
        """
        images = self._opened()
        if images is None or self._loader is None:
            return self._pulled(component)
        image = images.ensure(component)
        with self._turn:  # several at once would only share one disk
            self._load(component.name, image, self._loader)
        return image

    def close(self) -> None:
        """Let go of the engine. Idempotent."""
        if self._engine is not None:
            self._engine.close()
            self._engine = None

    def _opened(self) -> Images | None:
        """What makes images; None where there is no container engine."""
        with self._turn:
            if self._images is None and lacking() is None:
                self._engine = connect()
                self._images = Images(self._engine, self._ecosystem, self._logs, self._show)
            return self._images

    def _load(self, component: str, image: str, loader: Loader) -> None:
        if self._there is None:
            self._there = _on_nodes(self._client)
        if name_on_node(image) not in self._there:
            self._show(component, f"{image}: into the cluster", False)
            load(image, loader, self._engine.images.get(image).save(named=image))
            self._there.add(name_on_node(image))
            self._show(component, f"{image}: in the cluster", True)

    def _pulled(self, component: Component) -> str:
        if component.image is not None:
            return component.image
        raise EnvironmentFailedError(
            f"{component.name} has no image that the cluster could pull, and none can be built for it here",
            hint="name an image, or have a container engine here and a cluster of kind, k3d or minikube",
        )


def _on_nodes(client: "ApiClient") -> set[str]:
    """The images that every node has, by their names in full."""
    from kubernetes.client import CoreV1Api  # noqa: PLC0415 - loaded by now; see access

    statuses = [node.status for node in CoreV1Api(client).list_node().items if node.status]
    found = [{name for image in status.images or () for name in image.names or ()} for status in statuses]
    return set.intersection(*found) if found else set()
