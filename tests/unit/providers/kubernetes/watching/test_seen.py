"""What a pod's status says is told as soon as the cluster knows it, and an end that somebody wanted is none."""

from dataclasses import replace
from typing import Any

import pytest

from harness.providers.base import Exit
from harness.providers.kubernetes.watching.seen import NOTHING, Seen, look, together
from tests.unit.providers.kubernetes.recorded import recorded_pod

RUNNING = {"state": {"running": {"startedAt": "2026-01-01T00:00:00Z"}}}


def pod(
    *containers: dict[str, Any], is_leaving: bool = False, **conditions: dict[str, str]
) -> dict[str, Any]:
    """As the API server writes one."""
    metadata = {"name": "web-1"} | ({"deletionTimestamp": "2026-01-01T00:00:00Z"} if is_leaving else {})
    told = [{"type": kind, **fields} for kind, fields in conditions.items()]
    return {
        "metadata": metadata,
        "status": {"phase": "Pending", "conditions": told, "containerStatuses": [*containers]},
    }


def test_one_that_was_just_made() -> None:
    """Nothing is known of it but its phase."""
    seen = look({"metadata": {"name": "web-1"}, "status": {"phase": "Pending"}})
    assert (seen.name, seen.is_ready, seen.is_running, seen.ended, seen.state) == (
        "web-1",
        False,
        False,
        None,
        "Pending",
    )


def test_one_that_runs_and_is_not_ready() -> None:
    """Which is what who waits for it wants to know."""
    seen = look(pod(RUNNING, Ready={"status": "False"}))
    assert (seen.is_running, seen.is_ready, seen.state) == (
        True,
        False,
        "runs, and its readiness probe fails",
    )


def test_one_that_is_ready() -> None:
    """By the condition that Services go by, too."""
    assert look(pod(RUNNING, Ready={"status": "True"})).is_ready


@pytest.mark.parametrize(
    ("terminated", "ended"),
    [
        ({"exitCode": 0, "reason": "Completed"}, Exit(0)),
        ({"exitCode": 3, "reason": "Error"}, Exit(3)),
        ({"exitCode": 143, "reason": "Error"}, Exit(-15)),
        (
            {"exitCode": 137, "reason": "OOMKilled"},
            Exit(-9, "out of memory: raise deploy.resources.limits.memory"),
        ),
    ],
)
@pytest.mark.parametrize("state", ["state", "lastState"])
def test_one_that_has_ended(state: str, terminated: dict[str, Any], ended: Exit) -> None:
    """Also when its container runs again by now."""
    seen = look(pod({"state": RUNNING["state"], state: {"terminated": terminated}}))
    assert seen.ended == ended


def test_one_that_is_being_removed() -> None:
    """Takes no new connections, and its end is what was asked for."""
    ended = {"state": {"terminated": {"exitCode": 143, "reason": "Error"}}}
    seen = look(pod(ended, is_leaving=True, Ready={"status": "True"}))
    assert (seen.is_ready, seen.ended, seen.removed) == (False, None, Exit(-15))


def test_one_whose_program_is_not_there() -> None:
    """Has not ended: it never began."""
    refused = {"exitCode": 128, "reason": "StartError", "message": "no such file"}
    for state in ("state", "lastState"):
        seen = look(pod({state: {"terminated": refused}}))
        assert (seen.ended, seen.hopeless) == (
            None,
            "its container cannot be started (StartError): no such file",
        )


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        ("ImagePullBackOff", "its image cannot be pulled (ImagePullBackOff): not found"),
        ("ErrImageNeverPull", "its image is not on the node (ErrImageNeverPull): not found"),
        (
            "CreateContainerConfigError",
            "its container cannot be configured (CreateContainerConfigError): not found",
        ),
    ],
)
def test_one_that_will_never_start(reason: str, told: str) -> None:
    """The reason is the cluster's own word, which can be looked up."""
    assert look(pod({"state": {"waiting": {"reason": reason, "message": "not found"}}})).hopeless == told


@pytest.mark.parametrize("kind", ["configmap", "secret"])
def test_a_node_that_has_not_heard_yet_asks_again(kind: str) -> None:
    """What its container is told is there; a busy API server did not say so in time."""
    late = f"failed to sync {kind} cache: timed out waiting for the condition"
    seen = look(pod({"state": {"waiting": {"reason": "CreateContainerConfigError", "message": late}}}))
    assert (seen.hopeless, seen.held) == (
        "",
        f"its container waits: CreateContainerConfigError {late}",
    )


def test_one_that_no_node_takes() -> None:
    """The scheduler says why."""
    unscheduled = {"status": "False", "reason": "Unschedulable", "message": "0/1 nodes: Insufficient memory"}
    assert look(pod(PodScheduled=unscheduled)).hopeless == "no node takes it: 0/1 nodes: Insufficient memory"


def test_one_that_waits_is_not_given_up() -> None:
    """A first pull that failed is tried again."""
    seen = look(pod({"state": {"waiting": {"reason": "ErrImagePull", "message": "timeout"}}}))
    told = "its image cannot be pulled yet (ErrImagePull): timeout"
    assert (seen.hopeless, seen.held, seen.state) == ("", told, told)


@pytest.mark.parametrize(
    ("name", "hopeless"),
    [
        ("pull failed again", "its image cannot be pulled (ImagePullBackOff): Back-off pulling image"),
        ("no room", "no node takes it: 0/1 nodes are available: 1 Insufficient memory."),
        ("no claim", 'no node takes it: 0/1 nodes are available: persistentvolumeclaim "nosuch" not found.'),
        ("no secret for variables", '(CreateContainerConfigError): secret "nosuch" not found'),
        (
            "init pull failed again",
            "the image of its init container migrate cannot be pulled (ImagePullBackOff): Back-off pulling",
        ),
    ],
)
def test_what_a_cluster_said_of_one_that_never_starts(name: str, hopeless: str) -> None:
    """In its own words, with what that is about."""
    seen = look(recorded_pod(name))
    assert hopeless in seen.hopeless
    assert (seen.state, seen.held, seen.is_running) == (seen.hopeless, "", False)


@pytest.mark.parametrize(
    ("name", "held"),
    [
        (
            "first pull failed",
            "its image cannot be pulled yet (ErrImagePull): failed to pull and unpack image",
        ),
        (
            "init first pull failed",
            "the image of its init container migrate cannot be pulled yet (ErrImagePull)",
        ),
        (
            "claim not bound",
            "no node takes it yet: 0/1 nodes are available: pod has unbound immediate Persist",
        ),
    ],
)
def test_what_a_cluster_said_of_one_that_may_still_come(name: str, held: str) -> None:
    """A registry answers the next time, and a volume is made for a claim."""
    seen = look(recorded_pod(name))
    assert held in seen.held
    assert (seen.state, seen.hopeless) == (seen.held, "")


@pytest.mark.parametrize(
    ("name", "ended", "speaker"),
    [
        ("crashed", Exit(3), "crash"),
        ("crash loop", Exit(3), "crash"),
        ("liveness failed", Exit(-9), "live"),
        ("out of memory", Exit(-9, "out of memory: raise deploy.resources.limits.memory"), "oom"),
        ("init failed", Exit(4, "its init container migrate"), "migrate"),
    ],
)
def test_what_a_cluster_said_of_one_that_ended(name: str, ended: Exit, speaker: str) -> None:
    """And whose log says why."""
    seen = look(recorded_pod(name))
    assert (seen.ended, seen.speaker, seen.is_running) == (ended, speaker, True)


@pytest.mark.parametrize(
    ("name", "state"),
    [
        ("just made", "Pending"),
        ("no secret to mount", "ContainerCreating"),
        ("init waits", "PodInitializing"),
        ("not ready", "runs, and its readiness probe fails"),
    ],
)
def test_what_a_cluster_said_of_one_on_its_way(name: str, state: str) -> None:
    """Nothing holds it, as far as its status says."""
    seen = look(recorded_pod(name))
    assert (seen.state, seen.held, seen.hopeless, seen.ended) == (state, "", "", None)


def test_claims_are_known_by_name() -> None:
    """What becomes of them is told of them, not of the pod."""
    assert look(recorded_pod("claim not bound")).claims == ("unbound",)


def test_the_component_is_the_container_of_its_name() -> None:
    """A companion that ends in order is nobody's concern; one that fails is."""
    helper: dict[str, Any] = {"name": "a-helper", "state": {"terminated": {"exitCode": 0}}}
    told = pod(helper, {"name": "web", **RUNNING}, Ready={"status": "True"})
    seen = look(told, "web")
    assert (seen.ended, seen.speaker, seen.is_ready) == (None, "web", True)
    helper["state"]["terminated"]["exitCode"] = 1
    assert look(told, "web").ended == Exit(1, "its container a-helper")


def test_an_init_container_that_runs_is_what_is_waited_for() -> None:
    """And when it has ended in order, it is over."""
    told = pod({"name": "web", "state": {"waiting": {"reason": "PodInitializing"}}})
    told["status"]["initContainerStatuses"] = [{"name": "migrate", **RUNNING}]
    assert (look(told).state, look(told).is_running) == ("its init container migrate runs", False)
    told["status"]["initContainerStatuses"] = [{"name": "migrate", "state": {"terminated": {"exitCode": 0}}}]
    assert look(told).ended is None


def test_one_that_is_evicted_has_ended() -> None:
    """Its container may never have begun; the node says why."""
    evicted = {"phase": "Failed", "reason": "Evicted", "message": "The node was low on memory."}
    seen = look({"metadata": {"name": "web-1"}, "status": evicted})
    assert seen.ended == Exit(-9, "Evicted: The node was low on memory.")


def test_one_that_goes_by_itself() -> None:
    """What is being removed, and a job that is not over: they give room to others."""
    assert look(pod(RUNNING, is_leaving=True)).is_passing
    once = pod(RUNNING) | {"spec": {"restartPolicy": "Never"}}
    assert look(once).is_passing
    once["status"]["phase"] = "Succeeded"
    assert not look(once).is_passing
    assert not look(recorded_pod("not ready")).is_passing


def test_the_container_of_the_component_counts() -> None:
    """Statuses come by name: a container beside it may be the first of them, and may end in order."""
    two = pod({"name": "a-proxy", "state": {"terminated": {"exitCode": 0}}}, {"name": "main", **RUNNING})
    for own in ("web", "main"):
        told = {**two, "spec": {"containers": [{"name": own}, {"name": "a-proxy"}]}}
        told["status"] = {
            **two["status"],
            "containerStatuses": [two["status"]["containerStatuses"][0], {"name": own, **RUNNING}],
        }
        seen = look(told, "web")
        assert (seen.speaker, seen.is_running, seen.ended) == (own, True, None)


def ready(name: str) -> Seen:
    """A pod that is."""
    return Seen(name, is_ready=True, is_running=True, state="ready")


def coming(name: str, hopeless: str = "") -> Seen:
    """A pod that is not yet, or never will be."""
    return Seen(name, is_running=True, hopeless=hopeless, state=hopeless or "starts")


def test_several_pods_are_ready_when_all_wanted_ones_are() -> None:
    """Until then it is told how many are, and what the newest of the others does."""
    seen = together([ready("web-1"), coming("web-2")], 2)
    assert (seen.is_ready, seen.is_running, seen.state) == (False, True, "1 of 2 pods ready: starts")
    assert together([ready("web-1"), ready("web-2")], 2).is_ready
    assert together([ready("web-1"), coming("web-2")], 1).is_ready
    assert together([], 2).state == "0 of 2 pods ready: no pod yet"


def test_a_ready_pod_speaks_for_all() -> None:
    """It is the one that connections go to; where there is none, the newest does."""
    assert together([ready("web-1"), coming("web-2")], 2).name == "web-1"
    assert together([ready("web-1"), ready("web-2"), coming("web-3")], 3).name == "web-2"
    assert together([coming("web-1"), coming("web-2")], 2).name == "web-2"
    assert together([], 1) == NOTHING


def test_one_of_several_that_never_comes_is_told() -> None:
    """Whichever it is; but not what one did that somebody removed."""
    assert together([ready("web-1"), coming("web-2", "no image"), coming("web-3")], 3).hopeless == "no image"
    leaving = Seen("web-1", removed=Exit(1), hopeless="no image")
    assert not together([leaving, coming("web-2")], 1).hopeless


def test_what_holds_one_of_several_is_told() -> None:
    """Before what the others do; but after that one of them will never come, which is worse."""
    held = replace(coming("web-2"), held="no node takes it yet", is_pulling=True)
    seen = together([ready("web-1"), held, coming("web-3")], 3)
    assert (seen.held, seen.is_pulling) == ("no node takes it yet", True)
    assert seen.state == "1 of 3 pods ready: no node takes it yet"
    seen = together([held, coming("web-3", "no image")], 2)
    assert (seen.hopeless, seen.state) == ("no image", "0 of 2 pods ready: no image")
