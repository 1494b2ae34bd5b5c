"""Why this exists: the harness's side of the preloader: ask for a fork, learn of its end.

`preloader.py` describes the protocol. The socket keeps requests until the imports are done, so nobody waits to ask.
"""

import array
import asyncio
import contextlib
import json
import os
import signal
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.core.errors import EnvironmentFailedError
from harness.providers.logs import LogPump
from harness.providers.process.children.child import ExecutedChild
from harness.providers.process.forking.preloading import Preloading

_PACKET = 1 << 20


@dataclass(frozen=True, slots=True)
class ForkRequest:
    """One component to fork: an ASGI `app` on `port`, or a one-shot `call`."""

    name: str
    target: Mapping[str, str]
    port: int
    environment: Mapping[str, str]
    directory: Path
    is_measured: bool = False


class ForkedChild:
    """A fork of the preloader, which reaps it and tells us its exit code."""

    def __init__(self, pid: int, ended: asyncio.Future[int]) -> None:
        self.pid = pid
        self.ended = ended

    def send(self, number: signal.Signals) -> None:
        """Signal its process group, unless it has ended; until we know that it has, the group is empty."""
        if self.ended.done():
            return
        try:
            os.killpg(self.pid, number)
        except ProcessLookupError:
            return


class ForkServer:
    """The preloader of one environment, from a loop's view: to be made within one. `aclose` always.

    Args:
        preloading: What runs.
        pump: Takes what it writes.
        before: The one whose place it takes, which has imported other code; it ends with the last of its forks.
    """

    def __init__(self, preloading: Preloading, pump: LogPump, before: "ForkServer | None" = None) -> None:
        self._process = ExecutedChild(preloading.process)
        self._channel: socket.socket | None = preloading.channel
        self._pump = pump
        self._failure: Callable[[], EnvironmentFailedError] | None = None
        self._asked: dict[str, asyncio.Future[ForkedChild]] = {}
        self._living: dict[int, asyncio.Future[int]] = {}
        self._ready: asyncio.Future[EnvironmentFailedError | None] = (
            asyncio.get_running_loop().create_future()
        )
        self._is_retired = False
        self._before = before
        asyncio.get_running_loop().add_reader(preloading.channel, self._hear)

    async def wait_ready(self) -> None:
        """Return when everything is imported.

        Raises:
            EnvironmentFailedError: it cannot be.
        """
        failure = await asyncio.shield(self._ready)
        if failure is not None:
            raise failure

    async def fork(self, request: ForkRequest, output: int) -> ForkedChild:
        """Fork one component, its outputs to the descriptor `output`.

        Raises:
            EnvironmentFailedError: what is preloaded cannot be imported, or the preloader is gone.
        """
        asked = asyncio.get_running_loop().create_future()
        self._asked[request.name] = asked
        message = dict(request.target) | {
            "name": request.name,
            "port": request.port,
            "environ": dict(request.environment),
            "directory": str(request.directory),
            "coverage": request.is_measured,
        }
        await self._send(message, output)
        return await asyncio.shield(asked)  # who gives up waiting does not take the answer back

    def retire(self) -> None:
        """Nothing is asked for any more: it ends with the last of its forks."""
        self._is_retired = True
        if not (self._living or self._asked):
            self._forget_channel()

    async def aclose(self, *, with_before: bool = True) -> None:
        """End the preloader, whatever it imports, and with it what is left of its forks. Idempotent."""
        if self._before is not None and with_before:
            await self._before.aclose()
        self._forget_channel()
        self._process.send(signal.SIGKILL)
        await asyncio.shield(self._process.ended)
        self._pump.drain()
        self._pump.close()

    async def _send(self, message: Mapping[str, Any], descriptor: int) -> None:
        if self._channel is None:
            raise self._why_gone()
        packet = [json.dumps(message).encode()]
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [descriptor]))]
        try:
            try:
                self._channel.sendmsg(packet, rights, socket.MSG_DONTWAIT)
            except BlockingIOError:  # it is importing, and many have asked already
                await asyncio.to_thread(self._channel.sendmsg, packet, rights)
        except OSError:
            with contextlib.suppress(BlockingIOError):
                while self._channel is not None:  # what it said last tells why
                    self._hear()
            raise self._why_gone() from None

    def _hear(self) -> None:
        """One message of the preloader, or its end."""
        assert self._channel is not None  # noqa: S101 - the reader is removed before the channel is
        try:
            packet = self._channel.recv(_PACKET, socket.MSG_DONTWAIT)
        except ConnectionResetError:  # it has ended with requests unread; what it said before comes next
            return
        if not packet:
            self._forget_channel()
            self._fail(self._lost)
            return
        self._take(json.loads(packet))

    def _take(self, message: Mapping[str, Any]) -> None:
        if "failed" in message:
            self._fail(lambda: _cannot_import(message["failed"]))
        elif "name" in message:
            ended = asyncio.get_running_loop().create_future()
            self._living[message["pid"]] = ended
            self._asked.pop(message["name"]).set_result(ForkedChild(message["pid"], ended))
        elif "code" in message:
            self._living.pop(message["pid"]).set_result(message["code"])
            if self._is_retired:
                self.retire()
        elif "ready" in message:
            self._ready.set_result(None)

    def _fail(self, failure: Callable[[], EnvironmentFailedError]) -> None:
        """Nobody waits in vain: the forks asked for and the ends awaited all resolve. The first is the cause."""
        self._failure = self._failure or failure
        if not self._ready.done():
            self._ready.set_result(self._failure())
        for asked in self._asked.values():
            asked.set_exception(self._failure())
            asked.exception()  # seen: whoever awaits it later still gets it raised
        self._asked.clear()
        for ended in self._living.values():
            if not ended.done():
                ended.set_result(-signal.SIGKILL)  # the preloader takes its forks along

    def _forget_channel(self) -> None:
        if self._channel is not None:
            asyncio.get_running_loop().remove_reader(self._channel)
            self._channel.close()
            self._channel = None

    def _why_gone(self) -> EnvironmentFailedError:
        return self._failure() if self._failure else self._lost()

    def _lost(self) -> EnvironmentFailedError:
        return EnvironmentFailedError(
            "the process that imports and forks the Python components has ended",
            evidence=self._pump.tail(20),
            hint="its log is preloader.log below the run's logs",
        )


async def succeed(before: ForkServer, fresh: ForkServer) -> ForkServer:
    """The fresh one in place of the one before, which ends with the last of its forks.

    Raises:
        EnvironmentFailedError: the fresh one has nothing to fork; it is gone, and the one before goes on.
    """
    try:
        await fresh.wait_ready()
    except BaseException:
        await fresh.aclose(with_before=False)
        raise
    before.retire()
    return fresh


def _cannot_import(text: str) -> EnvironmentFailedError:
    lines = text.strip().splitlines()
    return EnvironmentFailedError(
        f"x-harness.preload cannot be imported: {lines[-1]}",
        evidence=lines[-20:],
        hint="check x-harness.preload and x-harness.pythonpath, and that the packages are installed",
    )
