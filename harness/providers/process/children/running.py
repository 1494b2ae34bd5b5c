"""Why this exists: a component that runs as a process, as the engine sees it."""

import asyncio
import os
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path

from harness.core.endpoint import Endpoint
from harness.core.errors import UsageError
from harness.providers.base import Exit, Streams
from harness.providers.logs import LogPump
from harness.providers.ports import fill_ports
from harness.providers.process.children.child import Child
from harness.providers.process.children.executing import execute_beside
from harness.providers.process.children.suspending import resume, suspend
from harness.providers.process.storage import disks
from harness.providers.process.tracking.marks import COMPONENT_MARKER, MARKER
from harness.providers.process.tracking.ownership import END_TIMEOUT, end, owned
from harness.providers.process.tracking.sockets import listening
from harness.readiness.base import Probe
from harness.readiness.choose import Surroundings, choose_probe
from harness.readiness.command import execute_here
from harness.spec.model import Component, Mount

_SEARCHED_LINES = 200  # a log probe sees the last ones at every look


class RunningProcess:
    """One component and everything it starts."""

    def __init__(
        self,
        component: Component,
        child: Child,
        pump: LogPump,
        *,
        own: Mapping[int, Endpoint],
        endpoints: Mapping[int, Endpoint],
        environment: Mapping[str, str],
        directory: Path,
        polite: signal.Signals,
        clients: Mapping[str, str],
    ) -> None:
        self._component = component
        self._child = child
        self._pump = pump
        self._environment_id = environment[MARKER]
        self._mark = environment[COMPONENT_MARKER]
        self._directory = directory
        self._polite = polite
        self._clients = clients  # variables for its own client programs; where they are, as PATH
        self.disks: Mapping[str, Path] = {}  # file systems of its own, by where its Compose file mounts them
        self._own = own  # where it listens itself: what a proxy before it accepts proves nothing
        self.endpoints = endpoints
        self.environment = environment

    @property
    def pid(self) -> int:
        """The id of the process and of its session."""
        return self._child.pid

    def probe(self) -> Probe:
        """The check its Compose file, image and ports suggest."""
        around = Surroundings(
            self._own,
            self.environment,
            lambda: self.tail(_SEARCHED_LINES),
            self._execute,
        )
        return choose_probe(self._component, around)

    async def _execute(self, argv: Sequence[str]) -> tuple[int, str]:
        """Run a check as the component itself runs: in its folder, with its variables and ports."""
        filled = [fill_ports(word, self._component, self._own) for word in argv]
        code, output = await execute_here(self.environment, self._directory)(filled)
        return code, self._pump.mask(output)

    async def execute(self, argv: Sequence[str], streams: Streams) -> int:
        """Run a command as a check is run, and with the server's own client programs at hand."""
        filled = [fill_ports(word, self._component, self._own) for word in argv]
        path = os.pathsep.join(filter(None, (self._clients.get("PATH"), self.environment.get("PATH"))))
        environment = {**self.environment, **self._clients, "PATH": path}
        return await execute_beside(filled, environment, self._directory, streams)

    def whereabouts(self) -> str:
        """Where it listens, when that is not where it was told to."""
        if not self._own:
            return ""
        ours = owned(self._environment_id, component=self._mark, leader=self.pid)
        found = listening(process.pid for process in ours)
        for process in ours:
            process.close()
        told = ", ".join(endpoint.address for endpoint in self._own.values())
        if not found:
            return f"it listens nowhere; {{port}} in its command is that of {told}"
        if {endpoint.port for endpoint in found} & {endpoint.port for endpoint in self._own.values()}:
            return ""
        seen = ", ".join(endpoint.address for endpoint in found)
        return f"it listens at {seen}, not at {told}, whose port is {{port}} in its command"

    def tail(self, lines: int = 20) -> tuple[str, ...]:
        """Its last log lines, secrets masked."""
        return self._pump.tail(lines)

    async def exited(self) -> Exit:
        """Wait for its end; everything it wrote is in the log by then."""
        code = await asyncio.shield(self._child.ended)
        self._pump.drain()
        return Exit(code)

    async def kill(self) -> None:
        """End it by force, with all that it has started."""
        self._child.send(signal.SIGKILL)
        await self.stop(0.0)

    async def suspend(self) -> None:
        """Let all its processes stand still."""
        if not self._child.ended.done():
            await asyncio.to_thread(suspend, self._environment_id, self._mark, self.pid)

    async def resume(self) -> None:
        """Let all its processes go on."""
        if not self._child.ended.done():
            await asyncio.to_thread(resume, self._environment_id, self._mark, self.pid)

    async def fill_disk(self, mount: Mount) -> None:
        """Fill the file system that stands for it here."""
        if mount.target not in self.disks:
            raise UsageError(
                f"as a process, {self._component.name} has no file system of its own at {mount.target}",
                hint="an embedded server's data has one where root runs the harness; in containers everything has",
            )
        await asyncio.to_thread(disks.fill, self.disks[mount.target])

    async def free_disk(self, mount: Mount) -> None:
        """Give the room back; the file system outlives the process."""
        if mount.target in self.disks:
            await asyncio.to_thread(disks.free, self.disks[mount.target])

    async def stop(self, grace: float) -> None:
        """Ask, wait up to `grace` seconds, then force; afterwards end what it left behind in its session."""
        self._child.send(self._polite)
        done, _ = await asyncio.wait({self._child.ended}, timeout=grace)
        if not done:
            self._child.send(signal.SIGKILL)
            await asyncio.shield(self._child.ended)
        # what resists is named by aclose
        await end(self._environment_id, END_TIMEOUT, component=self._mark, session=self.pid)
        self._pump.drain()
        self._pump.close()
