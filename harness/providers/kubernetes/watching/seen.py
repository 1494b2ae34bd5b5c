"""Why this exists: what a pod's status says about its component: ready, ended, or why it is not coming. Pure.

The fields are those of a PodStatus (core/v1), as the API server writes them in JSON.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from harness.providers.base import Exit
from harness.providers.kubernetes.manifests.model import main_container

# Reasons for which a container waits that do not go away by waiting (kubelet: pkg/kubelet/images, kuberuntime).
_IMAGE = {
    "ImagePullBackOff": "cannot be pulled",
    "ErrImageNeverPull": "is not on the node",
    "InvalidImageName": "has no valid name",
    "ImageInspectError": "cannot be read",
}
_CONTAINER = {
    "CreateContainerConfigError": "cannot be configured",
    "CreateContainerError": "cannot be made",
    "RunContainerError": "cannot be started",
}
_UNSTARTED = dict.fromkeys(("StartError", "ContainerCannotRun"), "cannot be started")
_FIRST_PULL = {"ErrImagePull": "cannot be pulled yet"}  # it is tried again: registries have bad moments
_ON_ITS_WAY = {"ContainerCreating", "PodInitializing", "CrashLoopBackOff"}
_UNBOUND = "unbound immediate PersistentVolumeClaims"  # so it begins, too, where a volume is made for each
_UNHEARD = "cache: timed out waiting for the condition"  # of a ConfigMap or Secret; the kubelet asks again
_SIGNALLED = range(129, 160)  # 128 + the signal's number
_KILLED = -9


@dataclass(frozen=True, slots=True)
class Seen:
    """One look at a pod.

    Args:
        name: The pod's.
        uid: What tells it from one of the same name that takes its place.
        speaker: The container whose log is the component's, or says why it ended.
        address: Its own in the cluster's network; empty until it has one.
        is_ready: Whether it takes connections, by its readiness probe.
        is_running: Whether its container runs, or has run: there is a log.
        is_passing: Whether it will go by itself: it is being removed, or runs to its end once.
        is_pulling: Whether an image is being pulled, which takes the time it takes.
        ended: How a container has ended by itself, the first time.
        removed: How it has ended because somebody removes the pod.
        hopeless: Why it will never be ready; empty while it may.
        held: Why it does not go on, and may all the same after a while.
        probed: What a probe of it has met, while it runs and is not ready; empty where nobody has said that.
        state: What it is doing, for who waits.
        claims: The claims to volumes (PVC) that it needs.
        shares_processes: Whether its containers have one namespace of processes, whose first is nobody's.
    """

    name: str
    uid: str = ""
    speaker: str = ""
    address: str = ""
    is_ready: bool = False
    is_running: bool = False
    is_passing: bool = False
    is_pulling: bool = False
    ended: Exit | None = None
    removed: Exit | None = None
    hopeless: str = ""
    held: str = ""
    probed: str = ""
    state: str = "no pod yet"
    claims: tuple[str, ...] = ()
    shares_processes: bool = False


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
    hopeless = next((seen.hopeless for seen in coming if seen.hopeless), "")
    held = next((seen.held for seen in coming if seen.held), "")
    count = f"{len(ready)} of {wanted} pods ready: " if wanted > 1 else ""
    return replace(
        spokesman,
        is_ready=len(ready) >= wanted and bool(ready),
        is_running=any(seen.is_running for seen in pods),
        is_pulling=any(seen.is_pulling for seen in coming),
        hopeless=hopeless,
        held=held,
        probed=next((seen.probed for seen in coming if seen.probed), ""),
        state=f"{count}{hopeless or held or next(iter(coming), spokesman).state}",
    )


@dataclass(frozen=True, slots=True)
class _Container:
    """One of a pod's.

    Args:
        status: Its ContainerStatus.
        called: Its name, for who knows the component only.
        image: What it is made from, in the same words.
        is_main: Whether it is the component itself, for which every end is one.
    """

    status: Mapping[str, Any]
    called: str
    image: str
    is_main: bool

    @property
    def name(self) -> str:
        """As the pod has it."""
        return str(self.status.get("name", ""))

    @property
    def waits(self) -> Mapping[str, Any]:
        """Why it does not run; empty where it does, or has ended."""
        return (self.status.get("state") or {}).get("waiting") or {}

    @property
    def runs(self) -> bool:
        """Now."""
        return "running" in (self.status.get("state") or {})

    @property
    def terminations(self) -> Iterator[Mapping[str, Any]]:
        """How it ended the last time, and the time before."""
        for name in ("state", "lastState"):
            if told := (self.status.get(name) or {}).get("terminated"):
                yield told


def look(pod: Mapping[str, Any], component: str = "") -> Seen:
    """What the status of one pod says of a component in it."""
    status = pod.get("status") or {}
    conditions = {c["type"]: c for c in status.get("conditions") or ()}
    own = str(main_container(pod.get("spec") or {}, component).get("name", component))
    containers = _containers(status, own)
    # it ends because somebody removes it, and may be replaced
    is_leaving = "deletionTimestamp" in pod["metadata"]
    speaker, ended = _ended(containers, status)
    hopeless = next(_hopeless(conditions, containers), "")
    held = "" if hopeless else next(_held(conditions, containers), "")
    return Seen(
        name=pod["metadata"]["name"],
        uid=str(pod["metadata"].get("uid", "")),
        speaker=speaker or next((each.name for each in containers if each.is_main), own),
        address=str(status.get("podIP") or ""),
        is_ready=not is_leaving and conditions.get("Ready", {}).get("status") == "True",
        is_running=ended is not None or any(each.is_main and each.runs for each in containers),
        is_passing=is_leaving or _runs_once(pod),
        ended=None if is_leaving else ended,
        removed=ended if is_leaving else None,
        hopeless=hopeless,
        held=held,
        state=hopeless or held or _state(status, containers),
        claims=_claims(pod),
        shares_processes=bool((pod.get("spec") or {}).get("shareProcessNamespace")),
    )


def _containers(status: Mapping[str, Any], own: str) -> Sequence[_Container]:
    """All of them: the component's own first, then its companions. Statuses come by name, not as in the pod."""
    statuses = list(status.get("containerStatuses") or ())
    main = next((each for each in statuses if each.get("name") == own), next(iter(statuses), None))
    inits = status.get("initContainerStatuses") or ()
    return (
        *([_Container(main, "its container", "its image", is_main=True)] if main is not None else []),
        *(_companion(each, "its container") for each in statuses if each is not main),
        *(_companion(each, "its init container") for each in inits),
    )


def _companion(status: Mapping[str, Any], kind: str) -> _Container:
    called = f"{kind} {status.get('name', '')}"
    return _Container(status, called, f"the image of {called}", is_main=False)


def _ended(containers: Sequence[_Container], status: Mapping[str, Any]) -> tuple[str, Exit | None]:
    """Which container has ended, and how; for the first end, although it may be started again by now."""
    for container in containers:
        for told in container.terminations:
            if told.get("reason") not in _UNSTARTED and (container.is_main or told.get("exitCode")):
                return container.name, _exit(told, container)
    if status.get("phase") == "Failed" and status.get("reason"):  # such as: evicted
        return "", Exit(
            _KILLED, f"{status['reason']}: {status.get('message', 'the cluster does not say why')}"
        )
    return "", None


def _exit(terminated: Mapping[str, Any], container: _Container) -> Exit:
    code = int(terminated.get("exitCode", 0))
    ended = Exit(128 - code if code in _SIGNALLED else code)
    if terminated.get("reason") == "OOMKilled":
        ended = Exit(_KILLED, "out of memory: raise deploy.resources.limits.memory")
    if container.is_main:
        return ended
    return replace(ended, reason=": ".join(filter(None, (container.called, ended.reason))))


def _hopeless(conditions: Mapping[str, Any], containers: Sequence[_Container]) -> Iterator[str]:
    told = _unscheduled(conditions)
    if told and _UNBOUND not in told:
        yield f"no node takes it: {told}"
    for container in containers:
        # why it did not start is gone by the next try
        for told_by in (*container.terminations, container.waits):
            if _UNHEARD in str(told_by.get("message", "")):
                continue
            yield from _in_words(told_by, _IMAGE, container.image)
            yield from _in_words(told_by, _CONTAINER | _UNSTARTED, container.called)


def _held(conditions: Mapping[str, Any], containers: Sequence[_Container]) -> Iterator[str]:
    if told := _unscheduled(conditions):
        yield f"no node takes it yet: {told}"
    for container in containers:
        yield from _in_words(container.waits, _FIRST_PULL, container.image)
        reason = str(container.waits.get("reason", ""))
        if reason and reason not in _ON_ITS_WAY:
            yield " ".join(
                filter(None, (f"{container.called} waits: {reason}", container.waits.get("message")))
            )


def _in_words(told: Mapping[str, Any], words: Mapping[str, str], subject: str) -> Iterator[str]:
    reason = str(told.get("reason", ""))
    if reason in words:
        yield f"{subject} {words[reason]} ({reason}): {told.get('message', 'the cluster does not say why')}"


def _unscheduled(conditions: Mapping[str, Any]) -> str:
    """Why no node takes it, in the scheduler's words; empty where one does."""
    scheduled = conditions.get("PodScheduled", {})
    if scheduled.get("status") == "False" and scheduled.get("reason") == "Unschedulable":
        return str(scheduled.get("message", "Unschedulable"))
    return ""


def _state(status: Mapping[str, Any], containers: Sequence[_Container]) -> str:
    for container in containers:
        if container.runs:
            return "runs, and its readiness probe fails" if container.is_main else f"{container.called} runs"
    waiting = next((each.waits["reason"] for each in containers if each.waits.get("reason")), None)
    return str(waiting or status.get("phase", "Pending"))


def _runs_once(pod: Mapping[str, Any]) -> bool:
    """Whether it is on its way to its end, and has not come there."""
    is_over = (pod.get("status") or {}).get("phase") in {"Succeeded", "Failed"}
    return not is_over and (pod.get("spec") or {}).get("restartPolicy", "Always") != "Always"


def _claims(pod: Mapping[str, Any]) -> tuple[str, ...]:
    volumes = (pod.get("spec") or {}).get("volumes") or ()
    claimed = (volume.get("persistentVolumeClaim") for volume in volumes)
    return tuple(str(claim["claimName"]) for claim in claimed if claim)
