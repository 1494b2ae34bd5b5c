"""Why this exists: a component that runs as a pod, as the engine room sees it."""

import asyncio
import re
import signal
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from operator import ne

from harness.core.endpoint import Endpoint
from harness.core.errors import EnvironmentFailedError, NotPossibleHereError, NotReadyError
from harness.providers.base import Exit, Streams
from harness.providers.kubernetes.connection.entries import Entry
from harness.providers.kubernetes.connection.inside import ExecuteInside, Ran, RunInside
from harness.providers.kubernetes.generated.pods import asked_port
from harness.providers.kubernetes.namespaces.namespace import Namespace
from harness.providers.kubernetes.standing import GO_ON, STAND, refuse_first, stood, went_on
from harness.providers.kubernetes.watching.feed import Feed
from harness.providers.kubernetes.watching.seen import Seen
from harness.providers.kubernetes.watching.watching import Watched
from harness.providers.logs import LogPump
from harness.providers.ports import fill_container_ports
from harness.readiness.base import Answer, Probe
from harness.spec.model import Component

_LAST_WORDS = 2.0  # seconds that the output of an ended container may take to arrive
_AT_FIRST = 5.0  # seconds in which nobody wonders that a container that has just begun does not listen yet
_FROM = re.compile(r":\d+->")  # the port that a connection came from is another one each time


class RunningPod:
    """One component's pod, and those that replace it.

    Args:
        component: Which one.
        namespace: Where its objects are.
        watched: What is seen of its pods.
        pump: Takes what they write.
        entries: Where its ports are reached, by container port.
        endpoints: Where tests reach them: there, or at proxies before them.
        inside: Runs a command in a pod's container that is soon over.
        execute: Runs any.
        tell: Takes what keeps it from starting, and may go by itself.
    """

    def __init__(
        self,
        component: Component,
        namespace: Namespace,
        watched: Watched,
        pump: LogPump,
        *,
        entries: Mapping[int, Entry],
        endpoints: Mapping[int, Endpoint],
        inside: RunInside,
        execute: ExecuteInside,
        tell: Callable[[str], None],
    ) -> None:
        self.component = component
        self.endpoints = endpoints
        self.environment = component.environment
        self._namespace = namespace
        self._watched = watched
        self._pump = pump
        self._entries = entries
        self._inside = inside
        self._execute = execute
        self._tell = tell
        self._feed = Feed(namespace.core, namespace.name, pump.write_end)
        self._following: asyncio.Task[None] | None = None
        self._stopping: asyncio.Task[None] | None = None

    async def begin(self) -> None:
        """Take connections, and carry logs, from when its container runs.

        Raises:
            EnvironmentFailedError: it never will.
            NotReadyError: it does not within the time in which it should be ready; pulling an image does not count.
        """
        for entry in self._entries.values():
            await entry.open()
        self._following = asyncio.create_task(self._follow(), name=f"log of {self.component.name}")
        seen = await self._until_it_runs()
        if seen.hopeless:
            raise EnvironmentFailedError(f"{self.component.name} cannot start: {seen.hopeless}")

    async def _until_it_runs(self) -> Seen:
        """What is seen when it runs or never will; what holds it meanwhile is told."""
        timeout, told = self.component.settings.ready.timeout, ""
        deadline = asyncio.get_running_loop().time() + timeout
        while not _is_decided(seen := self._watched.seen):
            if seen.held not in ("", told):
                told = seen.held
                self._tell(told)
            try:
                async with asyncio.timeout_at(deadline):
                    await self._watched.until(partial(ne, seen))
            except TimeoutError:
                if not seen.is_pulling:
                    raise _late(self.component.name, timeout, seen) from None
                deadline += timeout
        return seen

    def probe(self) -> Probe:
        """That its pod is ready, by what its Compose file says that ready means."""
        port = asked_port(self.component)
        entry = None if port is None else self._entries.get(port)
        return PodProbe(self._watched, None if entry is None else entry.probe, self._tell)

    def tail(self, lines: int = 20) -> tuple[str, ...]:
        """Its last log lines, secrets masked."""
        return self._pump.tail(lines)

    async def exited(self) -> Exit:
        """Wait for a container's end; everything it wrote is in the log by then."""
        ended = await asyncio.shield(self._watched.ended)
        self._carry()
        going_on = {seen.uid for seen in self._watched.each if seen.ended is None and seen.removed is None}
        await self._feed.wait_ended(_LAST_WORDS, going_on)
        self._pump.drain()
        return ended

    async def stop(self, grace: float) -> None:
        """Remove what makes its pods, and them; returns when none is there. The cluster knows whole seconds only."""
        await self._end(lambda: self._namespace.remove_workload(self.component.name, grace))

    async def kill(self) -> None:
        """As `stop`, but without a word to it."""
        await self.stop(0.0)

    async def replace(self) -> None:
        """Kill its pods; what makes them makes others."""
        before = {seen.uid for seen in self._watched.each}
        await self._namespace.remove_pods(self.component.name)
        await self._watched.until(lambda _: before.isdisjoint(seen.uid for seen in self._watched.each))

    async def scale_to_zero(self) -> None:
        """Let its pods end, each within its own grace; what makes them stays, with nothing to make."""
        await self._end(lambda: self._namespace.scale(self.component.name, 0))

    async def suspend(self) -> None:
        """Let the processes of its pods stand still, from within; raises NotPossibleHereError as `standing` says."""
        pods, standing = self._running(), list[Seen]()
        if not all(seen.shares_processes for seen in pods):
            refuse_first(self.component.name)
        for seen in pods:
            try:
                stood(self.component.name, await self._run(seen, STAND))
            except NotPossibleHereError:  # this one goes on already
                await self._go_on(standing)
                raise
            except EnvironmentFailedError:  # nobody knows how far it came
                await self._go_on([*standing, seen])
                raise
            standing.append(seen)

    async def resume(self) -> None:
        """Let them go on."""
        if not self._watched.ended.done():
            await self._go_on(self._running())

    async def _go_on(self, pods: Sequence[Seen]) -> None:
        for seen in pods:
            went_on(self.component.name, await self._run(seen, GO_ON))

    async def execute(self, argv: Sequence[str], streams: Streams) -> int:
        """Run a command in the pod that connections go to."""
        seen = self._watched.seen
        if not seen.name:
            raise EnvironmentFailedError(f"{self.component.name} has no pod now")
        words = [fill_container_ports(word, self.component) for word in argv]
        return await self._execute(seen.name, seen.speaker, words, streams)

    async def _run(self, seen: Seen, script: str) -> Ran:
        return await self._inside(seen.name, seen.speaker, ("sh", "-c", script))

    def _running(self) -> Sequence[Seen]:
        return [seen for seen in self._watched.each if seen.is_running and seen.removed is None]

    async def _end(self, removal: Callable[[], Awaitable[None]]) -> None:
        """Once, by whatever comes first."""
        self._stopping = self._stopping or asyncio.create_task(
            self._until_gone(removal), name=f"stop {self.component.name}"
        )
        await asyncio.shield(self._stopping)

    async def _until_gone(self, removal: Callable[[], Awaitable[None]]) -> None:
        await asyncio.gather(*(entry.shut() for entry in self._entries.values()))
        known = {seen.uid for seen in self._watched.each}
        await removal()
        await self._until_none(known)
        if not self._watched.ended.done():
            self._watched.ended.set_result(self._watched.removed or Exit(-signal.SIGKILL))
        await self._feed.wait_ended(_LAST_WORDS)
        self._pump.drain()
        self.close()

    async def _until_none(self, known: set[str]) -> None:
        """What makes pods may hear late that it is to go: what it made till then has served nobody, and is killed.

        Args:
            known: The uids of pods that end already.
        """
        while (seen := self._watched.seen).name:
            for late in self._watched.each:
                if late.uid not in known:
                    known.add(late.uid)
                    await self._namespace.remove_pod(late.name)
            await self._watched.until(partial(ne, seen))

    def close(self) -> None:
        """Listen to its pods no longer. Idempotent."""
        if self._following is not None:
            self._following.cancel()
        self._feed.close()
        self._pump.close()

    async def _follow(self) -> None:
        """Carry the log of every pod that comes."""
        while True:
            await self._watched.until(lambda _: any(map(self._is_new, self._watched.each)))
            self._carry()

    def _is_new(self, seen: Seen) -> bool:
        return seen.is_running and not self._feed.has_carried(seen)

    def _carry(self) -> None:
        for seen in self._watched.each:
            if self._is_new(seen):
                self._feed.carry(seen)


def _is_decided(seen: Seen) -> bool:
    return seen.is_running or bool(seen.hopeless)


def _late(component: str, timeout: float, seen: Seen) -> NotReadyError:
    return NotReadyError(
        f"{component} did not run after {timeout:g} s: {seen.state}",
        hint="if it only needs longer, raise its x-harness.ready.timeout",
    )


class PodProbe:
    """Looks at what the cluster has told of a pod; asks nothing itself.

    Args:
        watched: What it tells.
        entry: What shows that who asks for the pod is led there, where that is not sure.
        tell: Takes what its own probe goes on meeting, each once.
    """

    def __init__(
        self, watched: Watched, entry: Probe | None = None, tell: Callable[[str], None] | None = None
    ) -> None:
        self._watched = watched
        self._entry = entry
        self._tell = tell
        self._told = set[str]()
        self._since: float | None = None

    def describe(self) -> str:
        """What is checked."""
        return "the pod is ready"

    async def check(self) -> Answer:
        """Look once."""
        seen = self._watched.seen
        if not seen.is_ready or self._entry is None:
            self._tell_once(seen)
            return Answer(seen.is_ready, "ready" if seen.is_ready else seen.state)
        return await self._entry.check()

    def _tell_once(self, seen: Seen) -> None:
        if self._tell is None or seen.is_ready or not seen.probed:
            return
        now, words = asyncio.get_running_loop().time(), _FROM.sub("->", seen.probed)
        self._since = self._since or now
        if words not in self._told and now - self._since >= _AT_FIRST:
            self._told.add(words)
            self._tell(seen.probed)
