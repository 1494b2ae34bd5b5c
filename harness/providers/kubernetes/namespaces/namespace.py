"""Why this exists: one environment's namespace: made, filled, and removed with all that is in it."""

import math
from collections.abc import Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from harness.core.errors import EnvironmentFailedError
from harness.providers.calls import Calls
from harness.providers.kubernetes.connection.streams import lines_of
from harness.providers.kubernetes.generated.objects import COMPONENT
from harness.providers.kubernetes.generated.pods import Fields
from harness.providers.kubernetes.namespaces.marks import cluster_time, expiry
from harness.providers.kubernetes.namespaces.removal import AT_ONCE, remove, unless_gone

if TYPE_CHECKING:
    from kubernetes.client import ApiClient

FIELD_MANAGER = "ecosystem-harness"
_NO_FILE = "/dev/null/none"  # else the library leaves what it has learnt of a cluster in the temporary folder
_ACCOUNT = 30  # seconds that it may take to make one


class Namespace:
    """Blocking calls run in threads.

    Args:
        client: For the cluster.
        calls: Runs what blocks.
        name: The namespace's.
        labels: What it is found by.
        annotations: Whose it is, in full.
        term: Seconds that it stays after `make` and each `renew`, unless it is removed before.
    """

    def __init__(
        self,
        client: "ApiClient",
        calls: Calls,
        name: str,
        labels: Mapping[str, str],
        annotations: Mapping[str, str],
        term: float,
    ) -> None:
        from kubernetes.client import AppsV1Api, BatchV1Api, CoreV1Api  # noqa: PLC0415 - loaded by now; see access

        self._client = client
        self._calls = calls
        self.name = name
        self._labels = dict(labels)
        self._annotations = dict(annotations)
        self._term = term
        self.core = CoreV1Api(client)
        self._apps = AppsV1Api(client)
        self._batch = BatchV1Api(client)
        self._dynamic: Any = None  # the library has no types for it

    async def make(self, quota: Mapping[str, str]) -> None:
        """Make it, with a quota; returns when pods can be made in it."""
        await self._calls(self._make, quota)

    def _make(self, quota: Mapping[str, str]) -> None:
        from kubernetes import client  # noqa: PLC0415 - loaded by now; see access

        marks = self._annotations | self._expiry()
        metadata = client.V1ObjectMeta(name=self.name, labels=self._labels, annotations=marks)
        self.core.create_namespace(client.V1Namespace(metadata=metadata))
        hard = client.V1ResourceQuotaSpec(hard=dict(quota))
        limits = client.V1ResourceQuota(metadata=client.V1ObjectMeta(name="environment"), spec=hard)
        self.core.create_namespaced_resource_quota(self.name, limits)
        self._wait_for_account()

    def _wait_for_account(self) -> None:
        """The cluster makes it a moment later; pods that come before it are refused."""
        # from whatever state an API server knows already: for the newest it may have to ask for seconds (KEP-2340)
        options: dict[str, Any] = {"watch": True, "resource_version": "0", "_preload_content": False}
        answer = self.core.list_namespaced_service_account(
            self.name, field_selector="metadata.name=default", timeout_seconds=_ACCOUNT, **options
        )
        if next(lines_of(answer), None) is None:
            raise EnvironmentFailedError(
                f"the cluster made no service account for namespace {self.name} within {_ACCOUNT} s",
                hint="its controller manager does: look whether it runs",
            )

    async def renew(self) -> None:
        """Tell everybody that it is still needed."""
        await self._calls(self._renew)

    def _renew(self) -> None:
        self.core.patch_namespace(self.name, {"metadata": {"annotations": self._expiry()}})

    def _expiry(self) -> dict[str, str]:
        from kubernetes.client import VersionApi  # noqa: PLC0415 - loaded by now; see access

        _, _, headers = VersionApi(self._client).get_code_with_http_info()
        return expiry(cluster_time(headers), self._term)

    async def apply(self, objects: Iterable[Fields]) -> None:
        """Lay them into the cluster, one after the other, whatever was there by these names."""
        await self._calls(self._apply, list(objects))

    def _apply(self, objects: list[Fields]) -> None:
        from kubernetes.dynamic import DynamicClient  # noqa: PLC0415 - loaded by now

        if not objects:
            return
        self._dynamic = self._dynamic or DynamicClient(self._client, _NO_FILE)  # type: ignore[no-untyped-call] # as above
        for each in objects:
            resource = self._resource_of(each)
            self._dynamic.server_side_apply(
                resource,
                body=each,
                name=each["metadata"]["name"],
                namespace=self.name,
                field_manager=FIELD_MANAGER,
                force_conflicts=True,
            )

    def _resource_of(self, each: Fields) -> Any:
        """Where the cluster takes objects of its kind."""
        from kubernetes.dynamic.exceptions import ResourceNotFoundError  # noqa: PLC0415 - loaded by now

        kind, told = each["kind"], f"{each['kind']} {each['metadata']['name']}"
        try:
            resource = self._dynamic.resources.get(api_version=each["apiVersion"], kind=kind)
        except ResourceNotFoundError as error:
            raise EnvironmentFailedError(
                f"the cluster has no kind {kind} in {each['apiVersion']}, which {told} is of"
            ) from error
        if not resource.namespaced:
            raise EnvironmentFailedError(
                f"{told} is no namespace's, and an environment has but its namespace"
            )
        return resource

    async def remove_workload(self, component: str, grace: float) -> None:
        """Remove what makes a component's pods, and tell them to end within `grace` seconds; 0 kills them."""
        await self._calls(self._remove_workload, component, math.ceil(grace))

    def _remove_workload(self, component: str, grace: int) -> None:
        for delete in (
            self._apps.delete_namespaced_deployment,
            self._apps.delete_namespaced_stateful_set,
            self._batch.delete_namespaced_job,
        ):
            unless_gone(delete, component, self.name, propagation_policy="Background")
        # A Deployment's: the cluster would remove them a moment later, and they would replace the pods until then.
        self._apps.delete_collection_namespaced_replica_set(
            self.name, label_selector=_of(component), propagation_policy="Background"
        )
        self._remove_pods(component, grace)

    async def remove_pods(self, component: str) -> None:
        """Kill its pods, and leave what makes them."""
        await self._calls(self._remove_pods, component, 0)

    def _remove_pods(self, component: str, grace: int) -> None:
        self.core.delete_collection_namespaced_pod(
            self.name, label_selector=_of(component), grace_period_seconds=grace
        )

    async def remove_pod(self, name: str) -> None:
        """Kill one pod; it is there until its processes have ended."""
        remove_one = partial(unless_gone, self.core.delete_namespaced_pod, grace_period_seconds=AT_ONCE)
        await self._calls(remove_one, name, self.name)

    async def scale(self, component: str, replicas: int) -> None:
        """Let what makes its pods have so many."""
        await self._calls(self._scale, component, {"spec": {"replicas": replicas}})

    def _scale(self, component: str, wanted: Fields) -> None:
        scale = self._apps.patch_namespaced_deployment_scale
        if unless_gone(scale, component, self.name, wanted) is None:  # it is of the other kind
            self._apps.patch_namespaced_stateful_set_scale(component, self.name, wanted)

    async def remove(self) -> tuple[str, ...]:
        """Remove it with all that is in it; what keeps it from going is named."""
        return await self._calls(remove, self.core, self.name)


def _of(component: str) -> str:
    """Selects what is a component's."""
    return f"{COMPONENT}={component}"
