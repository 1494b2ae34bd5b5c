"""Deployments in a cluster are made, followed and told of, whatever happens to them there."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jonar.cluster.controller import ClusterController
from jonar.cluster.reasons import PATIENCE, UNKNOWN
from jonar.cluster.workloads import Workloads
from jonar.deployments import Deployment, RolloutState
from jonar.facts import Fact
from jonar.orchestrator import NotRunningError
from jonar.runtime.base import Usage
from tests.unit.services.jonar.cluster.fake_cluster import (
    JONAR,
    FakeCluster,
    Refusal,
    ended,
    ready,
    running,
)
from tests.unit.services.jonar.fakes import FakeClock, make_deployment, make_policy

CPU_ALONE = make_policy(requests=None, cpu=0.5)
LONG = 100.0  # seconds: more than a rollout has time


class Scene:
    """A controller at work in a cluster that a test moves."""

    def __init__(self, folder: Path, cluster: FakeCluster | None = None, pod: str = JONAR) -> None:
        self.cluster = cluster or FakeCluster()
        self.clock = FakeClock()
        self.facts: list[Fact] = []
        self.topics: list[str] = []
        self.workloads = Workloads(self.cluster.api(folder), pod)
        self.controller = ClusterController(
            self.workloads, self.clock, note=self.facts.append, changed=self.topics.append, window=1.0
        )

    async def settle(self, seconds: float = 0.2) -> None:
        """Let everything happen that then can: some of it takes the API several turns."""
        for _ in range(8):
            await self.clock.advance(seconds / 8)

    def told(self, type_: str) -> list[dict[str, Any]]:
        """The details of the facts of one type."""
        return [dict(fact.details) for fact in self.facts if fact.type == type_]

    def state(self, deployment: Deployment) -> RolloutState:
        """How far it is now."""
        return deployment.status(self.clock.now()).state

    async def deployed(self, replicas: int = 1, **wishes: Any) -> Deployment:
        """A deployment whose pods are all ready."""
        deployment = make_deployment(replicas, **wishes)
        self.controller.adopt(deployment)
        await self.settle()
        for _ in range(replicas):
            self.cluster.start_pod(deployment.id)
        await self.settle()
        assert self.state(deployment) is RolloutState.AVAILABLE
        return deployment


@asynccontextmanager
async def working(folder: Path, **how: Any) -> AsyncIterator[Scene]:
    """A scene whose controller works until the block ends."""
    scene = Scene(folder, **how)
    task = asyncio.create_task(scene.controller.run())
    await scene.settle()
    try:
        yield scene
    finally:
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_a_deployment_becomes_one_of_the_clusters(tmp_path: Path) -> None:
    """It has a service; its replicas are its pods, reached at their addresses once they are ready, by turns."""
    async with working(tmp_path) as scene:
        deployment = make_deployment(2)
        scene.controller.adopt(deployment)
        await scene.settle()
        assert scene.cluster.made("dep_1")["spec"]["replicas"] == 2
        assert scene.cluster.made("dep_1", "services")["metadata"]["name"] == "hoardwell-dep-1"
        assert deployment.cluster_url == "http://hoardwell-dep-1.here.svc:8000"
        first = scene.cluster.start_pod("dep_1", conditions=[])
        await scene.settle()
        assert scene.controller.pick("dep_1") is None
        scene.cluster.touch(first, conditions=ready())
        second = scene.cluster.start_pod("dep_1")
        await scene.settle()
        assert scene.state(deployment) is RolloutState.AVAILABLE
        assert scene.told("ready") == [{"ready_replicas": 2}]
        assert "deployment:dep_1" in scene.topics
        picked = [scene.controller.pick("dep_1") for _ in range(4)]
        assert [replica.pod for replica in picked if replica] == [first, second] * 2
        assert all(replica.url.startswith("http://10.1.0.") for replica in picked if replica)
        assert scene.controller.reach(first) is picked[0]
        assert scene.controller.reach("nobody") is None


async def test_only_a_target_for_cpu_alone_is_the_clusters_to_follow(tmp_path: Path) -> None:
    """Else no autoscaler of the cluster stands in the way of Jonar's own."""
    async with working(tmp_path) as scene:
        both, alone = make_deployment(name="dep_1"), make_deployment(name="dep_2", policy=CPU_ALONE)
        scene.controller.adopt(both)
        scene.controller.adopt(alone)
        await scene.settle()
        assert scene.cluster.made("dep_2", "horizontalpodautoscalers")["spec"]["maxReplicas"] == 10
        with pytest.raises(ValueError, match="not enough values"):
            scene.cluster.made("dep_1", "horizontalpodautoscalers")
        assert [scene.controller.autoscales(each) for each in (both, alone)] == [False, True]


async def test_scaling_and_another_version(tmp_path: Path) -> None:
    """Each wish is written once; pods that are one too many end without anybody being told."""
    async with working(tmp_path) as scene:
        deployment = await scene.deployed(2)
        scene.controller.scale("dep_1", 3, "busy")
        await scene.settle()
        assert scene.cluster.made("dep_1")["spec"]["replicas"] == 3
        scene.cluster.start_pod("dep_1")
        await scene.settle()
        scene.controller.update("dep_1", "2")
        await scene.settle()
        assert scene.state(deployment) is RolloutState.PROGRESSING
        for old in scene.cluster.pods("dep_1"):
            scene.cluster.start_pod("dep_1")
            await scene.settle()
            scene.cluster.touch(old, leaving=True)
            await scene.settle()
            scene.cluster.drop("pods", old)
            await scene.settle()
        assert scene.state(deployment) is RolloutState.AVAILABLE
        assert {replica.version for replica in deployment.live} == {"2"}
        scene.controller.scale("dep_1", 1, "idle")
        await scene.settle()
        for idle in scene.cluster.pods("dep_1")[1:]:
            scene.cluster.drop("pods", idle)
        await scene.settle()
        assert scene.state(deployment) is RolloutState.AVAILABLE
        assert [told["reason"] for told in scene.told("scaled")] == ["busy", "idle"]
        assert scene.told("exited") == []
        assert [verb for verb, _ in scene.cluster.asked].count("PATCH") == 3


async def test_an_autoscaler_of_the_cluster_is_followed(tmp_path: Path) -> None:
    """What it wants is wanted, and told with its own reason."""
    async with working(tmp_path) as scene:
        deployment = await scene.deployed(1, policy=CPU_ALONE)
        scene.cluster.rescale("dep_1", 3)
        await scene.settle()
        assert deployment.desired == 3
        assert scene.told("scaled") == []
        scene.cluster.put("events", _rescaled("hoardwell-dep-1", 3, "cpu above target"))
        await scene.settle()
        assert scene.told("scaled") == [
            {"from_replicas": 1, "to_replicas": 3, "reason": "HorizontalPodAutoscaler: cpu above target"}
        ]
        scene.cluster.put("events", _rescaled("hoardwell-dep-1", 2, "below target"))
        await scene.settle()
        scene.cluster.rescale("dep_1", 2)
        await scene.settle()
        assert scene.told("scaled")[1:] == [
            {"from_replicas": 3, "to_replicas": 2, "reason": "HorizontalPodAutoscaler: below target"}
        ]
        assert [verb for verb, _ in scene.cluster.asked].count("PATCH") == 0


def _rescaled(name: str, replicas: int, reason: str) -> dict[str, Any]:
    return {
        "metadata": {"name": f"e{replicas}"},
        "involvedObject": {"kind": "HorizontalPodAutoscaler", "name": name},
        "reason": "SuccessfulRescale",
        "message": f"New size: {replicas}; reason: {reason}",
    }


async def test_somebody_elses_scaling_is_told_as_such(tmp_path: Path) -> None:
    """A person with kubectl gives no reason."""
    async with working(tmp_path) as scene:
        await scene.deployed(1)
        scene.cluster.rescale("dep_1", 2)
        await scene.settle(PATIENCE + 0.5)
        (scaled,) = scene.told("scaled")
        assert scaled["reason"] == UNKNOWN


async def test_a_pod_that_is_deleted_from_outside_is_told_of(tmp_path: Path) -> None:
    """At once nobody is sent to it; how it ended is told where that could be seen."""
    async with working(tmp_path) as scene:
        deployment = await scene.deployed(2)
        first, second = scene.cluster.pods("dep_1")
        scene.cluster.touch(first, leaving=True)
        await scene.settle()
        assert [replica.pod for replica in deployment.ready] == [second]
        assert scene.told("exited") == []
        scene.cluster.touch(first, leaving=True, **running(state=ended(143)))
        scene.cluster.drop("pods", first)
        scene.cluster.start_pod("dep_1")
        await scene.settle()
        scene.cluster.drop("pods", second)
        scene.cluster.start_pod("dep_1")
        await scene.settle()
        assert scene.told("exited") == [
            {"replica_id": first, "pid": None, "exit_code": -15, "reason": "its pod was deleted"},
            {"replica_id": second, "pid": None, "exit_code": None, "reason": "its pod was deleted"},
        ]
        alerts = [fact.alert.message for fact in scene.facts if fact.alert]
        assert alerts[1].endswith(
            "ended with nobody there to see how (its pod was deleted); replaced by the cluster"
        )
        assert scene.state(deployment) is RolloutState.AVAILABLE
        assert len(scene.told("ready")) == 3


async def test_a_container_that_is_started_again_in_its_pod_is_told_of(tmp_path: Path) -> None:
    """With how it ended; the replica is the same."""
    async with working(tmp_path) as scene:
        deployment = await scene.deployed(1)
        (pod,) = scene.cluster.pods("dep_1")
        scene.cluster.touch(pod, conditions=ready(is_ready=False), **running(1, lastState=ended(137)))
        await scene.settle()
        assert scene.told("exited") == [{"replica_id": pod, "pid": None, "exit_code": -9}]
        assert scene.state(deployment) is RolloutState.PROGRESSING
        scene.cluster.touch(pod, conditions=ready())
        await scene.settle()
        assert scene.state(deployment) is RolloutState.AVAILABLE


async def test_a_pod_that_is_evicted_is_told_of(tmp_path: Path) -> None:
    """It stays as a record in the cluster, and is no replica any more."""
    async with working(tmp_path) as scene:
        deployment = await scene.deployed(1)
        (pod,) = scene.cluster.pods("dep_1")
        scene.cluster.touch(pod, phase="Failed", message="low on memory")
        await scene.settle()
        scene.cluster.touch(pod, phase="Failed", message="low on memory still")
        await scene.settle()
        assert [told["reason"] for told in scene.told("exited")] == ["low on memory"]
        assert deployment.replicas == {}


async def test_a_scaling_down_that_is_only_known_by_its_pods_is_no_loss(tmp_path: Path) -> None:
    """News of Deployments and of pods come on different ways; the later one must not make an alarm of the other."""
    async with working(tmp_path) as scene:
        await scene.deployed(2)
        victim = scene.cluster.pods("dep_1")[0]
        scene.cluster.objects["deployments", "hoardwell-dep-1"]["spec"]["replicas"] = 1  # not told yet
        scene.cluster.touch(victim, leaving=True)
        await scene.settle()
        scene.cluster.drop("pods", victim)
        await scene.settle()
        assert scene.told("exited") == []


@pytest.mark.parametrize("how", ["leaving", "gone", "unseen"])
async def test_a_pod_that_is_lost_long_after_the_rollout_is_not_overdue(tmp_path: Path, how: str) -> None:
    """Not even while the cluster is asked whether that was a loss, however it was heard of."""
    async with working(tmp_path) as scene:
        deployment = await scene.deployed(2)
        await scene.settle(LONG)
        answer = scene.cluster.held["deployments/hoardwell-dep-1"] = asyncio.Event()
        await _lose(scene, how)
        assert scene.told("overdue") == []
        assert scene.state(deployment) is RolloutState.PROGRESSING
        answer.set()
        await scene.settle()
        scene.cluster.start_pod("dep_1")
        await scene.settle()
        assert scene.state(deployment) is RolloutState.AVAILABLE
        assert len(scene.told("ready")) == 2
        assert [fact.alert.type for fact in scene.facts if fact.alert] == ["replica_exited"]


async def _lose(scene: Scene, how: str) -> None:
    """The first pod is gone; whether that is told, and whether its leaving was, depends."""
    first = scene.cluster.pods("dep_1")[0]
    if how == "leaving":
        scene.cluster.touch(first, leaving=True)
        await scene.settle()
    elif how == "unseen":
        scene.cluster.break_watches(httpx2.ReadError("cut"))
        scene.cluster.forget()
    scene.cluster.drop("pods", first)
    await scene.settle(2.0)


async def test_a_lost_pod_that_is_not_replaced_in_time_is_overdue(tmp_path: Path) -> None:
    """That is told once, when the time since the loss is over."""
    async with working(tmp_path) as scene:
        deployment = await scene.deployed(2)
        await scene.settle(LONG)
        answer = scene.cluster.held["deployments/hoardwell-dep-1"] = asyncio.Event()
        scene.cluster.drop("pods", scene.cluster.pods("dep_1")[0])
        await scene.settle(5.0)
        answer.set()
        await scene.settle(deployment.specification.progress_deadline - 6.0)
        assert scene.state(deployment) is RolloutState.PROGRESSING
        await scene.settle(2.0)
        assert scene.state(deployment) is RolloutState.FAILED
        assert scene.told("overdue") == [{"desired_replicas": 2, "available_replicas": 1}]


async def test_a_late_answer_about_a_loss_begins_nothing_anew(tmp_path: Path) -> None:
    """The cluster has made the loss good by then."""
    async with working(tmp_path) as scene:
        deployment = await scene.deployed(2)
        answer = scene.cluster.held["deployments/hoardwell-dep-1"] = asyncio.Event()
        scene.cluster.drop("pods", scene.cluster.pods("dep_1")[0])
        await scene.settle()
        scene.cluster.start_pod("dep_1")
        await scene.settle()
        answer.set()
        await scene.settle()
        assert scene.state(deployment) is RolloutState.AVAILABLE
        assert len(scene.told("ready")) == 2
        assert len(scene.told("exited")) == 1


async def test_pods_of_a_scaling_up_that_is_heard_of_late_are_not_overdue(tmp_path: Path) -> None:
    """They are more than wanted before the Deployment's news is there, long after the last rollout."""
    async with working(tmp_path) as scene:
        deployment = await scene.deployed(1, policy=CPU_ALONE)
        await scene.settle(LONG)
        scene.cluster.start_pod("dep_1")
        await scene.settle()
        assert scene.told("overdue") == []
        assert scene.state(deployment) is RolloutState.PROGRESSING
        scene.cluster.rescale("dep_1", 2)
        await scene.settle(PATIENCE + 0.5)
        assert scene.state(deployment) is RolloutState.AVAILABLE
        assert [told["ready_replicas"] for told in scene.told("ready")] == [1, 2]
        assert [fact.alert.type for fact in scene.facts if fact.alert] == []


async def test_a_scaling_down_that_is_heard_of_late_is_not_overdue(tmp_path: Path) -> None:
    """Its pods are gone before the Deployment's news is there, long after the last rollout."""
    async with working(tmp_path) as scene:
        deployment = await scene.deployed(3, policy=CPU_ALONE)
        await scene.settle(LONG)
        workload = scene.cluster.made("dep_1")
        workload["spec"]["replicas"] = 1  # not told yet
        for victim in scene.cluster.pods("dep_1")[1:]:
            scene.cluster.touch(victim, leaving=True)
            await scene.settle()
            scene.cluster.drop("pods", victim)
            await scene.settle()
        assert scene.told("overdue") == []
        assert scene.state(deployment) is RolloutState.PROGRESSING
        workload["spec"]["replicas"] = 3
        scene.cluster.rescale("dep_1", 1)  # told now
        await scene.settle(PATIENCE + 0.5)
        assert deployment.desired == 1
        assert scene.state(deployment) is RolloutState.AVAILABLE
        assert [(told["from_replicas"], told["to_replicas"]) for told in scene.told("scaled")] == [(3, 1)]
        assert [told["ready_replicas"] for told in scene.told("ready")] == [3, 1]
        assert [fact.alert.type for fact in scene.facts if fact.alert] == []


async def test_what_keeps_pods_from_starting_is_told_once(tmp_path: Path) -> None:
    """In the cluster's words, for each rollout anew."""
    async with working(tmp_path) as scene:
        deployment = make_deployment(1)
        scene.controller.adopt(deployment)
        await scene.settle()
        waiting = running(state={"waiting": {"reason": "ImagePullBackOff", "message": "no such image"}})
        pod = scene.cluster.start_pod("dep_1", conditions=[], **waiting)
        scene.cluster.touch(pod, **waiting)
        await scene.settle()
        assert scene.told("not_started") == [{"message": "ImagePullBackOff: no such image"}]
        await scene.settle(60.0)
        assert scene.state(deployment) is RolloutState.FAILED
        assert len(scene.told("overdue")) == 1


async def test_what_is_not_allowed_is_told_and_tried_again(tmp_path: Path) -> None:
    """With the rule that is missing; when it is there, the deployment is made."""
    async with working(tmp_path) as scene:
        words = 'User "u" cannot create resource "services" in API group ""'
        scene.cluster.refusals = [Refusal("POST", "services", 403, words) for _ in range(2)]
        deployment = make_deployment(1)
        scene.controller.adopt(deployment)
        await scene.settle()
        told = scene.told("not_started")
        assert len(told) == 2
        assert "resources: [services], verbs: [create]" in told[0]["message"]
        await scene.settle(1.0)
        assert scene.cluster.made("dep_1", "services")
        assert len(scene.told("not_started")) == 2


async def test_without_the_component_there_is_nothing_to_make_replicas_after(tmp_path: Path) -> None:
    """The label that is looked for is named."""
    async with working(tmp_path) as scene:
        scene.cluster.drop("deployments", "test-hoardwell")
        scene.controller.adopt(make_deployment(1))
        await scene.settle()
        (told, *_) = scene.told("not_started")
        assert "no Deployment in here has the label runeframeos.component=hoardwell" in told["message"]


async def test_a_jonar_that_does_not_find_itself_says_so(tmp_path: Path) -> None:
    """Its host name is not its pod's."""
    async with working(tmp_path, pod="elsewhere") as scene:
        scene.controller.adopt(make_deployment(1))
        await scene.settle()
        assert "there is no pod elsewhere in here" in scene.told("not_started")[0]["message"]


async def test_what_was_left_in_this_pod_is_removed_before_anything_is_made(tmp_path: Path) -> None:
    """A Jonar that was killed left it; what belongs to another Jonar's pod is not touched."""
    cluster = FakeCluster()
    for name, parent in {"left": "uid-of-jonar", "others": "uid-of-another"}.items():
        labels = {"jonar.deployment": f"dep_{name}", "jonar.parent": parent}
        cluster.put("deployments", {"metadata": {"name": name, "labels": labels}, "spec": {"replicas": 1}})
    async with working(tmp_path, cluster=cluster) as scene:
        await scene.controller.warm()
        assert {name for kind, name in cluster.objects if kind == "deployments"} == {
            "others",
            "test-hoardwell",
        }
        await scene.deployed(1)
        await scene.controller.warm()
        assert scene.cluster.made("dep_1")


async def test_what_somebody_removes_is_made_anew(tmp_path: Path) -> None:
    """As long as it is wanted; also where that was not seen."""
    async with working(tmp_path) as scene:
        await scene.deployed(1)
        scene.cluster.drop("deployments", "hoardwell-dep-1")
        await scene.settle()
        assert scene.cluster.made("dep_1")
        scene.cluster.break_watches(httpx2.ReadError("cut"))
        scene.cluster.drop("deployments", "hoardwell-dep-1")
        scene.cluster.forget()
        await scene.settle(2.0)
        assert scene.cluster.made("dep_1")


async def test_pods_that_went_unseen_are_missed(tmp_path: Path) -> None:
    """What the cluster no longer knows is no replica."""
    async with working(tmp_path) as scene:
        deployment = await scene.deployed(2)
        scene.cluster.break_watches(httpx2.ReadError("cut"))
        gone, kept = scene.cluster.pods("dep_1")
        scene.cluster.drop("pods", gone)
        scene.cluster.forget()
        await scene.settle(2.0)
        assert [replica.pod for replica in deployment.live] == [kept]
        assert [told["replica_id"] for told in scene.told("exited")] == [gone]


async def test_a_removed_deployment_is_over_when_its_pods_are_gone(tmp_path: Path) -> None:
    """Everything of it goes; its pods' ends are nothing to tell of."""
    async with working(tmp_path) as scene:
        deployment = await scene.deployed(2)
        pods = scene.cluster.pods("dep_1")
        scene.controller.remove("dep_1")
        await scene.settle()
        for pod in pods:
            scene.cluster.touch(pod, leaving=True)
        await scene.settle()
        assert scene.state(deployment) is RolloutState.PROGRESSING
        for pod in pods:
            scene.cluster.drop("pods", pod)
        await scene.settle()
        assert not [key for key in scene.cluster.objects if key[1] == "hoardwell-dep-1"]
        assert scene.state(deployment) is RolloutState.STOPPED
        assert scene.controller.find("dep_1") is None
        assert len(scene.told("stopped")) == 1
        assert scene.told("exited") == []


async def test_a_removal_waits_for_pods_that_nobody_has_seen_yet(tmp_path: Path) -> None:
    """They may be made at the very moment at which they are no longer wanted."""
    async with working(tmp_path) as scene:
        deployment = make_deployment(1)
        scene.controller.adopt(deployment)
        await scene.settle()
        template = scene.cluster.made("dep_1")["spec"]["template"]
        unseen = {"metadata": {"name": "p", "labels": dict(template["metadata"]["labels"])}, "spec": {}}
        scene.cluster.objects["pods", "p"] = unseen  # no watch tells of it
        scene.controller.remove("dep_1")
        await scene.settle()
        assert deployment.replicas == {}
        assert scene.state(deployment) is RolloutState.PROGRESSING
        scene.cluster.objects["pods", "p"]["metadata"]["uid"] = "u"
        scene.cluster.put("pods", {**unseen, "spec": template["spec"]})
        scene.cluster.drop("pods", "p")
        await scene.settle()
        assert scene.controller.find("dep_1") is None


@pytest.mark.parametrize(
    ("replicas", "version", "changes"), [(1, "1", 0), (3, "1", 1), (1, "2", 1), (3, "2", 1)]
)
async def test_a_wish_that_comes_while_a_deployment_is_half_made_is_written(
    tmp_path: Path, replicas: int, version: str, changes: int
) -> None:
    """The Deployment that the next attempt finds there is of the wish before."""
    async with working(tmp_path) as scene:
        scene.cluster.refusals = [Refusal("POST", "services", 500) for _ in range(2)]
        deployment = make_deployment(1)
        scene.controller.adopt(deployment)
        await scene.settle()
        scene.controller.scale("dep_1", replicas, "a wish")
        scene.controller.update("dep_1", version)
        await scene.settle(2.0)
        assert scene.cluster.made("dep_1", "services")
        assert scene.cluster.made("dep_1")["spec"]["replicas"] == replicas
        assert [verb for verb, _ in scene.cluster.asked].count("PATCH") == changes
        for _ in range(replicas):
            scene.cluster.start_pod("dep_1")
        await scene.settle()
        assert {replica.version for replica in deployment.live} == {version}
        assert scene.state(deployment) is RolloutState.AVAILABLE


async def test_a_deployment_that_was_only_half_made_is_removed(tmp_path: Path) -> None:
    """What there is of it goes."""
    async with working(tmp_path) as scene:
        scene.cluster.refusals = [Refusal("POST", "services", 500) for _ in range(9)]
        scene.controller.adopt(make_deployment(1))
        await scene.settle()
        assert scene.cluster.made("dep_1")
        scene.controller.remove("dep_1")
        await scene.settle(70.0)
        assert scene.controller.deployments() == []
        assert ("deployments", "hoardwell-dep-1") not in scene.cluster.objects


async def test_a_deployment_that_was_never_made_is_removed_too(tmp_path: Path) -> None:
    """Nothing is left to be waited for."""
    async with working(tmp_path) as scene:
        scene.cluster.drop("deployments", "test-hoardwell")
        scene.controller.adopt(make_deployment(1))
        await scene.settle()
        scene.controller.remove("dep_1")
        await scene.settle(70.0)
        assert scene.controller.deployments() == []


async def test_the_end_of_jonar_is_the_end_of_what_it_made(tmp_path: Path) -> None:
    """What cannot be removed any more belongs to Jonar's pod, and goes with that."""
    async with working(tmp_path) as scene:
        await scene.deployed(1)
        scene.controller.adopt(make_deployment(1, name="dep_2"))
        await scene.settle()
        scene.cluster.refusals = [Refusal("DELETE", "deployments", 500)]
    left = [
        thing
        for (kind, name), thing in scene.cluster.objects.items()
        if "dep" in name and kind == "deployments"
    ]
    assert [thing["metadata"]["ownerReferences"][0]["name"] for thing in left] == [JONAR]
    assert len(scene.told("stopped")) == 2
    with pytest.raises(NotRunningError):
        scene.controller.adopt(make_deployment(1))


async def test_replicas_are_measured_by_the_cluster(tmp_path: Path) -> None:
    """Until it has, by their own account."""
    async with working(tmp_path) as scene:
        deployment = await scene.deployed(1)
        (replica,) = deployment.live
        assert await scene.controller.measure(replica, Usage(2.0, 50)) == Usage(2.0, 50)


happenings = st.lists(
    st.one_of(
        st.tuples(st.just("scale"), st.integers(1, 4)),
        st.tuples(st.just("rescale"), st.integers(1, 4)),
        st.tuples(st.just("update"), st.integers(1, 3)),
        st.tuples(st.just("lose"), st.integers(0, 4)),
        st.tuples(st.just("refuse"), st.integers(1, 2)),
        st.tuples(st.just("cut"), st.integers(0, 1)),
        st.tuples(st.just("pass"), st.integers(0, 3)),
    ),
    max_size=10,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=happenings)
def test_whatever_happens_it_comes_right(tmp_path: Path, history: list[tuple[str, int]]) -> None:
    """After any history of wishes, losses and refusals the cluster and Jonar want the same, and have it."""
    asyncio.run(_comes_right(tmp_path, history))


async def _comes_right(folder: Path, history: list[tuple[str, int]]) -> None:
    async with working(folder) as scene:
        deployment = await scene.deployed(2)
        for what, number in history:
            await _happen(scene, what, number)
            _reconcile(scene.cluster)
        scene.cluster.refusals.clear()
        await scene.settle(70.0)
        for _ in range(3):
            _reconcile(scene.cluster)
            await scene.settle(2.0)
        workload = scene.cluster.made("dep_1")
        assert workload["spec"]["replicas"] == deployment.desired == len(deployment.live)
        assert {replica.version for replica in deployment.live} == {deployment.specification.version}
        assert scene.state(deployment) is RolloutState.AVAILABLE


async def _happen(scene: Scene, what: str, number: int) -> None:
    match what:
        case "scale":
            scene.controller.scale("dep_1", number, "a wish")
        case "rescale":
            scene.cluster.rescale("dep_1", number)
        case "update":
            scene.controller.update("dep_1", str(number))
        case "lose" if pods := scene.cluster.pods("dep_1"):
            scene.cluster.drop("pods", pods[number % len(pods)])
        case "refuse":
            scene.cluster.refusals += [Refusal("PATCH", "deployments", 500)] * number
        case "cut":
            scene.cluster.break_watches(httpx2.ReadError("cut") if number else None)
        case "pass":
            await scene.clock.advance(float(number))
    await scene.settle()


def _reconcile(cluster: FakeCluster) -> None:
    """What the cluster's own controllers do."""
    workload = cluster.made("dep_1")
    annotations = workload["spec"]["template"]["metadata"]["annotations"]
    for pod in cluster.pods("dep_1"):
        if cluster.objects["pods", pod]["metadata"]["annotations"] != annotations:
            cluster.drop("pods", pod)
    while len(cluster.pods("dep_1")) < workload["spec"]["replicas"]:
        cluster.start_pod("dep_1")
    for pod in cluster.pods("dep_1")[workload["spec"]["replicas"] :]:
        cluster.drop("pods", pod)
