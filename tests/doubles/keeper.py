"""Why this exists: a keeper is tested without processes: an environment on strings, clients that say anything."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Self

from harness.core.errors import HarnessError
from harness.events.log import Emit
from harness.keeper.description import EnvironmentDescription
from harness.keeper.protocol import Ending, encode_line
from harness.keeper.server import Keeper
from harness.keeper.stay import Stay
from harness.providers.base import Streams

_TOKEN = "token"


class FakeKept:
    """An environment that starts, restarts and ends when a test lets it.

    Args:
        failure: What its start ends with.
        leftovers: What an interrupted start cannot remove.
        teardown_failure: What its end ends with.

    Attributes:
        journal: What happened: (starting | up | gone), and "restart X" with "restarted X" around each restart.
        worlds: Those that are open, by name.
    """

    def __init__(
        self,
        failure: HarnessError | None = None,
        leftovers: Sequence[str] = (),
        teardown_failure: HarnessError | None = None,
    ) -> None:
        self.may_start = asyncio.Event()
        self.may_restart = asyncio.Event()
        self.may_open = asyncio.Event()
        self.may_open.set()
        self.world_failure: HarnessError | None = None
        self.may_end = asyncio.Event()
        self.may_end.set()
        self.healed = asyncio.Event()
        self.faults = 0
        self.broken: HarnessError | None = None
        self.emit: Emit = lambda _event: None
        self.variables: Mapping[str, str] = {}
        self.journal: list[str] = []
        self.worlds: dict[str, FakeKept] = {}
        self._failure = failure
        self._leftovers = leftovers
        self._teardown_failure = teardown_failure

    @asynccontextmanager
    async def open(self, emit: Emit) -> AsyncIterator[Self]:
        """Its whole life."""
        self.emit = emit
        self.journal.append("starting")
        try:
            await self._start()
            yield self
            await self.may_end.wait()
            if self._teardown_failure is not None:
                raise self._teardown_failure
        finally:
            self.journal.append("gone")

    def describe(self) -> EnvironmentDescription:
        """Nothing special."""
        return EnvironmentDescription("0123456789", "fake", "fake", 7, {}, {}, "/results")

    async def restart(self, component: str, environment: Mapping[str, str]) -> None:
        """Take as long as the test wants."""
        self.variables = environment
        self.journal.append(f"restart {component}")
        await self.may_restart.wait()
        self.journal.append(f"restarted {component}")

    async def compare(self, asked: Mapping[str, object]) -> Mapping[str, object]:
        """Say so, and answer with the question."""
        self.journal.append("compare")
        return asked

    async def renew(self, components: Sequence[str]) -> None:
        """Say so."""
        self.journal.append(f"renew {', '.join(components)}")

    async def keep_seeded(self) -> None:
        """Say so."""
        self.journal.append("keep seeded")

    async def execute(self, component: str, argv: Sequence[str], streams: Streams) -> int:
        """Say what it would run, and what it reads; last until the test wants."""
        self.journal.append(f"execute {' '.join(argv)} in {component}")
        await streams.out(b"out\xff")
        await streams.err(streams.file.read() if streams.file else b"")
        try:
            await self.may_restart.wait()
        except asyncio.CancelledError:
            self.journal.append("broken off")
            self.healed.set()
            raise
        return 3

    async def copy_out(self, component: str, path: str, target: Path) -> None:
        """Write it down."""
        self.journal.append(f"copy {component}:{path} to {target}")

    async def copy_in(self, component: str, source: Path, path: str) -> None:
        """Write it down."""
        self.journal.append(f"copy {source} to {component}:{path}")

    @property
    def inside(self) -> Self:
        """All in one."""
        return self

    async def snapshot(self, name: str) -> None:
        """Remember that."""
        self.journal.append(f"snapshot {name}")

    async def reset(self, snapshot: str, *, is_proved: bool) -> Mapping[str, tuple[str, ...]]:
        """Say that one table had changed."""
        self.journal.append(f"reset to {snapshot}" + (", proved" if is_proved else ""))
        return {"db": ("public.users",)}

    async def prepare_worlds(self) -> None:
        """Say so."""
        self.journal.append("prepare worlds")

    @asynccontextmanager
    async def open_world(self, name: str) -> "AsyncIterator[FakeKept]":
        """One that starts and fails when the environment does, with a journal of its own."""
        world = self.worlds[name] = FakeKept(self.world_failure)
        world.may_start, world.may_restart, world.may_end = self.may_open, self.may_restart, self.may_end
        async with world.open(self.emit) as opened:
            yield opened

    async def inject(self, form: Mapping[str, Any]) -> int:
        """Take as long as the test wants; each fault has a number of its own."""
        self.journal.append(f"inject {form['fault']}")
        await self.may_restart.wait()
        self.faults += 1
        return self.faults

    async def heal(self, number: int, reason: str) -> None:
        """Write it down."""
        self.journal.append(f"heal {number}: {reason}")
        self.healed.set()

    async def _start(self) -> None:
        try:
            await self.may_start.wait()
        except asyncio.CancelledError as stopped:
            for leftover in self._leftovers:
                stopped.add_note(leftover)
            raise
        if self._failure is not None:
            raise self._failure
        self.journal.append("up")


class FakeClient:
    """A client that says what a test tells it to, in the loop of the keeper."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.passed_over: list[Mapping[str, Any]] = []
        self._reader = reader
        self._writer = writer

    def say(self, *messages: Mapping[str, Any] | bytes) -> None:
        """One line each; bytes go as they are."""
        for message in messages:
            self._writer.write(message if isinstance(message, bytes) else encode_line(message))

    async def hear(self, kind: str) -> Any:
        """The value of the next message of this kind; others are kept until somebody asks for them."""
        return (await self.next(kind, lambda message: kind in message))[kind]

    async def hear_answer(self, number: int) -> Mapping[str, Any]:
        """The whole answer of that number."""
        return await self.next(f"answer {number}", lambda message: message.get("answer") == number)

    async def ask(self, command: str, **arguments: object) -> Mapping[str, Any]:
        """The whole answer to one command."""
        self.say({"ask": 1, "do": command} | arguments)
        return await self.hear_answer(1)

    async def next(self, what: str, is_wanted: Callable[[Mapping[str, Any]], bool]) -> Mapping[str, Any]:
        """The next message that a test wants; others are kept until somebody asks for them."""
        for message in self.passed_over:
            if is_wanted(message):
                self.passed_over.remove(message)
                return message
        while line := await self._reader.readline():
            heard: Mapping[str, Any] = json.loads(line)
            if is_wanted(heard):
                return heard
            self.passed_over.append(heard)
        raise EOFError(f"the keeper left without having said {what}")

    def leave(self, *, keep: bool = False) -> None:
        """Let go in an orderly way, and listen on."""
        self.say({"release": True, "keep": keep})

    def die(self) -> None:
        """Be gone without a word."""
        self._writer.transport.abort()

    async def aclose(self) -> None:
        """Free what it holds."""
        self._writer.close()
        with suppress(ConnectionError):
            await self._writer.wait_closed()


class KeeperStage:
    """A keeper that runs, and its clients.

    Attributes:
        life: Done when the keeper has ended.
    """

    def __init__(self, folder: Path, kept: FakeKept, stay: Stay) -> None:
        self._path = folder / "keeper.sock"
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(self._path))
        listener.listen()
        self._kept = kept
        self._clients: list[FakeClient] = []
        self.keeper = Keeper(listener, kept.open, token=_TOKEN, stay=stay)
        self.life: asyncio.Task[Ending] = asyncio.create_task(self.keeper.run())

    async def stranger(self) -> FakeClient:
        """Somebody who has connected, and said nothing."""
        client = FakeClient(*await asyncio.open_unix_connection(str(self._path)))
        self._clients.append(client)
        return client

    async def client(self) -> FakeClient:
        """Somebody who only looks."""
        client = await self.stranger()
        client.say({"token": _TOKEN, "facts": True})
        return client

    async def holder(self) -> FakeClient:
        """Somebody whom the keeper counts."""
        client = await self.client()
        client.say({"hold": True})
        assert await client.hear("held")
        return client

    async def aclose(self) -> None:
        """End what still runs."""
        for permission in (self._kept.may_start, self._kept.may_restart, self._kept.may_end):
            permission.set()
        if not self.life.done():
            (await self.client()).say({"ask": 0, "do": "stop"})
        for client in self._clients:
            await client.aclose()
        await self.life
