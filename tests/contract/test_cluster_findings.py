"""What keeps a component from running in a cluster is told when the cluster knows it, each thing provoked for real.

When the cluster knows is seen by a watch of this test's own, beside the provider's: what it is told first is what the
API server has only just written. The stamps in the objects count whole seconds, and would prove less.
"""

import asyncio
import logging
import threading
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from harness.core.clock import SystemClock
from harness.core.errors import EnvironmentFailedError, NotReadyError
from harness.core.ids import new_environment_id
from harness.keeper.stay import Stay
from harness.providers.base import Exit, Streams
from harness.providers.kubernetes.connection.calls import cluster_calls
from harness.providers.kubernetes.generated.objects import Origin, objects_of
from harness.providers.kubernetes.generated.pods import Fields
from harness.providers.kubernetes.generated.variables import Variables
from harness.providers.kubernetes.namespaces.marks import labels, namespace_of
from harness.providers.kubernetes.namespaces.namespace import Namespace
from harness.providers.kubernetes.running import RunningPod
from harness.providers.kubernetes.watching.watching import Pods
from harness.providers.logs import LogPump
from harness.readiness.wait import wait_until_ready
from harness.spec.model import Component, Resources
from tests.contract.ecosystem import HERE, IMAGE
from tests.contract.stage import bring_image, cluster_or_skip

if TYPE_CHECKING:
    from kubernetes.client import CoreV1Api

_LOG = logging.getLogger(__name__)
MANY = 100  # are enough: a cluster's garbage collector asks 20 times a second
LATEST = 2.0  # seconds after which what the cluster knows has to be told
SLEEP = ("python", "-c", "import time; print('up', flush=True); time.sleep(600)")
NO_IMAGE = "localhost:1/no/such:1"

Change = Callable[[Fields], None]
Knows = Callable[[Any], bool]


@dataclass(slots=True)
class Witness:
    """Watches a namespace by itself, and notes when it was told what (monotonic)."""

    core: "CoreV1Api"
    namespace: str
    told: list[tuple[float, dict[str, Any]]] = field(default_factory=list)

    def begin(self) -> None:
        """Watch from now on, until the namespace is gone."""
        for listing in (self.core.list_namespaced_pod, self.core.list_namespaced_event):
            threading.Thread(target=self._watch, args=(listing,), daemon=True).start()

    def _watch(self, listing: Any) -> None:
        from kubernetes.watch import Watch  # noqa: PLC0415 - an extra

        # from whatever state there is, without a wait
        options = {"resource_version": "0", "timeout_seconds": 200}
        for event in Watch().stream(listing, self.namespace, **options):  # type: ignore[no-untyped-call] # no types
            self.told.append((time.monotonic(), event["raw_object"]))

    async def knew(self, component: str, knows: Knows) -> float:
        """Since when that has been known of something whose name begins with a component's."""
        async with asyncio.timeout(LATEST):  # this watch may be the slower one
            while not (known := self._known(component, knows)):  # noqa: ASYNC110 - a list grows
                await asyncio.sleep(0.05)
        return min(known)

    def pods_of(self, component: str) -> set[str]:
        """Their uids, also of those that are gone."""
        return {about["metadata"]["uid"] for _, about in self._of(component) if about["kind"] == "Pod"}

    def _known(self, component: str, knows: Knows) -> list[float]:
        return [at for at, about in self._of(component) if knows(about)]

    def _of(self, component: str) -> list[tuple[float, dict[str, Any]]]:
        return [(at, about) for at, about in self.told if about["metadata"]["name"].startswith(component)]


@dataclass(slots=True)
class Cluster:
    """A namespace, with what the provider watches it by."""

    namespace: Namespace
    pods: Pods
    witness: Witness
    folder: Path
    held: list[tuple[float, str]] = field(default_factory=list)

    @asynccontextmanager
    async def started(self, case: "Case") -> AsyncIterator[RunningPod]:
        """Lay what there is of it into the cluster, with changes to its pods that no Compose file can make."""
        name = case.component.name
        origin = Origin(self.namespace.name, {"of": "findings"})
        objects = objects_of(case.component, case.image, Variables({}, {}), origin, is_one_shot=False)
        case.change(objects[-1]["spec"]["template"]["spec"])
        pump = LogPump(self.folder / f"{name}.log", SystemClock(), [])
        running = RunningPod(
            case.component,
            self.namespace,
            self.pods.of(name),
            pump,
            entries={},
            endpoints={},
            inside=_never,
            execute=_never,
            tell=self._hold,
        )
        await self.namespace.apply((*case.more, *objects))
        try:
            yield running
        finally:
            running.close()
            await self.namespace.remove_workload(name, 0)

    def _hold(self, words: str) -> None:
        self.held.append((time.monotonic(), words))


async def _never(_pod: str, _container: str, argv: Sequence[str], *_streams: Streams) -> Any:
    raise AssertionError(f"nothing is run in a pod here: {argv}")


@asynccontextmanager
async def made(folder: Path, quota: str = "9", **more: str) -> AsyncIterator[Cluster]:
    """A namespace of the test's own."""
    core, calls = cluster_or_skip(), cluster_calls()
    await asyncio.to_thread(bring_image, core, folder)
    identity = new_environment_id()
    name = namespace_of(identity)
    namespace = Namespace(core.api_client, calls, name, {**labels(identity), **more}, {}, Stay().term)
    await namespace.make({"pods": quota})
    witness = Witness(core, name)
    witness.begin()
    pods = Pods(core, name, asyncio.get_running_loop())
    try:
        yield Cluster(namespace, pods, witness, folder)
    finally:
        assert await namespace.remove() == ()
        pods.close()
        calls.close()


@pytest.fixture(scope="module")
async def cluster(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Cluster]:
    """Of the current context; a namespace for all tests, as each has a component of its own."""
    async with made(tmp_path_factory.mktemp("findings"), quota="20") as here:
        yield here


def runs(name: str, *command: str, **fields: Any) -> Component:
    """A component that runs a command."""
    return Component(name, HERE, image=IMAGE, command=command or SLEEP, **fields)


def container(pod: Fields) -> Fields:
    """The only one."""
    only: Fields = pod["containers"][0]
    return only


def waits(reason: str, of: str = "containerStatuses") -> Knows:
    """That a container waits for that reason."""
    return lambda about: any(
        (each["state"].get("waiting") or {}).get("reason") == reason
        for each in (about.get("status") or {}).get(of) or ()
    )


def ended(of: str = "containerStatuses", reason: str = "") -> Knows:
    """That a container has ended."""
    return lambda about: any(
        told.get("terminated", {}).get("reason")
        in ({reason} if reason else {"Error", "Completed", "OOMKilled"})
        for each in (about.get("status") or {}).get(of) or ()
        for told in (each["state"], each["lastState"])
    )


def not_begun(about: Any) -> bool:
    """That a container's program cannot be started; the kubelet tells one of two ways first."""
    return waits("RunContainerError")(about) or ended(reason="StartError")(about)


def unscheduled(about: Any) -> bool:
    """That no node takes a pod."""
    conditions = (about.get("status") or {}).get("conditions") or ()
    return any(each.get("reason") == "Unschedulable" for each in conditions)


def happened(reason: str) -> Knows:
    """That there is such an event."""
    return lambda about: about.get("reason") == reason


def needs_memory(pod: Fields) -> None:
    """More than any node has."""
    container(pod)["resources"] = {"requests": {"memory": "900Gi"}}


def needs_secret(pod: Fields) -> None:
    """For its variables, one that is not there."""
    container(pod)["envFrom"].append({"secretRef": {"name": "nosuch"}})


def mounts(volume: Fields) -> Change:
    """A volume that is not there."""

    def change(pod: Fields) -> None:
        pod["volumes"] = [{"name": "v", **volume}]
        container(pod)["volumeMounts"] = [{"name": "v", "mountPath": "/v"}]

    return change


def begins_with(image: str, *command: str) -> Change:
    """An init container."""

    def change(pod: Fields) -> None:
        pod["initContainers"] = [
            {"name": "migrate", "image": image, "imagePullPolicy": "IfNotPresent", "args": list(command)}
        ]

    return change


def claim(name: str, **spec: Any) -> Fields:
    """A claim to a volume that nobody makes."""
    size = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Mi"}}}
    metadata = {"name": name}
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": metadata,
        "spec": {**size, **spec},
    }


def claims(name: str) -> Change:
    """A volume by its claim."""
    return mounts({"persistentVolumeClaim": {"claimName": name}})


@dataclass(frozen=True)
class Case:
    """What keeps a pod from coming, what of it the cluster knows, and what is told."""

    component: Component
    knows: Knows
    told: str = ""
    change: Change = lambda _pod: None
    image: str = IMAGE
    more: tuple[Fields, ...] = ()


NEVER = (
    Case(
        runs("no-image"),
        waits("ImagePullBackOff"),
        "its image cannot be pulled .*connection refused",
        image=NO_IMAGE,
    ),
    Case(
        runs("no-init-image"),
        waits("ImagePullBackOff", "initContainerStatuses"),
        "the image of its init container migrate cannot be pulled",
        change=begins_with(NO_IMAGE),
    ),
    Case(runs("no-memory"), unscheduled, "no node takes it: .*Insufficient memory", change=needs_memory),
    Case(
        runs("no-secret"),
        waits("CreateContainerConfigError"),
        'configured .*secret "nosuch" not found',
        change=needs_secret,
    ),
    Case(
        runs("no-mounted-secret"),
        happened("FailedMount"),
        'its container cannot be made: .*secret "nosuch" not found',
        change=mounts({"secret": {"secretName": "nosuch"}}),
    ),
    Case(
        runs("no-claim"),
        unscheduled,
        'no node takes it: .*persistentvolumeclaim "nosuch" not found',
        change=claims("nosuch"),
    ),
    Case(
        runs("unbound"),
        happened("FailedBinding"),
        "its volume claim unbound-data is not bound: .*no storage class is set",
        change=claims("unbound-data"),
        more=(claim("unbound-data"),),
    ),
    Case(
        runs("no-class"),
        happened("ProvisioningFailed"),
        'its volume claim no-class-data is not bound: storageclass.* "nosuch" not found',
        change=claims("no-class-data"),
        more=(claim("no-class-data", storageClassName="nosuch"),),
    ),
    Case(
        runs("no-program", "/no/such/program"),
        not_begun,
        "its container cannot be started",
    ),
)


async def in_time(cluster: Cluster, case: Case, reported: float) -> None:
    """It was told as soon as it was known; how soon is in the test's log (`-o log_cli_level=INFO`)."""
    delay = reported - await cluster.witness.knew(case.component.name, case.knows)
    _LOG.info("%s: told %.0f ms after the cluster knew it", case.component.name, delay * 1000)
    assert delay <= LATEST


@pytest.mark.parametrize("case", NEVER, ids=lambda case: case.component.name)
async def test_why_a_pod_never_runs(cluster: Cluster, case: Case) -> None:
    """In the cluster's words, long before any time is over."""
    async with cluster.started(case) as running:
        with pytest.raises(
            EnvironmentFailedError, match=f"{case.component.name} cannot start: .*{case.told}"
        ):
            await running.begin()
        await in_time(cluster, case, time.monotonic())


async def test_a_first_pull_that_fails_is_told_and_waited_for(cluster: Cluster) -> None:
    """It is tried again; who waits knows why already."""
    case = Case(runs("first-pull"), waits("ErrImagePull"), image=NO_IMAGE)
    async with cluster.started(case) as running:
        with pytest.raises(EnvironmentFailedError):
            await running.begin()
        at, words = cluster.held[-1]
        assert words.startswith("its image cannot be pulled yet (ErrImagePull): ")
        await in_time(cluster, case, at)


@pytest.mark.parametrize(
    ("quota", "enforced", "told"),
    [
        ("0", "privileged", "is forbidden: exceeded quota: environment, requested: pods=1, used: pods=0"),
        ("9", "restricted", 'is forbidden: violates PodSecurity "restricted'),
    ],
)
async def test_pods_that_may_not_be_made_are_told(
    tmp_path: Path, quota: str, enforced: str, told: str
) -> None:
    """There is no pod to look at, and there will be none."""
    case = Case(runs("web"), happened("FailedCreate"))
    async with (
        made(tmp_path, quota, **{"pod-security.kubernetes.io/enforce": enforced}) as cluster,
        cluster.started(case) as running,
    ):
        with pytest.raises(
            EnvironmentFailedError, match=f"web cannot start: its pod cannot be made: .*{told}"
        ):
            await running.begin()
        await in_time(cluster, case, time.monotonic())


def lives_by(*command: str) -> Change:
    """A probe without which its container is killed."""

    def change(pod: Fields) -> None:
        probe = {"exec": {"command": list(command)}, "periodSeconds": 1, "failureThreshold": 1}
        container(pod)["livenessProbe"] = probe
        pod["terminationGracePeriodSeconds"] = 1

    return change


ENDS = (
    (
        Case(
            runs("crash-loop", "python", "-c", "print('last words', flush=True); raise SystemExit(3)"),
            ended(),
        ),
        Exit(3),
        "last words",
    ),
    (
        Case(
            runs(
                "out-of-memory",
                *("python", "-c", "print('hungry', flush=True); len(bytearray(2**28))"),
                resources=Resources(memory=1 << 26),
            ),
            ended(),
        ),
        Exit(-9, "out of memory: raise deploy.resources.limits.memory"),
        "hungry",
    ),
    (
        Case(runs("liveness"), ended(), change=lives_by("sh", "-c", "echo not well; exit 1")),
        Exit(-9, "its liveness probe failed: not well"),
        "up",
    ),
    (
        Case(
            runs("init-container"),
            ended("initContainerStatuses"),
            change=begins_with(IMAGE, "python", "-c", "print('no table', flush=True); raise SystemExit(4)"),
        ),
        Exit(4, "its init container migrate"),
        "no table",
    ),
)


@pytest.mark.parametrize(("case", "expected", "line"), ENDS, ids=[case.component.name for case, _, _ in ENDS])
async def test_an_end_is_told_with_its_last_lines(
    cluster: Cluster, case: Case, expected: Exit, line: str
) -> None:
    """The first one, although the cluster starts it again."""
    async with cluster.started(case) as running:
        await running.begin()
        assert await running.exited() == expected
        reported = time.monotonic()
        assert any(line in told for told in running.tail())
        await in_time(cluster, case, reported)


async def test_what_a_readiness_probe_meets_is_told(cluster: Cluster) -> None:
    """To who waits, at once; and when the time is over, in the error."""
    probe = {"httpGet": {"path": "/", "port": 8000}, "periodSeconds": 1, "failureThreshold": 1}
    case = Case(
        runs("readiness"),
        happened("Unhealthy"),
        change=lambda pod: container(pod).update(readinessProbe=probe),
    )
    async with cluster.started(case) as running:
        await running.begin()
        asked, ends = running.probe(), asyncio.ensure_future(running.exited())
        while "connection refused" not in (await asked.check()).seen:  # noqa: ASYNC110 - as who waits does
            await asyncio.sleep(0.05)
        await in_time(cluster, case, time.monotonic())
        with pytest.raises(
            NotReadyError, match=r"was not ready .*: runs, and its readiness probe failed: .*refused"
        ):
            await wait_until_ready("readiness", asked, SystemClock(), 0.1, ends)
        ends.cancel()


def occupy_collector(core: "CoreV1Api", namespace: str) -> None:
    """For seconds a cluster will not come to removing what belonged to something that is removed now."""
    owner: Any = core.create_namespaced_config_map(namespace, named("owner"))
    reference = {"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": owner.metadata.uid}
    for number in range(MANY):
        core.create_namespaced_config_map(namespace, named(f"owned-{number}", ownerReferences=[reference]))
    core.delete_namespaced_config_map("owner", namespace, propagation_policy="Background")


def named(name: str, **metadata: Any) -> Any:
    """An object that is nothing but its name."""
    return {"metadata": {"name": name, **metadata}}


async def test_pods_of_what_is_stopped_are_not_replaced(cluster: Cluster) -> None:
    """They would start while everything else ends, and not listen yet to who tells them to end."""
    async with cluster.started(Case(runs("stopped"), unscheduled)) as running:
        await running.begin()
        await asyncio.to_thread(occupy_collector, cluster.witness.core, cluster.namespace.name)
        await running.stop(1)
    assert len(cluster.witness.pods_of("stopped")) == 1
