"""Why this exists: what the cluster's objects say of a deployment and its replicas, in Jonar's words. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from jonar.cluster.objects import DEPLOYMENT, VERSION
from jonar.deployments import Replica, ReplicaState

_PORT = 8000
_SIGNALLED = range(129, 160)  # 128 + the signal's number, as container runtimes have it
_ENDED = ("Failed", "Succeeded")
# What a container waits for that does not come by itself; others, such as ContainerCreating, are its way to start.
_TROUBLE = re.compile(r"BackOff$|^Err|Error$|Invalid")
_RESCALED = re.compile(r"New size: (?P<size>\d+); reason: (?P<reason>.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Pod:
    """One look at a pod that is a replica.

    Args:
        deployment: The deployment's id.
        url: Where Jonar reaches it; empty until it has an address.
        container: The id of its container, without the runtime's name.
        is_leaving: Somebody asked it to end.
        is_over: It has ended, and is not started again.
        restarts: How often its container was started again.
        code: How its container has ended, negative for a signal; None while it runs, or where that was not told.
        former: How the container before that ended, if this one was started again.
        reason: Why it ended or is to end, in the cluster's words; empty where those say nothing.
        trouble: What keeps it from starting, in the cluster's words; empty where nothing does.
    """

    name: str
    deployment: str
    version: str
    url: str
    container: str | None
    is_ready: bool
    is_leaving: bool
    is_over: bool
    restarts: int
    code: int | None
    former: int | None
    reason: str
    trouble: str

    @classmethod
    def of(cls, pod: Mapping[str, Any]) -> Self:
        """From the API's object."""
        metadata, status = pod["metadata"], pod.get("status", {})
        states: Sequence[Mapping[str, Any]] = status.get("containerStatuses") or ()
        ends, formers = _ends(states, "state"), _ends(states, "lastState")
        container = str(states[0].get("containerID", "")) if states else ""
        return cls(
            name=metadata["name"],
            deployment=metadata["labels"][DEPLOYMENT],
            version=metadata.get("annotations", {}).get(VERSION, ""),
            url=_url(pod["spec"], status.get("podIP")),
            container=container.rpartition("/")[2] or None,
            is_ready=_condition(status, "Ready").get("status") == "True",
            is_leaving="deletionTimestamp" in metadata,
            is_over=status.get("phase") in _ENDED,
            restarts=sum(int(state.get("restartCount", 0)) for state in states),
            code=next((exit_code(int(end["exitCode"])) for end in ends), None),
            former=next((exit_code(int(end["exitCode"])) for end in formers), None),
            reason=_reason(status, ends or formers),
            trouble=_trouble(status, states),
        )

    def settle(self, replica: Replica, now: float) -> bool:
        """Note on its replica what is seen; whether it is in another state than before."""
        before = replica.state
        replica.url, replica.container = self.url, self.container
        if self.is_over:
            _change(replica, ReplicaState.EXITED, now)
        elif self.is_leaving:
            _change(replica, ReplicaState.STOPPING, now)
        elif self.is_ready:
            _change(replica, ReplicaState.READY, now)
        elif replica.state is ReplicaState.READY:
            _change(replica, ReplicaState.UNREADY, now)
        return replica.state is not before


def _change(replica: Replica, state: ReplicaState, now: float) -> None:
    """Nothing comes back: an old object that arrives late changes nothing."""
    if replica.is_live and replica.state is not state:
        replica.change(state, now)


def rescaled(event: Mapping[str, Any]) -> tuple[int, str] | None:
    """The number of replicas that a HorizontalPodAutoscaler's event tells of, and why; None for any other event."""
    match = (
        _RESCALED.match(event.get("message") or "") if event.get("reason") == "SuccessfulRescale" else None
    )
    return (int(match["size"]), match["reason"]) if match else None


def wish(workload: Mapping[str, Any]) -> tuple[int, str]:
    """The replicas and the version that a Deployment of Jonar's is to have."""
    annotations = workload["spec"]["template"]["metadata"].get("annotations", {})
    return int(workload["spec"]["replicas"]), annotations.get(VERSION, "")


def cannot_make_pods(workload: Mapping[str, Any]) -> str:
    """Why a Deployment gets no pods at all, such as a quota that is used up; empty where it does."""
    failure = _condition(workload.get("status", {}), "ReplicaFailure")
    return str(failure.get("message", "")) if failure.get("status") == "True" else ""


def exit_code(code: int) -> int:
    """Runtimes have 128 + n for signal n; here, as in subprocess, it is -n."""
    return 128 - code if code in _SIGNALLED else code


def _url(spec: Mapping[str, Any], address: str | None) -> str:
    if not address:
        return ""
    ports = [port["containerPort"] for container in spec["containers"] for port in container.get("ports", ())]
    host = f"[{address}]" if ":" in address else address
    return f"http://{host}:{ports[0] if ports else _PORT}"


def _condition(status: Mapping[str, Any], type_: str) -> Mapping[str, Any]:
    conditions = status.get("conditions") or ()
    return next((condition for condition in conditions if condition["type"] == type_), {})


def _ends(states: Sequence[Mapping[str, Any]], which: str) -> list[Mapping[str, Any]]:
    """How containers ended: now (`state`), or before they were started again (`lastState`)."""
    ends = (state.get(which, {}).get("terminated") for state in states)
    return [end for end in ends if end]


def _reason(status: Mapping[str, Any], ends: Sequence[Mapping[str, Any]]) -> str:
    """An eviction, a drain, too much memory; that a program ended with an error is what its code says already."""
    disrupted = _condition(status, "DisruptionTarget").get("message")
    told = disrupted or status.get("message") or next((end.get("reason") for end in ends), None)
    return "" if told in (None, "Error", "Completed") else str(told)


def _trouble(status: Mapping[str, Any], states: Sequence[Mapping[str, Any]]) -> str:
    scheduled = _condition(status, "PodScheduled")
    if scheduled.get("reason") == "Unschedulable":
        return f"Unschedulable: {scheduled.get('message', '')}"
    for state in states:
        waiting = state.get("state", {}).get("waiting") or {}
        if _TROUBLE.search(waiting.get("reason") or ""):
            return f"{waiting['reason']}: {waiting.get('message', '')}"
    return ""
