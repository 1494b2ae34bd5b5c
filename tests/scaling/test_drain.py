"""A node is emptied for maintenance, and those who use what ran on it do not notice."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from harness.pytest_plugin.handle import EcosystemHandle
from jonar.client import Deployment, JonarClient
from tests.cluster import connected
from tests.ecosystem import Deploy
from tests.figures import Figures
from tests.rollouts import PATIENCE, SMALL, serving, settled, settled_without
from tests.scaling.traffic import Traffic

NODES = 2
pytestmark = pytest.mark.timeout(3 * PATIENCE)


@pytest.fixture
def cluster(ecosystem: EcosystemHandle) -> Iterator["Cluster"]:
    """The cluster of this environment, if it has nodes enough that take pods."""
    if ecosystem.provider != "kubernetes":
        pytest.skip("only a cluster has nodes")
    with connected() as (core, namespace):
        cluster = Cluster(core, namespace)
        if (nodes := len(cluster.nodes())) < NODES:
            pytest.skip(f"takes {NODES} nodes that take pods; this cluster has {nodes}")
        yield cluster


class TestDrain:
    """What `kubectl drain` does: no new pods on the node, and its own are evicted."""

    async def test_node_of_some_replicas(
        self, cluster: "Cluster", jonar_client: JonarClient, deploy: Deploy, figure: Figures
    ) -> None:
        """All replicas serve on other nodes, and no request is lost meanwhile."""
        deployment = await deploy(
            component="hoardwell",
            replicas=3,
            resources=SMALL,
            progress_deadline_seconds=PATIENCE,
            autoscaling={"min_replicas": 3, "max_replicas": 3},  # the traffic is enough for more of that size
        )
        before = await settled(jonar_client, deployment)
        placed = await asyncio.to_thread(cluster.placed, before)
        node = min(placed.values(), key=Counter(placed.values()).__getitem__)
        with cluster.cordoned(node):
            async with Traffic(f"{before.url}/health") as traffic:
                for pod in [pod for pod, where in placed.items() if where == node]:
                    await asyncio.to_thread(cluster.evict, pod)
                    # a replica's id is its pod's name
                    after = await settled_without(jonar_client, deployment, pod)
            figure("requests lost, node drained", traffic.lost.total(), "", below=1)
            assert after.ready_replicas == len(placed)
            assert node not in (await asyncio.to_thread(cluster.placed, after)).values()
            assert not traffic.lost, traffic.lost


class Cluster:
    """Nodes, and the pods of this environment on them; calls block."""

    def __init__(self, core: Any, namespace: str) -> None:
        self._core = core  # whose fields may all be None, by its types
        self._namespace = namespace

    def nodes(self) -> list[str]:
        """Those that take pods."""
        nodes = self._core.list_node().items
        return [node.metadata.name for node in nodes if not node.spec.unschedulable and not _repels(node)]

    def placed(self, deployment: Deployment) -> dict[str, str]:
        """The node of each pod that serves."""
        pods = [one.pod for one in serving(deployment)]
        return {
            pod: self._core.read_namespaced_pod(pod, self._namespace).spec.node_name for pod in pods if pod
        }

    @contextmanager
    def cordoned(self, node: str) -> Iterator[None]:
        """While its block lasts, a node takes no pods."""
        self._core.patch_node(node, {"spec": {"unschedulable": True}})
        try:
            yield
        finally:
            self._core.patch_node(node, {"spec": {"unschedulable": False}})

    def evict(self, pod: str) -> None:
        """Have a pod leave its node, as far as disruption budgets allow it."""
        from kubernetes.client import V1Eviction, V1ObjectMeta  # noqa: PLC0415 - an extra

        leaving = V1Eviction(metadata=V1ObjectMeta(name=pod, namespace=self._namespace))
        self._core.create_namespaced_pod_eviction(pod, self._namespace, leaving)


def _repels(node: Any) -> bool:
    return any(taint.effect in ("NoSchedule", "NoExecute") for taint in node.spec.taints or ())
