"""Why this exists: replicas as containers beside Jonar's own, on the engine whose socket is mounted into it.

A replica runs the image that its component's container beside Jonar runs. The version asked for is not looked at.
"""

import asyncio
import contextlib
import logging
import os
import signal
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from jonar.runtime.base import Exit, Order, ReplicaStartError, Running, Usage
from jonar.runtime.engine import Engine, EngineError
from jonar.runtime.surroundings import COMPONENT, PARENT, REPLICA, Surroundings, look_around

_LAST_WORDS = 1.0  # seconds that the output of an ended replica may take to arrive
_RETRY_DELAY = 0.5  # seconds between attempts to hear the engine's events again
_SIGNALLED = range(129, 160)  # 128 + the signal's number, as engines have it
_NANO = 1e9
_log = logging.getLogger(__name__)


def _to_stderr(piece: bytes) -> None:
    os.write(2, piece)


@dataclass(slots=True)
class _Child:
    """A replica's container, created already; `running` once it was started, `code` once it ended."""

    container: str
    running: Running | None = None
    code: int | None = None
    output: asyncio.Task[None] | None = None
    gone: asyncio.Event = field(default_factory=asyncio.Event)


class DockerRuntime:
    """Makes, hears of and removes replicas' containers. Use it from one event loop.

    Args:
        engine: Where; closed with the runtime.
        apps: The ASGI app factory of each component, as `package.module:factory`.
        hostname: Jonar's own, by which the engine knows its container.
        write: Takes what replicas write.
    """

    def __init__(
        self,
        engine: Engine,
        apps: Mapping[str, str],
        hostname: str,
        write: Callable[[bytes], object] = _to_stderr,
    ) -> None:
        self._engine = engine
        self._apps = apps
        self._hostname = hostname
        self._write = write
        self._children: dict[str, _Child] = {}
        self._exits: asyncio.Queue[Exit] = asyncio.Queue()
        self._opening = asyncio.Lock()
        self._around: Surroundings | None = None
        self._listening: asyncio.Task[None] | None = None
        self._work = set[asyncio.Task[Any]]()

    async def warm(self) -> None:
        """Look around, and remove what an earlier Jonar left here; OSError when there is no engine to ask."""
        await self._opened()

    async def start(self, order: Order) -> Running:
        """Create and start one replica's container.

        Raises:
            ReplicaStartError: the engine refused, or did not answer.
        """
        # A start whose waiter is cancelled goes on, so that `aclose` knows what there is to remove.
        return await asyncio.shield(self._spawn(self._start(order)))

    async def stop(self, replica_id: str, timeout: float) -> None:
        """SIGTERM, then by force after `timeout` seconds; returns when the container is removed."""
        child = self._children.get(replica_id)
        if child is None:
            return
        # It may have ended, or be removed, at this very moment; then `gone` is set soon.
        with contextlib.suppress(EngineError):
            await self._engine.post(f"/containers/{child.container}/kill", signal="SIGTERM")
        try:
            await asyncio.wait_for(child.gone.wait(), timeout)
        except TimeoutError:
            with contextlib.suppress(EngineError):
                await self._engine.remove(child.container)
            self._note_end(replica_id, -signal.SIGKILL)
            await child.gone.wait()

    def list(self) -> Sequence[Running]:
        """Every replica whose container runs."""
        return [child.running for child in self._children.values() if child.running]

    async def measure(self, replica_id: str) -> Usage | None:
        """CPU time and memory (without the page cache, as `docker stats` has it) of a replica's container."""
        child = self._children.get(replica_id)
        if child is None:
            return None
        try:
            told = await self._engine.get(
                f"/containers/{child.container}/stats", **{"stream": "false", "one-shot": "true"}
            )
        except EngineError as error:
            if error.status not in (HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT):
                _log.warning("replica %s is not measured: %s", replica_id, error)
            return None
        return usage_of(told)

    async def exits(self) -> AsyncIterator[Exit]:
        """Ends of replicas as the engine tells them, each once its container is removed."""
        while True:
            yield await self._exits.get()

    async def aclose(self) -> None:
        """Remove every replica that is left."""
        while self._work:
            await asyncio.wait(set(self._work))
        hearing = [self._listening, *(child.output for child in self._children.values())]
        for task in filter(None, hearing):
            task.cancel()
        await asyncio.gather(*filter(None, hearing), return_exceptions=True)
        if self._around is not None:
            await self._remove_all({"label": [f"{PARENT}={self._around.container}"]})
            self._around = None
        await self._engine.aclose()

    async def _opened(self) -> Surroundings:
        async with self._opening:
            if self._around is None:
                around = await look_around(self._engine, self._hostname)
                await self._remove_abandoned(around)
                listens = asyncio.Event()
                self._listening = asyncio.create_task(self._listen(around, listens), name="engine's events")
                await listens.wait()
                self._around = around
            return self._around

    async def _start(self, order: Order) -> Running:
        try:
            around = await self._opened()
            image = await self._image(around, order.component)
            wanted = around.wanted(order, self._apps[order.component], image)
            name = f"{around.name}-{order.replica_id}"
            container = (await self._engine.post("/containers/create", wanted, name=name))["Id"]
        except EngineError as error:
            raise ReplicaStartError(f"no container for a replica of {order.component}: {error}") from error
        self._children[order.replica_id] = child = _Child(container)
        try:
            await self._engine.post(f"/containers/{container}/start")
            told = await self._engine.get(f"/containers/{container}/json")
        except EngineError as error:
            self._children.pop(order.replica_id, None)
            with contextlib.suppress(EngineError):  # the label has it removed with Jonar at the latest
                await self._engine.remove(container)
            raise ReplicaStartError(f"a replica of {order.component} does not start: {error}") from error
        child.output = asyncio.create_task(self._carry(container), name=f"output of {order.replica_id}")
        child.running = Running(
            order.replica_id,
            around.url(told),
            container=container,
            public_url=around.public_url(told),
        )
        if child.code is not None:
            self._spawn(self._bury(order.replica_id, child))
        return child.running

    async def _image(self, around: Surroundings, component: str) -> str:
        """The id of the image that holds the component's code, from a container in Jonar's network."""
        filters = {"label": [f"{COMPONENT}={component}"], "network": [around.network]}
        beside = await self._engine.list_containers(filters)
        if not beside:
            raise EngineError(
                f"no container in the network {around.network} is made from an image with the label "
                f"{COMPONENT}={component}; start {component} beside Jonar"
            )
        return str(beside[0]["ImageID"])

    async def _carry(self, container: str) -> None:
        """What the replica writes goes where Jonar's own words go."""
        try:
            async for piece in self._engine.output(container):
                self._write(piece)
        except EngineError as error:
            _log.warning("the output of container %s is lost from here on: %s", container, error)

    async def _listen(self, around: Surroundings, listens: asyncio.Event) -> None:
        """Hear of ends for ever; what happened while the engine was away is asked for when it is back."""
        filters = {"type": ["container"], "event": ["die"], "label": [f"{PARENT}={around.container}"]}
        while True:
            try:
                async with self._engine.events(filters) as events:
                    listens.set()
                    await self._catch_up()
                    async for event in events:
                        attributes = event["Actor"]["Attributes"]
                        self._note_end(attributes[REPLICA], exit_code(int(attributes["exitCode"])))
            except EngineError as error:
                _log.warning("the engine's events are out of hearing: %s", error)
            await asyncio.sleep(_RETRY_DELAY)

    async def _catch_up(self) -> None:
        for replica_id, child in list(self._children.items()):
            if child.running is None:
                continue
            try:
                state = (await self._engine.get(f"/containers/{child.container}/json"))["State"]
            except EngineError as error:
                if error.status != HTTPStatus.NOT_FOUND:
                    raise
                state = {"Running": False, "ExitCode": 128 + signal.SIGKILL}
            if not state["Running"]:
                self._note_end(replica_id, exit_code(state["ExitCode"]))

    def _note_end(self, replica_id: str, code: int) -> None:
        child = self._children.get(replica_id)
        if child is None or child.code is not None:
            return
        child.code = code
        if child.running is not None:
            self._spawn(self._bury(replica_id, child))

    async def _bury(self, replica_id: str, child: _Child) -> None:
        """Tell of an end: its last words are written by then, and its container is removed."""
        if child.output is not None:
            await asyncio.wait({child.output}, timeout=_LAST_WORDS)
            child.output.cancel()
        try:
            await self._engine.remove(child.container)
        except EngineError as error:
            _log.warning(
                "the container of replica %s stays until Jonar's own is removed: %s", replica_id, error
            )
        self._children.pop(replica_id, None)
        self._exits.put_nowait(Exit(replica_id, None, child.code or 0))
        child.gone.set()

    async def _remove_abandoned(self, around: Surroundings) -> None:
        """Remove what a Jonar made that was killed: this one before its restart, or another of this network."""
        filters = {"label": [PARENT], "network": [around.network]}
        for container in await self._engine.list_containers(filters):
            parent = container["Labels"][PARENT]
            if parent == around.container or not await self._runs(parent):
                _log.warning("removing replica %s, whose Jonar has died", container["Labels"][REPLICA])
                await self._engine.remove(container["Id"])

    async def _runs(self, container: str) -> bool:
        try:
            return bool((await self._engine.get(f"/containers/{container}/json"))["State"]["Running"])
        except EngineError as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return False
            raise

    async def _remove_all(self, filters: Mapping[str, Sequence[str]]) -> None:
        try:
            for container in await self._engine.list_containers(filters):
                await self._engine.remove(container["Id"])
        except EngineError as error:
            _log.warning("replicas stay until Jonar's own container is removed: %s", error)

    def _spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        task = asyncio.create_task(work)
        self._work.add(task)
        task.add_done_callback(self._work.discard)
        return task


def exit_code(code: int) -> int:
    """The engine has 128 + n for signal n; here, as in subprocess, it is -n."""
    return 128 - code if code in _SIGNALLED else code


def usage_of(stats: Mapping[str, Any] | None) -> Usage | None:
    """From an engine's figures; None of a container that has ended, whose figures are empty, or null as it goes."""
    if stats is None:
        return None
    cpu, memory = stats["cpu_stats"]["cpu_usage"]["total_usage"], stats["memory_stats"]
    if not cpu or "usage" not in memory:
        return None
    kept = memory.get("stats", {})
    cache = kept.get("total_inactive_file", kept.get("inactive_file", 0))  # cgroup v1, v2
    return Usage(cpu / _NANO, memory["usage"] - cache)
