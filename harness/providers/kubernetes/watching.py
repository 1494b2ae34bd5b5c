"""Why this exists: the cluster tells what becomes of pods, at once; nobody has to ask again and again."""

import asyncio
import contextlib
import json
import signal
import threading
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import partial
from typing import TYPE_CHECKING, Any, ParamSpec

from harness.core.errors import EnvironmentFailedError
from harness.providers.base import Exit
from harness.providers.kubernetes.objects import COMPONENT
from harness.providers.kubernetes.seen import NOTHING, Seen, look, together
from harness.providers.kubernetes.streams import lines_of

if TYPE_CHECKING:
    from kubernetes.client import CoreV1Api

P = ParamSpec("P")


class Watched:
    """What was last seen of one component's pods, which `wanted` are to be. For the loop's thread only."""

    def __init__(self) -> None:
        self.seen = NOTHING
        self.wanted = 1
        self.removed: Exit | None = None
        self.ended: asyncio.Future[Exit] = asyncio.get_running_loop().create_future()
        self._pods: dict[str, Seen] = {}
        self._changed = asyncio.Event()

    @property
    def pods(self) -> AbstractSet[str]:
        """The names of those that are there."""
        return self._pods.keys()

    @property
    def each(self) -> tuple[Seen, ...]:
        """What is seen of each that is there, oldest first."""
        return tuple(self._pods.values())

    async def until(self, holds: Callable[[Seen], bool]) -> Seen:
        """What is seen once that holds of it."""
        while not holds(self.seen):
            self._changed.clear()
            await self._changed.wait()
        return self.seen

    def take(self, name: str, seen: Seen | None) -> None:
        """A pod is so now; None when it is gone."""
        self.removed = (seen and seen.removed) or self.removed
        if seen is not None:
            self._pods[name] = seen
        else:
            self._pods.pop(name, None)
        self.seen = together(self.each, self.wanted)
        if not self.ended.done() and seen is not None:
            self._judge(seen)
        self._changed.set()

    def _judge(self, seen: Seen) -> None:
        if seen.ended is not None:
            self.ended.set_result(seen.ended)
        elif seen.hopeless:
            self.ended.set_exception(EnvironmentFailedError(f"it cannot start: {seen.hopeless}"))
            self.ended.exception()  # seen: not everybody waits for every end


class Pods:
    """Watches all pods of a namespace, in a thread. To be opened before the first is made.

    Args:
        core: The client; its calls block.
        namespace: Whose pods.
        loop: What `Watched` values live in.
    """

    def __init__(self, core: "CoreV1Api", namespace: str, loop: asyncio.AbstractEventLoop) -> None:
        self._core = core
        self._namespace = namespace
        self._loop = loop
        self._watched: dict[str, Watched] = defaultdict(Watched)
        self._is_closed = False
        self._response: Any = None
        threading.Thread(target=self._listen, name="cluster watch", daemon=True).start()

    def of(self, component: str) -> Watched:
        """What is seen of a component's pod."""
        return self._watched[component]

    def renew(self, component: str, wanted: int = 1) -> None:
        """It is started again, with so many pods: the next end is another one."""
        watched = self._watched[component]
        watched.ended, watched.removed, watched.wanted = self._loop.create_future(), None, wanted

    def close(self) -> None:
        """Stop watching; whatever has not ended has now. Idempotent."""
        self._is_closed = True
        for watched in self._watched.values():
            if not watched.ended.done():
                watched.ended.set_result(watched.removed or Exit(-signal.SIGKILL))
        if self._response is not None:
            with contextlib.suppress(OSError, ValueError):  # it has ended by itself
                self._response.shutdown()

    def _listen(self) -> None:
        from urllib3.exceptions import HTTPError  # noqa: PLC0415 - the client is loaded by now; see access

        while not self._is_closed:
            with contextlib.suppress(HTTPError, OSError, ValueError):  # the cluster went away: begin anew
                self._listen_from(self._list())

    def _list(self) -> str:
        """Tell of the pods that are there, and of those that are not any more; the version of what is told."""
        options: dict[str, Any] = {"_preload_content": False}
        answer: Any = self._core.list_namespaced_pod(self._namespace, **options)
        told = json.loads(answer.read())
        self._tell_loop(self._replace, told["items"])
        return str(told["metadata"]["resourceVersion"])

    def _listen_from(self, version: str) -> None:
        options: dict[str, Any] = {"watch": True, "resource_version": version, "_preload_content": False}
        self._response = self._core.list_namespaced_pod(self._namespace, **options)
        for line in lines_of(self._response):
            event = json.loads(line)
            if event["type"] == "ERROR":  # such as: the version is too old
                return
            self._tell_loop(self._take, event["object"], event["type"] == "DELETED")

    def _tell_loop(self, function: Callable[P, None], *args: P.args, **named: P.kwargs) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody looks any more
            self._loop.call_soon_threadsafe(partial(function, *args, **named))

    def _replace(self, pods: Sequence[Mapping[str, Any]]) -> None:
        there = {pod["metadata"]["name"] for pod in pods}
        for watched in self._watched.values():
            for name in watched.pods - there:
                watched.take(name, None)
        for pod in sorted(pods, key=lambda pod: str(pod["metadata"].get("creationTimestamp"))):
            self._take(pod, is_gone=False)

    def _take(self, pod: Mapping[str, Any], is_gone: bool) -> None:
        component = (pod["metadata"].get("labels") or {}).get(COMPONENT)
        if component is not None:
            self._watched[component].take(pod["metadata"]["name"], None if is_gone else look(pod, component))
