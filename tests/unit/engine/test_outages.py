"""Faults that take a component away, or apart from others, with what its provider can and without."""

import pytest

from harness.core.endpoint import Endpoint
from harness.core.errors import NotPossibleHereError, UsageError
from harness.events.facts import ComponentExited, EnvironmentFailed, State
from harness.faults import TESTS, Crash, Cut, Heal, Latency, Partition, ScaleToZero
from harness.faults.base import Fault
from harness.faults.link import Link
from harness.plan.model import Step
from harness.providers.base import Exit
from tests.doubles.clock import FakeClock, in_virtual_time
from tests.doubles.events import FakeEmit
from tests.doubles.opened import opened
from tests.doubles.plans import make_plan
from tests.doubles.provider import FakeRestartingProvider, FakeRunning, Script

PLAN = make_plan({"db": (), "api": ("db",), "web": ("api",)})


class FakePod(FakeRunning):
    """One that something starts again when it is killed, and that can be left without replicas."""

    async def replace(self) -> None:
        """Write it down."""
        self._provider.note("replaced", self.name)

    async def scale_to_zero(self) -> None:
        """All of it ends."""
        self._provider.note("scaled", self.name)
        await self.end(Exit(-15))


class FakeCluster(FakeRestartingProvider):
    """A network that keeps groups apart, and proxies before components for the tests alone."""

    def __init__(self) -> None:
        super().__init__(FakeClock())
        self.links = [Link(TESTS, name, Endpoint("127.0.0.1", 1, 80)) for name in ("db", "api")]

    async def start(self, step: Step) -> FakeRunning:
        """A pod."""
        running = FakePod(step, Script(), self)
        self.alive[step.name] = running
        return running

    def unlinked(self, source: str) -> str:
        """Why pods have none."""
        return "" if source == TESTS else "pods reach each other directly"

    async def separate(self, groups: list[list[str]]) -> Heal:
        """Write it down."""
        told = " | ".join(" ".join(group) for group in groups)
        self.note("separated", told)

        async def heal() -> None:
            self.note("joined", told)

        return heal


@in_virtual_time
async def test_a_crash_is_a_kill_and_a_start() -> None:
    """Where nothing else looks after it; it has come back by then."""
    provider, emit = FakeRestartingProvider(FakeClock()), FakeEmit()
    async with opened(PLAN, provider, emit) as environment:
        await environment.faults.inject(Crash("db"))
        assert emit.of(ComponentExited)[-1].exit_code == -9
        assert environment.states["db"] is State.READY
        assert provider.names("started").count("db") == 2
    assert emit.of(EnvironmentFailed) == []


@in_virtual_time
async def test_a_crash_is_left_to_what_looks_after_it() -> None:
    """Its end is none of the environment's then."""
    provider, emit = FakeCluster(), FakeEmit()
    async with opened(PLAN, provider, emit) as environment:
        await environment.faults.inject(Crash("db"))
        assert provider.names("replaced") == ["db"]
        assert emit.of(ComponentExited) == []
        assert environment.states["db"] is State.READY


@in_virtual_time
@pytest.mark.parametrize("kind", [FakeRestartingProvider, FakeCluster])
async def test_what_has_no_replicas_has_ended_until_it_heals(kind: type[FakeRestartingProvider]) -> None:
    """Politely, by the cluster's own means where there are such."""
    provider, emit = FakeCluster() if kind is FakeCluster else FakeRestartingProvider(FakeClock()), FakeEmit()
    async with opened(PLAN, provider, emit) as environment:
        number = await environment.faults.inject(ScaleToZero("db"))
        assert (emit.of(ComponentExited)[-1].exit_code, environment.states["db"]) == (-15, State.STOPPED)
        assert provider.names("scaled") == (["db"] if kind is FakeCluster else [])
        with pytest.raises(UsageError, match="db is stopped"):
            await environment.faults.inject(Crash("db"))
        await environment.faults.heal(number)
        assert environment.states["db"] is State.READY
    assert emit.of(EnvironmentFailed) == []


@in_virtual_time
async def test_a_network_separates_components_and_proxies_the_tests() -> None:
    """Each what it can; healing takes both back."""
    provider = FakeCluster()
    async with opened(PLAN, provider, FakeEmit()) as environment:
        number = await environment.faults.inject(Partition((("api", TESTS), ("db",))))
        assert provider.names("separated") == ["api | db"]
        assert [link.component for link in provider.links if link.rules] == ["db"]
        await environment.faults.heal(number)
        assert provider.names("joined") == ["api | db"]
        assert not any(link.rules for link in provider.links)
        await environment.faults.inject(Partition(((TESTS,), ("api", "db"))))
        assert [link.component for link in provider.links if link.rules] == ["db", "api"]
        assert provider.names("separated") == ["api | db"]


@in_virtual_time
@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (Latency("db", 1.0), "no proxy stands between api and db: pods reach each other directly"),
        (Cut("db", sources=("web",)), "no proxy stands between web and db: pods reach each other directly"),
    ],
)
async def test_what_not_everybody_would_feel_is_refused(fault: Fault, told: str) -> None:
    """A fault that is felt by some of those it names would prove nothing."""
    provider = FakeCluster()
    async with opened(PLAN, provider, FakeEmit()) as environment:
        with pytest.raises(NotPossibleHereError, match=told) as refused:
            await environment.faults.inject(fault)
        assert "sources=(TESTS,)" in refused.value.hint
        await environment.faults.inject(Latency("db", 1.0, sources=(TESTS,)))
