"""Why this exists: what a pod's status says about its component: ready, ended, or why it is not coming. Pure.

The fields are those of a PodStatus (core/v1), as the API server writes them in JSON.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from harness.providers.base import Exit
from harness.providers.kubernetes.manifests.model import main_container

# Reasons for which a container waits that do not go away by waiting (kubelet: pkg/kubelet/images, kuberuntime).
_HOPELESS = {
    "ImagePullBackOff": "its image cannot be pulled",
    "ErrImageNeverPull": "its image is not on the node",
    "InvalidImageName": "its image has no valid name",
    "ImageInspectError": "its image cannot be read",
    "CreateContainerConfigError": "its container cannot be configured",
    "CreateContainerError": "its container cannot be made",
    "RunContainerError": "its container cannot be started",
}
_UNSTARTED = dict.fromkeys(("StartError", "ContainerCannotRun"), "its container cannot be started")
_SIGNALLED = range(129, 160)  # 128 + the signal's number


@dataclass(frozen=True, slots=True)
class Seen:
    """One look at a pod.

    Args:
        name: The pod's.
        uid: What tells it from one of the same name that takes its place.
        container: The name of the component's own of its containers.
        is_ready: Whether it takes connections, by its readiness probe.
        is_running: Whether its container runs, or has run: there is a log.
        ended: How its container has ended by itself, the first time.
        removed: How it has ended because somebody removes the pod.
        hopeless: Why it will never be ready; empty while it may.
        state: What it is doing, for who waits.
    """

    name: str
    uid: str = ""
    container: str = ""
    is_ready: bool = False
    is_running: bool = False
    ended: Exit | None = None
    removed: Exit | None = None
    hopeless: str = ""
    state: str = "no pod yet"


NOTHING = Seen("")


def together(pods: Sequence[Seen], wanted: int) -> Seen:
    """What several pods of one component are as one: the newest speaks for all, and the newest ready one before it.

    Args:
        pods: Those that are there, oldest first.
        wanted: How many have to be ready, for it to be.
    """
    ready = [seen for seen in pods if seen.is_ready]
    coming = [seen for seen in reversed(pods) if not seen.is_ready and seen.removed is None]
    spokesman = next(iter([*reversed(ready), *reversed(pods)]), NOTHING)
    count = f"{len(ready)} of {wanted} pods ready: " if wanted > 1 else ""
    return replace(
        spokesman,
        is_ready=len(ready) >= wanted and bool(ready),
        is_running=any(seen.is_running for seen in pods),
        hopeless=next((seen.hopeless for seen in coming if seen.hopeless), ""),
        state=f"{count}{next(iter(coming), spokesman).state}",
    )


def look(pod: Mapping[str, Any], component: str = "") -> Seen:
    """What the status of one pod says of a component's container in it."""
    status = pod.get("status") or {}
    conditions = {c["type"]: c for c in status.get("conditions") or ()}
    own = str(main_container(pod.get("spec") or {}, component).get("name", ""))
    told = status.get("containerStatuses") or ()  # by name, which is not their order in the pod
    first: Mapping[str, Any] = next(iter(told), {})
    container = next((each for each in told if each.get("name") == own), first)
    is_leaving = (
        "deletionTimestamp" in pod["metadata"]
    )  # it ends because somebody removes it, and may be replaced
    ended = _ended(container)
    hopeless = next(_hopeless(conditions, container), "")
    return Seen(
        name=pod["metadata"]["name"],
        uid=str(pod["metadata"].get("uid", "")),
        container=own,
        is_ready=not is_leaving and conditions.get("Ready", {}).get("status") == "True",
        is_running=ended is not None or "running" in (container.get("state") or {}),
        ended=None if is_leaving else ended,
        removed=ended if is_leaving else None,
        hopeless=hopeless,
        state=hopeless or _state(status, container),
    )


def _ended(container: Mapping[str, Any]) -> Exit | None:
    """The first end counts, although a Deployment's container is started again: in a test it is a finding."""
    return next(
        (_exit(told) for told in _terminations(container) if told.get("reason") not in _UNSTARTED), None
    )


def _terminations(container: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for name in ("state", "lastState"):
        if told := (container.get(name) or {}).get("terminated"):
            yield told


def _exit(terminated: Mapping[str, Any]) -> Exit:
    code = int(terminated.get("exitCode", 0))
    if terminated.get("reason") == "OOMKilled":
        return Exit(-9, "out of memory: raise deploy.resources.limits.memory")
    return Exit(128 - code if code in _SIGNALLED else code)


def _hopeless(conditions: Mapping[str, Any], container: Mapping[str, Any]) -> Iterator[str]:
    scheduled = conditions.get("PodScheduled", {})
    if scheduled.get("status") == "False" and scheduled.get("reason") == "Unschedulable":
        yield f"no node takes it: {scheduled.get('message', 'Unschedulable')}"
    waiting = (container.get("state") or {}).get("waiting") or {}
    for told in (*_terminations(container), waiting):  # why it could not be started is gone by the next try
        reason, words = str(told.get("reason", "")), {**_HOPELESS, **_UNSTARTED}
        if reason in words:
            yield f"{words[reason]} ({reason}): {told.get('message', 'the cluster does not say why')}"


def _state(status: Mapping[str, Any], container: Mapping[str, Any]) -> str:
    waiting = (container.get("state") or {}).get("waiting") or {}
    if waiting:
        return " ".join(
            filter(None, (str(waiting.get("reason", "waiting")), str(waiting.get("message", ""))))
        )
    if "running" in (container.get("state") or {}):
        return "runs, and its readiness probe fails"
    return str(status.get("phase", "Pending"))
