"""Why this exists: a component that runs as a container, as the engine room sees it."""

import asyncio
import contextlib
import os
import threading
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from harness.core.endpoint import Endpoint
from harness.core.errors import EnvironmentFailedError, UsageError
from harness.providers.base import Exit, Streams
from harness.providers.calls import Calls
from harness.providers.docker import disks
from harness.providers.docker.executing import execute_inside
from harness.providers.docker.failures import told_by
from harness.providers.docker.hearing import hears
from harness.providers.docker.listening import behind
from harness.providers.logs import LogPump
from harness.providers.ports import fill_container_ports
from harness.readiness.base import Probe
from harness.readiness.choose import Surroundings, choose_probe
from harness.spec.model import Component, Mount

if TYPE_CHECKING:
    from docker.models.containers import Container

_SEARCHED_LINES = 200  # a log probe sees the last ones at every look
_NOTED = 5.0  # seconds that the engine may take to note an end
_LAST_WORDS = 2.0  # seconds that the output of an ended container may take to arrive


class RunningContainer:
    """One container from its start to its end."""

    def __init__(
        self,
        component: Component,
        container: "Container",
        *,
        calls: Calls,
        ended: asyncio.Future[Exit],
        pump: LogPump,
        feed: "Feed",
        own: Mapping[int, Endpoint],
        endpoints: Mapping[int, Endpoint],
        environment: Mapping[str, str],
    ) -> None:
        self.component = component
        self._calls = calls
        self._ended = ended
        self._pump = pump
        self._feed = feed
        self.container = container
        self._own = own  # where it listens itself: what a proxy before it accepts proves nothing
        self.endpoints = endpoints
        self.environment = environment

    async def execute(self, argv: Sequence[str], streams: Streams) -> int:
        """Run a command in the container."""
        words = [fill_container_ports(word, self.component) for word in argv]
        return await execute_inside(self._calls, self.container, words, streams)

    def probe(self) -> Probe:
        """The check its Compose file, image and ports suggest; the healthcheck runs in the container."""
        around = Surroundings(
            self._own,
            self.environment,
            lambda: self.tail(_SEARCHED_LINES),
            self._execute,
            runs_healthchecks=True,
            listens=behind(self.container),
        )
        return choose_probe(self.component, around)

    async def _execute(self, argv: Sequence[str]) -> tuple[int, str]:
        # aside: a check that never ends is given up, and ends with its container
        try:
            code, output = await self._calls.aside(_executed, self.container, list(argv))
        except OSError as error:  # its words may repeat the command's
            raise OSError(self._pump.mask(str(error))) from None
        return code, self._pump.mask(output)

    def tail(self, lines: int = 20) -> tuple[str, ...]:
        """Its last log lines, secrets masked."""
        return self._pump.tail(lines)

    async def exited(self) -> Exit:
        """Wait for its end; everything it wrote is in the log by then, also when the engine went away instead."""
        try:
            ended = await asyncio.shield(self._ended)
        except EnvironmentFailedError:
            await self._take_last_words()
            raise
        await self._take_last_words()
        return ended

    async def _take_last_words(self) -> None:
        await self._feed.wait_ended(_LAST_WORDS)
        self._pump.drain()

    async def stop(self, grace: float) -> None:
        """Ask, wait up to `grace` seconds, then force. The container stays until it is removed with the rest."""
        if not self._ended.done() and await self._calls(hears, self.container, self._polite):
            await self._calls(_signal, self.container, self._polite)
            await asyncio.wait({self._ended}, timeout=grace)
        if not self._ended.done():
            await self._calls(_signal, self.container, "SIGKILL")
            await asyncio.shield(self._ended)
        await self._calls(_wait_stopped, self.container)
        await self._feed.wait_ended(_LAST_WORDS)
        self._pump.drain()
        self._pump.close()

    async def kill(self) -> None:
        """End it by force."""
        if not self._ended.done():
            await self._calls(_signal, self.container, "SIGKILL")
            await asyncio.shield(self._ended)
        await self.stop(0.0)

    async def suspend(self) -> None:
        """Freeze it, as the engine's pause does."""
        await self._calls(self.container.pause)

    async def resume(self) -> None:
        """Let it go on."""
        await self._calls(_unpause, self.container)

    async def fill_disk(self, mount: Mount) -> None:
        """Fill a tmpfs, which counts as the container's memory."""
        size, memory = mount.size or 0, self.component.resources.memory
        if memory and size > memory / 2:
            raise UsageError(
                f"{self.component.name} has {memory >> 20} MiB of memory, and a full {mount.target} takes {size >> 20}",
                hint="give the tmpfs half of the memory limit at most",
            )
        await self._calls(disks.fill, self.container, mount.target, size)

    async def free_disk(self, mount: Mount) -> None:
        """Remove what fills it."""
        await self._calls(disks.free, self.container, mount.target)

    @property
    def _polite(self) -> str:
        """What the file or else the image says (Postgres has its own), else what everybody understands."""
        return str(self.container.attrs["Config"].get("StopSignal") or "SIGTERM")


class Feed:
    """Carries what a container writes into a log pump's pipe, in a thread of its own; attach before the start."""

    def __init__(self, attached: Any, write_end: int) -> None:
        """Begin to carry.

        Args:
            attached: What `attach_socket` of the SDK gave.
            write_end: The pipe's; closed at the end.
        """
        self._loop = asyncio.get_running_loop()
        self._ended = asyncio.Event()
        self._attached = attached
        self._write_end = write_end
        threading.Thread(target=self._carry, name="container output", daemon=True).start()

    async def wait_ended(self, timeout: float) -> None:
        """Wait until everything has been carried, or for `timeout` seconds."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._ended.wait(), timeout)

    def _carry(self) -> None:
        from docker.utils.socket import frames_iter  # noqa: PLC0415 - the SDK is loaded by now; see engine

        try:
            for _, chunk in frames_iter(self._attached, tty=False):  # type: ignore[no-untyped-call]  # the SDK tells no types
                _write_all(self._write_end, chunk)
        except OSError:  # the pump is closed, or the engine is gone
            pass
        finally:
            os.close(self._write_end)
            self._attached._response.close()  # noqa: SLF001 - the SDK hangs it there, and nobody else closes it
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
                self._loop.call_soon_threadsafe(self._ended.set)


def _write_all(descriptor: int, chunk: bytes) -> None:
    while chunk:
        chunk = chunk[os.write(descriptor, chunk) :]


def _executed(container: "Container", argv: list[str]) -> tuple[int, str]:
    """How a check in a container ended, and what it said.

    Raises:
        OSError: the engine does not run it, as in a container that stands still.
    """
    from docker.errors import APIError  # noqa: PLC0415 - the SDK is loaded by now; see engine

    try:
        code, output = container.exec_run(argv)
    except APIError as error:
        raise OSError(told_by(error)) from error
    return int(code or 0), output.decode(errors="replace") if isinstance(output, bytes) else ""


def _signal(container: "Container", name: str) -> None:
    from docker.errors import APIError  # noqa: PLC0415 - the SDK is loaded by now; see engine

    try:
        container.kill(name)
    except APIError as error:
        is_gone = error.status_code in {HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT}  # or does not run any more
        if not is_gone and _runs(container):  # of which Podman 4 only says that it is its own failure
            raise


def _runs(container: "Container") -> bool:
    container.reload()
    return container.status == "running"


def _unpause(container: "Container") -> None:
    container.reload()
    if container.status == "paused":
        container.unpause()


def _wait_stopped(container: "Container") -> None:
    """The engine tells of an end a moment before it has taken note of it itself."""
    from docker.errors import NotFound  # noqa: PLC0415 - the SDK is loaded by now; see engine
    from requests.exceptions import ReadTimeout  # noqa: PLC0415 - as above

    # not in time: somebody else has started it again; it is removed all the same
    with contextlib.suppress(NotFound, ReadTimeout):
        container.wait(condition="not-running", timeout=_NOTED)
