"""What the cluster says of pods is told in Jonar's words."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jonar.cluster.seen import Pod, cannot_make_pods, exit_code, rescaled, wish
from jonar.deployments import Replica, ReplicaState
from jonar.metrics import Window
from tests.unit.services.jonar.cluster.fake_cluster import ended, ready, running

S = ReplicaState


def _pod(*, is_leaving: bool = False, **status: Any) -> Pod:
    metadata: dict[str, Any] = {
        "name": "p",
        "labels": {"jonar.deployment": "dep_1"},
        "annotations": {"jonar.version": "2"},
    }
    if is_leaving:
        metadata["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    spec = {"containers": [{"name": "service", "ports": [{"containerPort": 9000}]}]}
    return Pod.of({"metadata": metadata, "spec": spec, "status": status})


def test_a_pod_that_runs() -> None:
    """Its address, its container, its version."""
    pod = _pod(podIP="10.1.0.9", phase="Running", conditions=ready(), **running(2))
    assert (pod.deployment, pod.version, pod.url) == ("dep_1", "2", "http://10.1.0.9:9000")
    assert (pod.container, pod.is_ready, pod.restarts, pod.code) == ("c0ffee", True, 2, None)
    assert (pod.trouble, pod.reason) == ("", "")


def test_a_pod_that_was_only_just_made() -> None:
    """Nothing is known of it yet."""
    pod = _pod()
    assert (pod.url, pod.container, pod.is_ready, pod.is_over) == ("", None, False, False)
    assert _pod(podIP="fd00::9").url == "http://[fd00::9]:9000"


def test_how_a_container_ended() -> None:
    """A signal is negative; the end before is another one; why is told where a code does not say it."""
    killed = _pod(**running(state=ended(137, "OOMKilled")))
    assert (killed.code, killed.reason) == (-9, "OOMKilled")
    again = _pod(**running(1, lastState=ended(1)))
    assert (again.code, again.former, again.reason) == (None, 1, "")
    drained = _pod(conditions=[{"type": "DisruptionTarget", "message": "Eviction API: evicting"}])
    assert drained.reason == "Eviction API: evicting"
    evicted = _pod(phase="Failed", reason="Evicted", message="The node was low on resource: memory.")
    assert (evicted.is_over, evicted.reason) == (True, "The node was low on resource: memory.")


@pytest.mark.parametrize(("code", "told"), [(0, 0), (1, 1), (128, 128), (137, -9), (143, -15), (255, 255)])
def test_codes_of_signals(code: int, told: int) -> None:
    """Runtimes add 128."""
    assert exit_code(code) == told


@pytest.mark.parametrize(
    "reason",
    [
        "ImagePullBackOff",
        "ErrImagePull",
        "CrashLoopBackOff",
        "CreateContainerConfigError",
        "InvalidImageName",
    ],
)
def test_what_keeps_a_pod_from_starting(reason: str) -> None:
    """In the cluster's words."""
    assert _pod(**running(state={"waiting": {"reason": reason, "message": "x"}})).trouble == f"{reason}: x"


def test_a_pod_that_no_node_takes() -> None:
    """The scheduler says why; a container that is being made is no trouble."""
    condition = {
        "type": "PodScheduled",
        "status": "False",
        "reason": "Unschedulable",
        "message": "Insufficient cpu",
    }
    assert _pod(conditions=[condition]).trouble == "Unschedulable: Insufficient cpu"
    assert _pod(**running(state={"waiting": {"reason": "ContainerCreating"}})).trouble == ""


def test_a_deployment_without_pods_says_why() -> None:
    """A quota that is used up, usually."""
    failure = {"type": "ReplicaFailure", "status": "True", "message": "exceeded quota"}
    assert cannot_make_pods({"status": {"conditions": [failure]}}) == "exceeded quota"
    assert cannot_make_pods({"status": {"conditions": [{**failure, "status": "False"}]}}) == ""
    assert cannot_make_pods({}) == ""


def test_what_a_deployment_is_to_have() -> None:
    """Also where somebody took the version's mark away: that is another version than any."""
    template: dict[str, Any] = {"metadata": {"annotations": {"jonar.version": "2"}}}
    workload = {"spec": {"replicas": 3, "template": template}}
    assert wish(workload) == (3, "2")
    del template["metadata"]["annotations"]
    assert wish(workload) == (3, "")


def test_what_an_autoscaler_says() -> None:
    """How many, and why; other events tell of something else."""
    message = "New size: 3; reason: cpu resource utilization (percentage of request) above target"
    assert rescaled({"reason": "SuccessfulRescale", "message": message}) == (
        3,
        "cpu resource utilization (percentage of request) above target",
    )
    assert rescaled({"reason": "FailedGetResourceMetric", "message": "no metrics"}) is None
    assert rescaled({"reason": "SuccessfulRescale", "message": None}) is None


def test_a_replica_is_what_its_pod_is() -> None:
    """Ready, not ready any more, asked to end."""
    replica = Replica("p", 0.0, Window(1.0))
    assert not _pod().settle(replica, 1.0)
    assert _pod(podIP="10.1.0.9", conditions=ready()).settle(replica, 2.0)
    assert (replica.state, replica.ready_since, replica.url) == (S.READY, 2.0, "http://10.1.0.9:9000")
    assert not _pod(podIP="10.1.0.9", conditions=ready()).settle(replica, 3.0)
    assert replica.ready_since == 2.0
    states = []
    for pod in (_pod(conditions=ready(is_ready=False)), _pod(is_leaving=True, conditions=ready())):
        assert pod.settle(replica, 4.0)
        states.append(replica.state)
    assert states == [S.UNREADY, S.STOPPING]


looks = st.builds(
    lambda phase, is_leaving, is_ready: _pod(
        phase=phase, is_leaving=is_leaving, conditions=ready(is_ready=is_ready)
    ),
    st.sampled_from(["Pending", "Running", "Failed", "Succeeded", "Unknown"]),
    st.booleans(),
    st.booleans(),
)


@given(st.lists(looks, max_size=12))
def test_no_look_brings_a_replica_back(seen: list[Pod]) -> None:
    """Whatever the cluster tells, in whatever order, a life goes forward."""
    replica, is_over = Replica("p", 0.0, Window(1.0)), False
    for now, pod in enumerate(seen):
        before = replica.state
        assert pod.settle(replica, float(now)) == (replica.state is not before)
        is_over = is_over or pod.is_leaving or pod.is_over
        assert replica.is_live != is_over
        assert (replica.state is S.READY) <= pod.is_ready
