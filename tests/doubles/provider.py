"""Why this exists: a provider whose components do what a script says, on any clock, and that keeps a journal.

It keeps the whole contract of `harness.providers.base` (the contract tests run on it too), so that what the engine
does with it, it does with a real one.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from harness.core.clock import Clock
from harness.core.endpoint import Endpoint
from harness.core.errors import EnvironmentFailedError
from harness.core.tasks import cancel_and_wait
from harness.plan.model import Plan, Step
from harness.providers.base import Exit
from harness.readiness.base import Answer, Probe
from harness.spec.model import Component, Ecosystem


@dataclass(frozen=True, slots=True)
class Script:
    """What one fake component does; times in seconds.

    Args:
        start_takes: How long starting it takes.
        start_fails: Starting it raises after that time.
        ready_at_check: The check, counted from 1, that first says ready; None for never.
        exits_after: When it ends by itself, counted from its start; None for never.
        exit_code: What it ends with then.
        stop_takes: How long a polite stop takes.
        ignores_stop: It ends only by force, when the grace is over.
        stop_fails: Stopping it raises and leaves it running.
        hangs: Stopping it never returns.
        resists: Not even the provider can remove it.
        listens: It accepts connections on a real loopback port.
        lines: Its log.
    """

    start_takes: float = 0.0
    start_fails: bool = False
    ready_at_check: int | None = 1
    exits_after: float | None = None
    exit_code: int = 0
    stop_takes: float = 0.0
    ignores_stop: bool = False
    stop_fails: bool = False
    hangs: bool = False
    resists: bool = False
    listens: bool = False
    lines: tuple[str, ...] = ()


@dataclass(slots=True)
class FakeProbe:
    """Says ready at the scripted check."""

    ready_at_check: int | None
    checks: int = 0

    def describe(self) -> str:
        """What is checked."""
        return f"check {self.ready_at_check} says ready"

    async def check(self) -> Answer:
        """Count."""
        self.checks += 1
        is_ready = self.ready_at_check is not None and self.checks >= self.ready_at_check
        return Answer(is_ready, seen="ready" if is_ready else "not yet")


class FakeRunning:
    """A component that lives by its script. Alive from its making to its exit."""

    def __init__(self, step: Step, script: Script, provider: "FakeProvider") -> None:
        self.name = step.name
        self.environment: Mapping[str, str] = step.component.environment
        self.endpoints: Mapping[int, Endpoint] = MappingProxyType({})
        self._script = script
        self._provider = provider
        self._ended: asyncio.Future[Exit] = asyncio.get_running_loop().create_future()
        self._own_end: asyncio.Task[None] | None = None
        self._server: asyncio.Server | None = None

    async def begin(self, component: Component) -> None:
        """Listen, and set out towards the scripted end."""
        self.endpoints = {port: await self._listen(port) for port in component.targets}
        if self._script.exits_after is not None:
            self._own_end = asyncio.create_task(self._end_by_itself(self._script.exits_after))

    def probe(self) -> Probe:
        """A new probe, at its first check."""
        return FakeProbe(self._script.ready_at_check)

    def tail(self, lines: int = 20) -> tuple[str, ...]:
        """The last scripted lines."""
        return self._script.lines[-lines:]

    async def exited(self) -> Exit:
        """Wait for the end."""
        return await asyncio.shield(self._ended)

    async def stop(self, grace: float) -> None:
        """End it the way the script allows."""
        if not self._ended.done():
            self._provider.note("stopping", self.name)
            await self._give_way(grace)

    async def kill(self) -> None:
        """End it at once, unless it resists."""
        if not self._script.resists:
            await self.end(Exit(-9))

    async def end(self, ended: Exit) -> None:
        """It is gone from now on."""
        if self._own_end is not None and self._own_end is not asyncio.current_task():
            await cancel_and_wait(self._own_end)
        if self._server is not None:
            self._server.close()
        if not self._ended.done():
            self._ended.set_result(ended)
            self._provider.note("ended", self.name)
            self._provider.alive.pop(self.name, None)

    async def _give_way(self, grace: float) -> None:
        if self._script.stop_fails:
            raise EnvironmentFailedError(f"{self.name} cannot be stopped")
        if self._script.hangs or self._script.resists:
            await asyncio.get_running_loop().create_future()
        is_forced = self._script.ignores_stop or self._script.stop_takes > grace
        await self._provider.clock.sleep(grace if is_forced else self._script.stop_takes)
        await self.end(Exit(-9 if is_forced else -15))

    async def _end_by_itself(self, after: float) -> None:
        await self._provider.clock.sleep(after)
        await self.end(Exit(self._script.exit_code))

    async def _listen(self, target: int) -> Endpoint:
        if not self._script.listens:
            return Endpoint("fake.invalid", 40_000, target)
        ports = self._provider.ports
        wanted = ports.get((self.name, target), 0)
        self._server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", wanted)
        ports[self.name, target] = self._server.sockets[0].getsockname()[1]
        return Endpoint("127.0.0.1", ports[self.name, target], target)


@dataclass(slots=True)
class FakeProvider:
    """Starts what scripts describe.

    Args:
        clock: Where time passes.
        scripts: By component; one that is missing is ready at the first check and runs until it is stopped,
            or, when it is a one-shot, completes at once.
        prepare_takes: Seconds.
        prepare_fails: `prepare` raises after that time.
        refuses: Components it cannot run, with the reason.
        name: The provider's name.
        makes: What a component runs as.

    Attributes:
        alive: What runs now, by component.
        ports: Real ports by component and container port, kept over restarts.
        journal: What happened, in order: (prepared | starting | started | stopping | ended | closed, component).
    """

    clock: Clock
    scripts: Mapping[str, Script] = field(default_factory=dict)
    prepare_takes: float = 0.0
    prepare_fails: bool = False
    refuses: Mapping[str, str] = field(default_factory=dict)
    name: str = "fake"
    makes: type[FakeRunning] = FakeRunning
    alive: dict[str, FakeRunning] = field(default_factory=dict)
    ports: dict[tuple[str, int], int] = field(default_factory=dict)
    journal: list[tuple[str, str]] = field(default_factory=list)

    def note(self, what: str, component: str = "") -> None:
        """Write into the journal."""
        self.journal.append((what, component))

    def names(self, what: str) -> list[str]:
        """The components of one kind of journal entry, in order."""
        return [component for entry, component in self.journal if entry == what]

    def refusal(self, component: Component) -> str | None:
        """The scripted reason."""
        return self.refuses.get(component.name)

    async def prepare(self, _ecosystem: Ecosystem, _plan: Plan) -> None:
        """Take the scripted time, or fail."""
        await self.clock.sleep(self.prepare_takes)
        if self.prepare_fails:
            raise EnvironmentFailedError("the fake provider could not prepare")
        self.note("prepared")

    async def start(self, step: Step) -> FakeRunning:
        """Start what the script describes."""
        self.note("starting", step.name)
        script = self._script(step)
        await self.clock.sleep(script.start_takes)
        if script.start_fails:
            raise EnvironmentFailedError(f"{step.name} could not be started")
        running = self.makes(step, script, self)
        self.alive[step.name] = running
        self.note("started", step.name)
        await running.begin(step.component)
        return running

    async def aclose(self) -> tuple[str, ...]:
        """End what still runs; name what resists."""
        for running in list(self.alive.values()):
            await running.kill()
        self.note("closed")
        return tuple(f"fake component {name}" for name in self.alive)

    def _script(self, step: Step) -> Script:
        fallback = Script(exits_after=0.0) if step.is_one_shot else Script()
        return self.scripts.get(step.name, fallback)


class FakeRestartingProvider(FakeProvider):
    """A fake that can also restart."""

    async def restart(self, step: Step, environment: Mapping[str, str]) -> FakeRunning:
        """Stop and start with `environment` laid over."""
        old = self.alive.get(step.name)
        if old is not None:
            await old.stop(step.component.stop_grace_period)
        running = await self.start(step)
        running.environment = {**running.environment, **environment}
        return running
