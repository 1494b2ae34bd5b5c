"""Why this exists: replicas as real processes on 127.0.0.1, without containers.

Each replica gets a listening socket that Jonar has bound to a free port, so no port is ever given up between
choosing and using it. Replicas inherit Jonar's environment whole. The version asked for is not looked at: what
runs is what is installed beside Jonar.
"""

import asyncio
import contextlib
import logging
import signal
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from jonar.runtime.base import Exit, Order, ReplicaStartError, Running, Usage
from jonar.runtime.link import Link, open_link

_BACKLOG = 2048
_START_TIMEOUT = 30.0  # seconds; covers the imports of a fork server that was not warmed
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Child:
    """A replica from its start command on; `pid` is 0 until the fork server has told it, `refusal` why it will not."""

    url: str
    pid: int = 0
    refusal: str = "the fork server ended"
    started: asyncio.Event = field(default_factory=asyncio.Event)
    gone: asyncio.Event = field(default_factory=asyncio.Event)


class ProcessRuntime:
    """Keeps the fork server and knows its replicas. Use it from one event loop.

    Args:
        apps: The ASGI app factory of each component, as `package.module:factory`.
        preload: Modules that replicas need besides their app's.
    """

    def __init__(self, apps: Mapping[str, str], preload: Sequence[str] = ()) -> None:
        self._apps = apps
        self._preload = list(dict.fromkeys([app.partition(":")[0] for app in apps.values()] + list(preload)))
        self._children: dict[str, _Child] = {}
        self._exits: asyncio.Queue[Exit] = asyncio.Queue()
        self._opening = asyncio.Lock()
        self._link: Link | None = None
        self._preloaded = asyncio.Event()

    async def warm(self) -> None:
        """Start the fork server and wait until it has imported every component's code, or has ended."""
        await self._linked()
        await self._preloaded.wait()

    async def start(self, order: Order) -> Running:
        """Fork one replica.

        Raises:
            ReplicaStartError: the fork server ended or did not answer.
        """
        try:
            child = await self._fork(order)
        except (OSError, TimeoutError) as error:
            self._children.pop(order.replica_id, None)
            self._signal(order.replica_id, signal.SIGKILL)
            raise ReplicaStartError(
                f"could not fork a replica of {order.component} within {_START_TIMEOUT:g} s: {error!r}; "
                "the fork server's own words are in Jonar's log"
            ) from error
        return Running(order.replica_id, child.url, child.pid)

    async def stop(self, replica_id: str, timeout: float) -> None:
        """SIGTERM, then SIGKILL after `timeout` seconds; returns when the process is reaped."""
        child = self._children.get(replica_id)
        if child is None:
            return
        self._signal(replica_id, signal.SIGTERM)
        try:
            await asyncio.wait_for(child.gone.wait(), timeout)
        except TimeoutError:
            self._signal(replica_id, signal.SIGKILL)
            await child.gone.wait()

    def list(self) -> Sequence[Running]:
        """Every replica whose process runs."""
        return [Running(name, child.url, child.pid) for name, child in self._children.items() if child.pid]

    async def measure(self, replica_id: str) -> Usage | None:
        """CPU time and resident set (pages shared with the fork server included) of a replica's process."""
        child = self._children.get(replica_id)
        if child is None or not child.pid:
            return None
        import psutil  # noqa: PLC0415 - only a replica is measured: a start does not wait for it

        try:
            process = psutil.Process(child.pid)
            times = process.cpu_times()
            return Usage(times.user + times.system, process.memory_info().rss)
        except psutil.NoSuchProcess:
            return None

    async def exits(self) -> AsyncIterator[Exit]:
        """Ends of replicas as the fork server tells them."""
        while True:
            yield await self._exits.get()

    async def aclose(self) -> None:
        """End the fork server, and with it every replica."""
        if self._link is not None:
            await self._link.aclose()

    async def _fork(self, order: Order) -> _Child:
        link = await self._linked()
        with _listener() as listener:
            child = _Child(f"http://127.0.0.1:{listener.getsockname()[1]}")
            self._children[order.replica_id] = child
            link.send(_start_command(order, self._apps[order.component]), [listener])
        await asyncio.wait_for(child.started.wait(), _START_TIMEOUT)
        if not child.pid:
            raise ChildProcessError(child.refusal)
        return child

    async def _linked(self) -> Link:
        async with self._opening:
            if self._link is None:
                self._preloaded.clear()
                self._link = await open_link(self._preload, self._on_answer, self._on_end)
            return self._link

    def _signal(self, replica_id: str, number: signal.Signals) -> None:
        """Have a replica signalled; when the fork server is gone, so are its replicas, and `_on_end` tells."""
        if self._link is None:
            return
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self._link.send({"do": "signal", "replica": replica_id, "number": int(number)})

    def _on_answer(self, answer: Mapping[str, Any]) -> None:
        match answer:
            case {"did": "preload"}:
                self._preloaded.set()
            case {"did": "start", "replica": replica_id, "pid": pid} if replica_id in self._children:
                self._children[replica_id].pid = pid
                self._children[replica_id].started.set()
            case {"did": "refuse", "replica": replica_id, "reason": reason} if replica_id in self._children:
                self._children[replica_id].refusal = reason
                self._forget(replica_id, 0)
            case {"did": "exit", "replica": replica_id, "code": code}:
                self._forget(replica_id, code)

    def _on_end(self, code: int) -> None:
        """The kernel has killed the fork server's replicas together with it."""
        _log.info("fork server ended with code %d", code)
        self._link = None
        self._preloaded.set()
        for replica_id in list(self._children):
            self._forget(replica_id, -signal.SIGKILL)

    def _forget(self, replica_id: str, code: int) -> None:
        child = self._children.pop(replica_id, None)
        if child is None:
            return
        if child.pid:
            self._exits.put_nowait(Exit(replica_id, child.pid, code))
        child.started.set()
        child.gone.set()


def _listener() -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.bind(("127.0.0.1", 0))
    listener.listen(_BACKLOG)
    return listener


def _start_command(order: Order, app: str) -> dict[str, Any]:
    marks = {"JONAR_DEPLOYMENT_ID": order.deployment_id, "JONAR_REPLICA_ID": order.replica_id}
    return {"do": "start", "replica": order.replica_id, "app": app, "environment": marks}
