"""A component's disk is full for as long as the fault is on, whatever becomes of both meanwhile."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace

import pytest

from harness.core.errors import UsageError
from harness.core.tasks import cancel_and_wait
from harness.events.facts import FaultInjected
from harness.faults import DiskFull, Kill, Restart
from harness.plan.model import Step
from harness.spec.model import Mount
from tests.doubles.clock import FakeClock, in_virtual_time
from tests.doubles.events import FakeEmit
from tests.doubles.opened import opened
from tests.doubles.plans import component, make_plan
from tests.doubles.provider import FakeProvider, FakeRestartingProvider, FakeRunning, Script

DISK = Mount("tmpfs", "/data", size=1 << 20)
PLAN = make_plan({"db": (), "api": ("db",)}, {"db": replace(component("db"), mounts=(DISK,))})


class FakeFillable(FakeRunning):
    """One whose disk can be full. It is written into the provider's journal."""

    async def fill_disk(self, mount: Mount) -> None:
        """Take a second; there may be something against it."""
        self._provider.note("filled", f"{self.name}:{mount.target}")
        await self._provider.clock.sleep(1)
        if self._script.lines:
            raise UsageError(self._script.lines[0])

    async def free_disk(self, mount: Mount) -> None:
        """Take note."""
        self._provider.note("freed", f"{self.name}:{mount.target}")


class FakeFillableProvider(FakeRestartingProvider):
    """Starts what can be filled."""

    async def start(self, step: Step) -> FakeRunning:
        """As scripted."""
        running = FakeFillable(step, self._script(step), self)
        self.alive[step.name] = running
        await running.begin(step.component)
        return running


def provider(scripts: Mapping[str, Script] | None = None) -> FakeFillableProvider:
    """One on a clock of its own."""
    return FakeFillableProvider(FakeClock(), scripts or {})


@in_virtual_time
async def test_it_is_full_once_at_a_time() -> None:
    """And can be so again after it was freed."""
    fake = provider()
    async with opened(PLAN, fake, FakeEmit()) as environment:
        number = await environment.faults.inject(DiskFull("db"))
        with pytest.raises(UsageError, match="/data of db is full already"):
            await environment.faults.inject(DiskFull("db", "/data"))
        await environment.faults.heal(number)
        assert fake.names("freed") == ["db:/data"]
        await environment.faults.inject(DiskFull("db"))
    assert fake.names("freed") == ["db:/data", "db:/data"]  # the teardown's: it has to be able to stop


@in_virtual_time
@pytest.mark.parametrize("other", [Kill("db"), Restart("db")])
async def test_whatever_runs_in_its_place_is_freed(other: Kill | Restart) -> None:
    """In whichever order the two heal."""
    fake = provider()
    async with opened(PLAN, fake, FakeEmit()) as environment:
        full, gone = [await environment.faults.inject(fault) for fault in (DiskFull("db"), other)]
        await environment.faults.heal(gone)
        await environment.faults.heal(full)
        full, gone = [await environment.faults.inject(fault) for fault in (DiskFull("db"), other)]
        await environment.faults.heal(full)
        await environment.faults.heal(gone)
    assert len(fake.names("freed")) == 2


@in_virtual_time
async def test_what_is_refused_has_changed_nothing() -> None:
    """It may be asked for again, and nothing is stated."""
    fake, emit = provider({"db": Script(lines=("there is no dd",))}), FakeEmit()
    async with opened(PLAN, fake, emit) as environment:
        for _ in range(2):
            with pytest.raises(UsageError, match="there is no dd"):
                await environment.faults.inject(DiskFull("db"))
        with pytest.raises(UsageError, match="api has no file system of its own"):
            await environment.faults.inject(DiskFull("api"))
    assert emit.of(FaultInjected) == []
    assert fake.names("freed") == []


@in_virtual_time
async def test_what_is_broken_off_is_freed() -> None:
    """Who asked has left before it was full."""
    fake = provider()
    async with opened(PLAN, fake, FakeEmit()) as environment:
        filling = asyncio.ensure_future(environment.faults.inject(DiskFull("db")))
        while not fake.names("filled"):  # noqa: ASYNC110 - two turns of the loop
            await asyncio.sleep(0)
        await cancel_and_wait(filling)
        assert fake.names("freed") == ["db:/data"]


@in_virtual_time
async def test_a_provider_that_cannot_says_so() -> None:
    """By its name."""
    async with opened(PLAN, FakeProvider(FakeClock()), FakeEmit()) as environment:
        with pytest.raises(UsageError, match="the fake provider cannot fill a disk of db"):
            await environment.faults.inject(DiskFull("db"))
