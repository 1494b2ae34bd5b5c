"""Why this exists: the cluster tells what becomes of pods, at once; nobody has to ask again and again."""

import asyncio
import signal
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from harness.core.errors import EnvironmentFailedError
from harness.providers.base import Exit
from harness.providers.kubernetes.generated.objects import COMPONENT
from harness.providers.kubernetes.watching.listening import Listening, Object
from harness.providers.kubernetes.watching.notes import Note, Notes, Topic, read
from harness.providers.kubernetes.watching.seen import NOTHING, Seen, look, together

if TYPE_CHECKING:
    from kubernetes.client import CoreV1Api


class Watched:
    """What was last seen of one component's pods, which `wanted` are to be. For the loop's thread only."""

    def __init__(self) -> None:
        self.seen = NOTHING
        self.wanted = 1
        self.removed: Exit | None = None
        self.ended: asyncio.Future[Exit] = asyncio.get_running_loop().create_future()
        self._pods: dict[str, Seen] = {}
        self._notes = Notes()
        self._changed = asyncio.Event()

    @property
    def pods(self) -> AbstractSet[str]:
        """The names of those that are there."""
        return self._pods.keys()

    @property
    def each(self) -> tuple[Seen, ...]:
        """What is seen of each that is there, oldest first."""
        return tuple(self._pods.values())

    @property
    def is_any_passing(self) -> bool:
        """Whether one of them will go by itself."""
        return any(seen.is_passing for seen in self.each)

    async def until(self, holds: Callable[[Seen], bool]) -> Seen:
        """What is seen once that holds of it."""
        while not holds(self.seen):
            self._changed.clear()
            await self._changed.wait()
        return self.seen

    def renew(self, wanted: int) -> None:
        """It is started again, with so many pods: the next end is another one, and what was told so far is over."""
        self.ended, self.removed = asyncio.get_running_loop().create_future(), None
        self.wanted = wanted
        self._notes.forget()
        self._look_again()

    def take(self, name: str, seen: Seen | None) -> None:
        """A pod is so now; None when it is gone."""
        self.removed = (seen and seen.removed) or self.removed
        if seen is not None:
            self._pods[name] = seen
            self._judge(self._notes.laid_over(seen))
        else:
            self._pods.pop(name, None)
        if not self._are_missing:
            self._notes.forget(Topic.MAKING)
        self._look_again()

    def note(self, note: Note) -> None:
        """Something was told that is in no pod's status."""
        self._notes.add(note)
        self._look_again()
        self._judge(self.seen)

    @property
    def _are_missing(self) -> bool:
        return len(self._pods) < self.wanted

    def _look_again(self) -> None:
        missing = [NOTHING] if self._are_missing else []  # before all others: any that is there speaks first
        self.seen = together([self._notes.laid_over(seen) for seen in (*missing, *self.each)], self.wanted)
        self._changed.set()

    def _judge(self, seen: Seen) -> None:
        if self.ended.done():
            return
        if seen.ended is not None:
            self.ended.set_result(seen.ended)
        elif seen.hopeless:
            self.ended.set_exception(EnvironmentFailedError(f"it cannot start: {seen.hopeless}"))
            self.ended.exception()  # seen: not everybody waits for every end


class Pods:
    """Watches all pods of a namespace, and its events. To be opened before the first is made.

    Args:
        core: The client; its calls block.
        namespace: Whose pods.
        loop: What `Watched` values live in.
    """

    def __init__(self, core: "CoreV1Api", namespace: str, loop: asyncio.AbstractEventLoop) -> None:
        self._watched: dict[str, Watched] = defaultdict(Watched)
        self._early: dict[str, list[Note]] = defaultdict(list)
        self._heard: dict[str, str] = {}
        self._listening = (
            Listening(core.list_namespaced_pod, namespace, loop, self._replace, self._take),
            Listening(core.list_namespaced_event, namespace, loop, self._hear_all, self._hear),
        )

    def of(self, component: str) -> Watched:
        """What is seen of a component's pod."""
        return self._watched[component]

    def renew(self, component: str, wanted: int = 1) -> None:
        """It is started again, with so many pods: the next end is another one."""
        self._watched[component].renew(wanted)

    def close(self) -> None:
        """Stop watching; whatever has not ended has now. Idempotent."""
        for watched in self._watched.values():
            if not watched.ended.done():
                watched.ended.set_result(watched.removed or Exit(-signal.SIGKILL))
        for listening in self._listening:
            listening.close()

    def _replace(self, pods: Sequence[Object]) -> None:
        there = {pod["metadata"]["name"] for pod in pods}
        for watched in self._watched.values():
            for name in watched.pods - there:
                watched.take(name, None)
        for pod in sorted(pods, key=lambda pod: str(pod["metadata"].get("creationTimestamp"))):
            self._take(pod, is_gone=False)

    def _take(self, pod: Object, is_gone: bool) -> None:
        name = pod["metadata"]["name"]
        component = (pod["metadata"].get("labels") or {}).get(COMPONENT)
        early = self._early.pop(name, ())
        if component is None:
            return
        watched = self._watched[component]
        watched.take(name, None if is_gone else look(pod, component))
        for note in early:
            watched.note(note)

    def _hear_all(self, events: Sequence[Object]) -> None:
        for event in events:
            self._hear(event, is_gone=False)

    def _hear(self, event: Object, is_gone: bool) -> None:
        """Take what an event says, once: it may be listed again when it is long over."""
        uid, version = _which(event["metadata"])
        if is_gone or self._heard.get(uid) == version:
            return
        self._heard[uid] = version
        note = read(event)
        if note is None:
            return
        if note.needs_room and any(watched.is_any_passing for watched in self._watched.values()):
            note = replace(note, is_final=False)
        self._tell(note)

    def _tell(self, note: Note) -> None:
        """Tell whom it concerns: a pod's is known by its label, and may be told of before it is seen."""
        if note.kind == "PersistentVolumeClaim":
            concerned = list(self._watched.values())
        elif note.kind == "Pod":
            concerned = [watched for watched in self._watched.values() if note.name in watched.pods]
            if not concerned:
                self._early[note.name].append(note)
        else:  # of a Deployment's ReplicaSet, the name ends with a hash
            names = (note.name.rpartition("-")[0],) if note.kind == "ReplicaSet" else (note.name,)
            concerned = [self._watched[name] for name in names if name in self._watched]
        for watched in concerned:
            watched.note(note)


def _which(metadata: Mapping[str, Any]) -> tuple[str, str]:
    return str(metadata.get("uid")), str(metadata.get("resourceVersion"))
