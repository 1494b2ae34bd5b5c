"""Why this exists: the ecosystem's own seeding code runs in a process of its own: whatever it does, the keeper goes on.

The module named by `x-harness.seed` ("package.module:function") has an async `function(environment)` that returns
counts and a digest, and may have `prepare(seed)`, a plain function that generates data while components start. Both
run in a fork of the keeper, which has imported already what they need; it ends with the seeding, or with the keeper.
"""

import asyncio
import json
import os
import signal
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from harness.bootstrap.seeding.seeding_process import Seeding, fork
from harness.core.errors import EnvironmentFailedError
from harness.engine.environment import Environment
from harness.engine.seeding import Seeder
from harness.keeper.protocol import error_of
from harness.spec.model import Ecosystem

_PORTION = 1 << 16  # bytes read at a time


@dataclass(frozen=True, slots=True)
class ReportedSeed:
    """What the process says that it has put into the stores; as `harness.engine.seeding.Seeded`."""

    counts: Mapping[str, int]
    digest: str


class ModuleSeeder:
    """The keeper's side of the process. `close` always.

    Args:
        entry: What the Compose file names, for people.
        pid: The process; it leads its own session.
        channel: Where it answers, a line each: first when it has prepared, then when it has seeded.
    """

    def __init__(self, entry: str, pid: int, channel: socket.socket) -> None:
        self._entry = entry
        self._pid = pid
        self._channel = channel
        self._channel.setblocking(False)
        self._pidfd: int | None = os.pidfd_open(pid)
        self._watching: asyncio.AbstractEventLoop | None = None

    async def prepare(self) -> None:
        """Return when the module is imported and has generated what needs no running ecosystem.

        Raises:
            HarnessError: it cannot be imported, or failed.
        """
        with self._ended_when_broken_off():
            await self._answer()

    async def seed(self, environment: Environment) -> ReportedSeed:
        """Let it put the data into the stores. Whatever it has started ends with it.

        Raises:
            HarnessError: it failed, or its process ended.
        """
        urls = {name: listed[0].http_url for name, listed in environment.endpoints.items() if listed}
        question = {"variables": dict(environment.variables), "urls": urls}
        with self._ended_when_broken_off():
            with suppress(BrokenPipeError, ConnectionResetError):  # its end is heard below
                line = json.dumps(question).encode() + b"\n"
                await asyncio.get_running_loop().sock_sendall(self._channel, line)
            seeded = ReportedSeed(**await self._answer())
        self._end()
        return seeded

    def close(self) -> None:
        """End the process and what it has started, and wait for its end. Idempotent."""
        self._reap()
        self._channel.close()

    async def _answer(self) -> Any:
        loop, said = asyncio.get_running_loop(), bytearray()
        while not said.endswith(b"\n"):
            portion = await loop.sock_recv(self._channel, _PORTION)
            if not portion:
                raise self._lost()
            said += portion
        answer = json.loads(said)
        if "error" in answer:
            raise error_of(answer["error"])
        return answer["value"]

    @contextmanager
    def _ended_when_broken_off(self) -> Iterator[None]:
        """What failed or is no longer wanted writes nothing more while components are stopped."""
        try:
            yield
        except BaseException:
            self._end()
            raise

    def _end(self) -> None:
        """End it without waiting: giving back its memory takes a while."""
        if self._pidfd is not None:
            self._kill()
            self._watching = asyncio.get_running_loop()
            self._watching.add_reader(self._pidfd, self._reap)

    def _kill(self) -> None:
        """With its group; one that leads none yet has not begun. Its number is its own as long as it is not reaped."""
        try:
            os.killpg(self._pid, signal.SIGKILL)
        except ProcessLookupError:
            os.kill(self._pid, signal.SIGKILL)

    def _reap(self) -> int:
        """Kill it and wait for its end; the exit status, 0 when that is known no more."""
        if self._pidfd is None:
            return 0
        self._kill()
        _, status = os.waitpid(self._pid, 0)
        if self._watching is not None:  # or its loop would be deaf to whoever is given the number next
            self._watching.remove_reader(self._pidfd)
            self._watching = None
        os.close(self._pidfd)
        self._pidfd = None
        return os.waitstatus_to_exitcode(status)

    def _lost(self) -> EnvironmentFailedError:
        code = self._reap()
        how = f"exit code {code}" if code >= 0 else signal.Signals(-code).name
        return EnvironmentFailedError(
            f"x-harness.seed {self._entry!r} ended its process without an answer: {how}",
            hint="what it wrote, if anything, is in keeper.log in the run's folder",
        )


@contextmanager
def seeder_of(ecosystem: Ecosystem, seed: int, environment_id: str) -> Iterator[Seeder | None]:
    """What the Compose file names, begun at once; None when it names nothing. To be entered before any thread runs.

    Args:
        ecosystem: Whose data.
        seed: What the data is generated from.
        environment_id: What the process, and whatever it starts, carries as a mark.
    """
    entry = ecosystem.settings.seed
    if entry is None:
        yield None
        return
    paths = (str(ecosystem.directory), *map(str, ecosystem.settings.pythonpath))
    seeder = ModuleSeeder(entry, *fork(Seeding(entry, paths, seed), environment_id))
    try:
        yield seeder
    finally:
        seeder.close()
