"""Why this exists: what no pod's status says is in the cluster's events: why there is no pod, what a probe met. Pure.

The fields are those of an Event (core/v1); which reasons there are is in k8s.io/kubernetes/pkg/kubelet/events and
pkg/controller.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import Any

from harness.providers.base import Exit
from harness.providers.kubernetes.watching.seen import Seen


class Topic(Enum):
    """What a note is about; a later one of the same object replaces it."""

    MAKING = auto()  # the pod: there is none
    MOUNTING = auto()
    PULLING = auto()
    READINESS = auto()
    LIVENESS = auto()
    KILLING = auto()  # because of a probe


@dataclass(frozen=True, slots=True)
class Note:
    """What one event says of one object.

    Args:
        kind: The object's: Pod, ReplicaSet, …
        name: The object's.
        topic: What it is about.
        words: What to tell; empty where it is over.
        is_final: Whether waiting does not change it.
        needs_room: Whether it changes when other pods have gone.
    """

    kind: str
    name: str
    topic: Topic
    words: str
    is_final: bool = False
    needs_room: bool = False


# What is tried again and again, and is refused again and again (admission plugins of the API server).
_REFUSED = re.compile(
    r"violates PodSecurity|must specify|(maximum|minimum) .* usage per|denied the request|Invalid value"
    r"|unable to validate against any security context constraint"
)
_NO_ROOM = "exceeded quota"
_LACKING = re.compile(
    r'(secret|configmap|persistentvolumeclaim) "[^"]*" not found|non-existent|type check failed'
)
_UNBINDABLE = re.compile(r'no storage class is set|storageclass\S* "[^"]*" not found')
_REPEATED = re.compile(r"^\(combined from similar events\): ")
_FAILED_PROBE = re.compile(r"failed (liveness|startup) probe")


def read(event: Mapping[str, Any]) -> Note | None:
    """What an event says; None for one that changes nothing for who waits."""
    about = event.get("involvedObject") or {}
    told = _REPEATED.sub("", str(event.get("message", ""))).strip()
    reader = _READERS.get(str(event.get("reason", "")))
    return reader(str(about.get("kind", "")), str(about.get("name", "")), told) if reader else None


def _not_made(kind: str, name: str, told: str) -> Note:
    words = f"its pod cannot be made: {told.removeprefix('Error creating: ')}"
    is_full = _NO_ROOM in told
    is_final = is_full or _REFUSED.search(told) is not None
    return Note(kind, name, Topic.MAKING, words, is_final=is_final, needs_room=is_full)


def _not_mounted(kind: str, name: str, told: str) -> Note:
    words = f"its container cannot be made: {told}"
    return Note(kind, name, Topic.MOUNTING, words, is_final=_LACKING.search(told) is not None)


def _not_bound(kind: str, name: str, told: str) -> Note:
    words = f"its volume claim {name} is not bound: {told}"
    return Note(kind, name, Topic.MOUNTING, words, is_final=_UNBINDABLE.search(told) is not None)


def _probed(kind: str, name: str, told: str) -> Note:
    words = f"its {told[:1].lower()}{told[1:]}".rstrip(": ")
    return Note(kind, name, Topic.READINESS if words.startswith("its readiness") else Topic.LIVENESS, words)


def _killed(kind: str, name: str, told: str) -> Note | None:
    probe = _FAILED_PROBE.search(told)
    return Note(kind, name, Topic.KILLING, f"its {probe[1]} probe failed") if probe else None


def _pulls(kind: str, name: str, told: str) -> Note:
    return Note(kind, name, Topic.PULLING, told[:1].lower() + told[1:])


def _pulled(kind: str, name: str, _told: str) -> Note:
    return Note(kind, name, Topic.PULLING, "")


_READERS: Mapping[str, Callable[[str, str, str], Note | None]] = {
    "FailedCreate": _not_made,
    "FailedMount": _not_mounted,
    "FailedAttachVolume": _not_mounted,
    "FailedCreatePodSandBox": _not_mounted,
    "FailedBinding": _not_bound,
    "ProvisioningFailed": _not_bound,
    "Unhealthy": _probed,
    "Killing": _killed,
    "Pulling": _pulls,
    "Pulled": _pulled,
    "Failed": _pulled,
}


class Notes:
    """What was told of one component's objects."""

    def __init__(self) -> None:
        self._notes: dict[tuple[str, str, Topic], Note] = {}

    def add(self, note: Note) -> None:
        """In place of what was told of it before."""
        self._notes[note.kind, note.name, note.topic] = note

    def forget(self, topic: Topic | None = None) -> None:
        """What was told of a topic, or everything."""
        self._notes = {key: note for key, note in self._notes.items() if topic not in (None, note.topic)}

    def laid_over(self, seen: Seen) -> Seen:
        """A look at a pod, or at nothing, with what else is known."""
        if not seen.name:
            return self._held(seen, *(note for note in self._notes.values() if note.topic is Topic.MAKING))
        if seen.ended is not None:
            return replace(seen, ended=self._explained(seen.name, seen.ended))
        if not seen.is_running:
            claims = (self._of(claim, Topic.MOUNTING, "PersistentVolumeClaim") for claim in seen.claims)
            held = self._held(seen, self._of(seen.name, Topic.MOUNTING), *claims)
            return self._pulling(held)
        probed = self._of(seen.name, Topic.READINESS) or self._of(seen.name, Topic.LIVENESS)
        if probed is None or seen.is_ready or seen.hopeless:
            return seen
        words = f"runs, and {probed.words}"
        return replace(seen, state=words, probed=words)

    def _of(self, name: str, topic: Topic, kind: str = "Pod") -> Note | None:
        return self._notes.get((kind, name, topic))

    def _held(self, seen: Seen, *notes: Note | None) -> Seen:
        """By the first that waiting does not change, else by the first."""
        told = sorted((note for note in notes if note is not None), key=lambda note: not note.is_final)
        if not told or seen.hopeless:
            return seen
        words = told[0].words
        return replace(seen, held=words, hopeless=words if told[0].is_final else "", state=words)

    def _pulling(self, seen: Seen) -> Seen:
        note = self._of(seen.name, Topic.PULLING)
        if note is None or not note.words or seen.held or seen.hopeless:
            return seen
        return replace(seen, is_pulling=True, state=note.words)

    def _explained(self, name: str, ended: Exit) -> Exit:
        killed = self._of(name, Topic.KILLING)
        if killed is None or ended.reason:
            return ended
        return replace(ended, reason=(self._of(name, Topic.LIVENESS) or killed).words)
