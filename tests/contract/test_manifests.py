"""A team's own manifests in a real cluster: StatefulSets, Jobs and several pods are started, found and ended alike."""

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pytest

from harness.core.clock import SystemClock
from harness.keeper.stay import Stay
from harness.plan.model import Plan, Step
from harness.providers.base import CanKill, Running
from harness.providers.kubernetes.connection.access import resolve
from harness.providers.kubernetes.generated.objects import COMPONENT
from harness.providers.kubernetes.namespaces.marks import ENVIRONMENT, namespace_of
from harness.providers.kubernetes.provider import KubernetesProvider
from harness.readiness.tcp import TcpProbe
from harness.readiness.wait import wait_until_ready
from harness.spec.model import (
    Component,
    Condition,
    Dependency,
    Ecosystem,
    EcosystemSettings,
    KubernetesSettings,
    Port,
)
from tests.contract.ecosystem import HERE, IMAGE, JOB, PORT, WEB
from tests.contract.stage import cluster_or_skip, make_place

if TYPE_CHECKING:
    from kubernetes.client import CoreV1Api

GRACE = 10.0
PATIENCE = 60.0


def manifest(kind: str, name: str, version: str = "v1", **fields: Any) -> dict[str, Any]:
    """An object, as a team writes one."""
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name}, **fields}


def container(name: str, source: str, *more: str) -> dict[str, Any]:
    """One that runs a program, with what the environment tells it, and may nothing else."""
    own = {"name": f"{name}-environment", "optional": True}
    return {
        "name": name,
        "image": IMAGE,
        "command": ["python", "-c", source, *more],
        "envFrom": [{"configMapRef": own}, {"secretRef": own}],
        "securityContext": {"readOnlyRootFilesystem": True, "runAsUser": 10001, "runAsNonRoot": True},
    }


def serving(kind: str, name: str, *besides: dict[str, Any], replicas: int = 1) -> list[dict[str, Any]]:
    """What listens, by its name."""
    own = container(name, WEB, "x", str(PORT))
    own |= {
        "ports": [{"containerPort": PORT, "name": "http"}],
        "readinessProbe": {"tcpSocket": {"port": "http"}, "periodSeconds": 1},
    }
    selector = {"app": name}
    template = {"metadata": {"labels": selector}, "spec": {"containers": [*besides, own]}}
    spec: dict[str, Any] = {"replicas": replicas, "selector": {"matchLabels": selector}, "template": template}
    if kind == "StatefulSet":
        spec["serviceName"] = name
    service = {"selector": selector, "ports": [{"port": PORT, "targetPort": "http"}]}
    return [manifest(kind, name, "apps/v1", spec=spec), manifest("Service", name, spec=service)]


SLEEP = "import signal; print('beside', flush=True); signal.sigwait({signal.SIGTERM})"
OBJECTS = (
    *serving("Deployment", "web", container("a-sidecar", SLEEP), replicas=2),
    *serving("StatefulSet", "store"),
    manifest(
        "Job",
        "job",
        "batch/v1",
        spec={
            "backoffLimit": 0,
            "template": {
                "metadata": {"labels": {"app": "job"}},
                "spec": {"restartPolicy": "Never", "containers": [container("job", JOB)]},
            },
        },
    ),
    manifest("ServiceAccount", "robot"),
)


@dataclass(frozen=True, slots=True)
class Own:
    """An environment of one's own manifests, prepared."""

    provider: KubernetesProvider
    plan: Plan
    core: "CoreV1Api"
    namespace: str

    async def start(self, name: str) -> Running:
        """A component, by its own probe ready."""
        return await ready(name, await self.provider.start(self.plan.step(name)))

    def pods(self, component: str) -> list[Any]:
        """Those of a component that nobody has told to end."""
        selector = f"{COMPONENT}={component}"
        found = self.core.list_namespaced_pod(self.namespace, label_selector=selector).items
        return [pod for pod in found if pod.metadata and pod.metadata.deletion_timestamp is None]


async def ready(name: str, running: Running) -> Running:
    """It is, before it ends and within a minute."""
    exited = asyncio.ensure_future(running.exited())
    try:
        assert await wait_until_ready(name, running.probe(), SystemClock(), PATIENCE, exited), running.tail()
    finally:
        exited.cancel()
    return running


def component(name: str) -> Component:
    """What the Compose file would say of it: one thing that it is told, and who waits for whom."""
    if name == "job":
        return Component(name, HERE, image=IMAGE)
    waits = (Dependency("job", Condition.COMPLETED),)
    variables = MappingProxyType({"GREETING": "hello"})
    return Component(name, HERE, image=IMAGE, environment=variables, ports=(Port(PORT),), depends_on=waits)


@pytest.fixture
async def own(tmp_path: Path) -> AsyncIterator[Own]:
    """Prepared; nothing is left of it."""
    core = cluster_or_skip()
    folder = tmp_path / "k8s"
    folder.mkdir()
    (folder / "all.yaml").write_text("\n---\n".join(map(json.dumps, OBJECTS)))
    components = {name: component(name) for name in ("job", "web", "store")}
    settings = EcosystemSettings(kubernetes=KubernetesSettings(folder))
    ecosystem = Ecosystem("own", tmp_path, (HERE.path,), components, settings=settings)
    plan = Plan(tuple(Step(each, 0, is_one_shot=name == "job") for name, each in components.items()))
    place = make_place(tmp_path)
    provider = KubernetesProvider(place, SystemClock(), resolve("", os.environ), Stay().term)
    namespace = namespace_of(place.environment_id)
    try:
        await provider.prepare(ecosystem, plan)
        yield Own(provider, plan, core, namespace)
    finally:
        leftovers = await provider.aclose()
    assert leftovers == ()
    assert not core.list_namespace(field_selector=f"metadata.name={namespace}").items


async def says(running: Running, words: str, times: int = 1) -> None:
    """It does, within a minute: what is written comes a moment later."""
    async with asyncio.timeout(PATIENCE):
        while sum(words in line for line in running.tail(100)) < times:  # noqa: ASYNC110 - a file grows
            await asyncio.sleep(0.05)


async def test_several_pods_are_one_component(own: Own) -> None:
    """It is ready when all of them are, is reached at one address, and its log is that of them all."""
    running = await own.start("web")
    pods = own.pods("web")
    ready_ones = [
        pod for pod in pods for c in pod.status.conditions if c.type == "Ready" and c.status == "True"
    ]
    assert len(ready_ones) == 2
    assert (await TcpProbe(running.endpoints[PORT]).check()).is_ready
    await says(running, "greeting hello", 2)
    assert not any("beside" in line for line in running.tail(100))
    await running.stop(GRACE)
    assert own.pods("web") == []
    assert not (await TcpProbe(running.endpoints[PORT]).check()).is_ready


async def test_a_stateful_set_is_started_anew_at_its_address(own: Own) -> None:
    """With other variables, after it was stopped, or killed."""
    running = await own.start("store")
    step, addresses = own.plan.step("store"), running.endpoints
    await running.stop(GRACE)
    running = await ready("store", await own.provider.restart(step, {"GREETING": "again"}))
    await says(running, "greeting again")
    assert isinstance(running, CanKill)
    await running.kill()
    assert (await running.exited()).code == -signal.SIGKILL
    assert own.pods("store") == []
    running = await ready("store", await own.provider.restart(step, {}))
    assert running.endpoints == addresses
    assert (await TcpProbe(addresses[PORT]).check()).is_ready


async def test_a_pod_that_takes_the_place_of_another_is_the_component(own: Own) -> None:
    """By the same name: connections go to it, and its log is carried; that the first one ended is nobody's fault."""
    running = await own.start("store")
    await says(running, "greeting hello")
    (before,) = own.pods("store")
    own.core.delete_namespaced_pod(before.metadata.name, own.namespace, grace_period_seconds=0)
    await says(running, "greeting hello", 2)
    (after,) = own.pods("store")
    assert (after.metadata.name, after.metadata.uid == before.metadata.uid) == (before.metadata.name, False)
    await ready("store", running)
    assert (await TcpProbe(running.endpoints[PORT]).check()).is_ready
    ended = asyncio.ensure_future(running.exited())
    assert not (await asyncio.wait({ended}, timeout=0))[0]
    ended.cancel()


async def test_a_job_ends(own: Own) -> None:
    """With its code and its last words."""
    running = await own.provider.start(own.plan.step("job"))
    assert (await running.exited()).code == 0
    assert any("done" in line for line in running.tail())


async def test_what_belongs_to_no_component_is_there_before_the_first(own: Own) -> None:
    """And is the environment's."""
    account = own.core.read_namespaced_service_account("robot", own.namespace)
    assert account.metadata is not None
    assert (account.metadata.labels or {})[ENVIRONMENT] == own.namespace.removeprefix("harness-")
