"""Why this exists: the NetworkPolicies of a namespace are laid and removed, and it is told who would enforce them."""

import json
from collections.abc import Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from harness.providers.calls import Calls
from harness.providers.kubernetes.generated.pods import Fields
from harness.providers.kubernetes.generated.policies import PARTITION
from harness.providers.kubernetes.namespaces.namespace import Namespace
from harness.providers.kubernetes.partition.enforcing import plugins

if TYPE_CHECKING:
    from kubernetes.client import ApiClient


class Network:
    """What pods of a namespace may say to each other. Blocking calls run in threads.

    Args:
        client: For the cluster.
        calls: Runs what blocks.
        namespace: Whose pods.
    """

    def __init__(self, client: "ApiClient", calls: Calls, namespace: Namespace) -> None:
        from kubernetes.client import AppsV1Api, NetworkingV1Api  # noqa: PLC0415 - loaded by now; see access

        self._calls = calls
        self._namespace = namespace
        self._core = namespace.core
        self._apps = AppsV1Api(client)
        self._networking = NetworkingV1Api(client)

    @property
    def namespace(self) -> str:
        """Its name."""
        return self._namespace.name

    async def lay(self, policies: Iterable[Fields]) -> None:
        """Let NetworkPolicies hold from now on."""
        await self._namespace.apply(policies)

    async def remove(self, partition: int) -> None:
        """Remove those of a partition."""
        delete = self._networking.delete_collection_namespaced_network_policy
        await self._calls(delete, self.namespace, label_selector=f"{PARTITION}={partition}")

    async def others(self) -> tuple[str, ...]:
        """The names of those that no partition has laid."""
        listing = self._networking.list_namespaced_network_policy
        found = await self._calls(listing, self.namespace, label_selector=f"!{PARTITION}")
        return tuple(str(each.metadata.name) for each in found.items if each.metadata)

    async def plugins(self) -> tuple[str, ...]:
        """The network plugins in the cluster that are known to enforce policies; none where we may not look."""
        return await self._calls(self._plugins)

    def _plugins(self) -> tuple[str, ...]:
        from kubernetes.client import ApiException  # noqa: PLC0415 - loaded by now; see access

        options: dict[str, Any] = {"_preload_content": False}
        try:
            answers: list[Any] = [
                self._apps.list_daemon_set_for_all_namespaces(**options),
                self._core.list_node(**options),
            ]
        except ApiException as error:
            if error.status == HTTPStatus.FORBIDDEN:
                return ()
            raise
        daemonsets, nodes = (json.loads(answer.read())["items"] for answer in answers)
        return plugins(daemonsets, (node["status"]["nodeInfo"]["kubeletVersion"] for node in nodes))
