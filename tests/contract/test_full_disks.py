"""A full disk on every provider that can: Redis cannot save, loses nothing, and saves again when there is room.

As a process its disk is a file system that the harness mounts, which takes root; the test of one without is below.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import redis.asyncio
from redis.exceptions import ResponseError

from harness.core.errors import UsageError
from harness.engine import Environment
from harness.events.facts import FaultHealed
from harness.faults import DiskFull, Kill, Pause, Restart
from harness.plan.model import Plan, Step
from harness.providers.process.storage import disks
from harness.providers.process.storage.account import Account
from harness.spec.model import Component, Ecosystem, Mount, Port, Resources
from tests.contract.ecosystem import HERE, Tiny
from tests.contract.opened import opened, under
from tests.contract.stage import STAGES, Stage, make_place, skip_without_docker
from tests.doubles.events import FakeEmit

IMAGE = "redis:7"
SIZE = 8 << 20
PORT = 6379
PLENTY = Resources()
_PATIENCE = 20.0  # seconds


class Store:
    """An open environment of `cache`, and of `narrow`, whose memory is small beside its disk."""

    def __init__(self, environment: Environment, provider: str) -> None:
        self.environment = environment
        self.provider = provider
        endpoint = environment.endpoint("cache")
        self.redis = redis.asyncio.Redis(host=endpoint.host, port=endpoint.port)

    async def has_logged(self, text: str) -> None:
        """Return once `cache` has; a line takes a while from there to here."""
        async with asyncio.timeout(_PATIENCE):
            while not any(text in line for line in self.environment.tail("cache")):  # noqa: ASYNC110 - a file grows
                await asyncio.sleep(0.01)

    async def save(self, key: str) -> None:
        """Write some data, which takes room on the disk. Raises ResponseError when there is none."""
        await self.redis.set(key, secrets.token_bytes(200_000))
        await self.redis.save()


@pytest.fixture(params=["docker", "process"])
def stage(request: pytest.FixtureRequest, tmp_path: Path, cache: Path) -> Stage:
    """A provider for both components."""
    if request.param == "docker":
        skip_without_docker(IMAGE)
    steps = (_step("cache"), _step("narrow", Resources(memory=SIZE * 3 // 2)))
    components = {step.name: step.component for step in steps}
    ecosystem = Ecosystem(name="store", directory=tmp_path, files=(HERE.path,), components=components)
    tiny = Tiny(secrets.token_hex(8), ecosystem, Plan(steps))
    return STAGES[request.param](tiny, make_place(tmp_path), cache)


def _step(name: str, resources: Resources = PLENTY) -> Step:
    component = Component(
        name=name,
        location=HERE,
        image=IMAGE,
        ports=(Port(PORT),),
        mounts=(Mount("tmpfs", "/data", size=SIZE),),
        resources=resources,
        stop_grace_period=0.5,  # a Redis that cannot save does not end when it is asked to
    )
    return Step(component, level=0)


@asynccontextmanager
async def opened_store(stage: Stage, emit: FakeEmit) -> AsyncIterator[Store]:
    """Everything up; nothing is left afterwards, and nothing broke it."""
    async with opened(stage, emit) as environment:
        store = Store(environment, stage.provider.name)
        yield store
        await store.redis.aclose()


@pytest.fixture
async def store(stage: Stage) -> AsyncIterator[Store]:
    """Both up."""
    if stage.provider.name == "process" and not _may_mount(stage.place.runtime):
        pytest.skip("missing: the right to mount (CAP_SYS_ADMIN)")
    async with opened_store(stage, FakeEmit()) as made:
        yield made


def _may_mount(folder: Path) -> bool:
    try:
        return disks.mount_disk(folder, SIZE, Account())
    finally:
        disks.unmount_below(folder)


async def test_what_is_full_takes_nothing_until_it_is_healed(store: Store) -> None:
    """The component lives on with what it has; the reason in its log is the system's own."""
    await store.save("before")
    async with under(store.environment, DiskFull("cache")):
        with pytest.raises(ResponseError):
            await store.save("meanwhile")
        await store.has_logged("No space left on device")
        assert await store.redis.exists("before", "meanwhile") == 2
    await store.save("afterwards")


async def test_a_component_that_stands_still_is_freed_too(store: Store) -> None:
    """Whichever of the two faults heals first."""
    full = await store.environment.faults.inject(DiskFull("cache"))
    async with under(store.environment, Pause("cache")):
        await store.environment.faults.heal(full)
    await store.save("afterwards")


async def test_a_restart_and_a_death_under_it_heal(store: Store) -> None:
    """It cannot save when it is asked to end, and starts all the same; afterwards there is room."""
    async with under(store.environment, DiskFull("cache")), under(store.environment, Kill("cache")):
        pass
    async with under(store.environment, DiskFull("cache")), under(store.environment, Restart("cache")):
        pass
    await store.save("afterwards")


async def test_a_tmpfs_that_is_large_for_the_memory_is_not_filled(store: Store) -> None:
    """A container is killed for what its tmpfs holds; a process has no limit here."""
    if store.provider == "docker":
        with pytest.raises(UsageError, match="narrow has 12 MiB of memory"):
            await store.environment.faults.inject(DiskFull("narrow"))
    else:
        async with under(store.environment, DiskFull("narrow")):
            await store.save("elsewhere")  # the disk is narrow's own


async def test_the_teardown_frees_what_is_full(stage: Stage) -> None:
    """And leaves no file system mounted."""
    emit = FakeEmit()
    async with opened_store(stage, emit) as store:
        try:
            await store.environment.faults.inject(DiskFull("cache"))
        except UsageError:
            pytest.skip("missing: the right to mount (CAP_SYS_ADMIN)")
    assert [event.reason for event in emit.of(FaultHealed)] == ["the environment ends"]


async def test_without_the_right_to_mount_nothing_is_filled(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a process writes goes to the machine's own disk then, which is nobody's to fill."""
    if stage.provider.name != "process":
        pytest.skip("containers mount by themselves")
    monkeypatch.setattr("harness.providers.process.servers.mount_disk", lambda *_: False)
    async with opened_store(stage, FakeEmit()) as store:
        with pytest.raises(UsageError, match="cache has no file system of its own at /data") as caught:
            await store.environment.faults.inject(DiskFull("cache"))
        assert "root" in caught.value.hint
        await store.save("afterwards")
