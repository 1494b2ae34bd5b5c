"""Embedded servers: a start that is broken off, one that is done anew, a password on the command line, faults.

Postgres has processes in sessions of their own, and Redis shows none of its variables: a fault has to find them all.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import MappingProxyType

import asyncpg
import pytest
import redis.asyncio

from harness.core.clock import SystemClock
from harness.core.endpoint import Endpoint
from harness.core.ids import new_environment_id
from harness.engine import Environment, open_environment
from harness.faults import Kill, Pause
from harness.plan.model import Plan, Step
from harness.providers.base import Place, Running
from harness.providers.process.provider import ProcessProvider
from harness.providers.process.storage.folders import data_root
from harness.providers.process.tracking.ownership import owned
from harness.readiness.redis import RedisProbe
from harness.readiness.tcp import TcpProbe
from harness.readiness.wait import wait_until_ready
from harness.spec.model import Component, ComponentSettings, Ecosystem, Location, Mount
from tests.doubles.events import FakeEmit

HERE = Location(Path(__file__), 1)
AT_ONCE = 0.15  # seconds in which what does not hang has long answered
SCRIPT = "CREATE TABLE visits (id serial); INSERT INTO visits DEFAULT VALUES;"


@pytest.fixture
def step(tmp_path: Path) -> Step:
    """A Postgres that one init script is mounted into."""
    script = tmp_path / "1-visits.sql"
    script.write_text(SCRIPT)
    mount = Mount("bind", f"/docker-entrypoint-initdb.d/{script.name}", str(script))
    variables = MappingProxyType({"POSTGRES_PASSWORD": "written"})
    return Step(Component("db", HERE, image="postgres:16", environment=variables, mounts=(mount,)), level=0)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """Where the environment lives."""
    return Place(new_environment_id(), tmp_path / "runtime", tmp_path / "logs")


@pytest.fixture
async def provider(place: Place, step: Step, cache: Path) -> AsyncIterator[ProcessProvider]:
    """A provider that is prepared for Postgres."""
    async with prepared(place, step, cache) as made:
        yield made


@asynccontextmanager
async def prepared(place: Place, step: Step, cache: Path) -> AsyncIterator[ProcessProvider]:
    """A provider that leaves nothing, whatever the test did."""
    made = ProcessProvider.of(place, cache, SystemClock())
    ecosystem = Ecosystem("example", HERE.path.parent, (HERE.path,), {step.name: step.component})
    try:
        await made.prepare(ecosystem, Plan((step,)))
        yield made
    finally:
        leftovers = await made.aclose()
    assert leftovers == ()
    assert owned(place.environment_id) == []
    assert found(data_root(), f"*{place.environment_id}*") == []
    assert found(cache, ".postgres-*") == []


def found(folder: Path, pattern: str) -> list[Path]:
    """What is in a folder by that name."""
    return list(folder.glob(pattern))


async def is_ready(running: Running) -> None:
    """Wait until it answers."""
    exited = asyncio.ensure_future(running.exited())
    assert await wait_until_ready("it", running.probe(), SystemClock(), 30, exited) is not None
    exited.cancel()


async def connect(endpoint: Endpoint) -> "asyncpg.Connection[asyncpg.Record]":
    """A connection as a component would make it."""
    return await asyncpg.connect(
        host=endpoint.host, port=endpoint.port, user="postgres", password="written", database="postgres"
    )


@pytest.mark.parametrize("moment", ["data.partial", "data", "data/postmaster.pid"])
async def test_a_start_is_broken_off(
    provider: ProcessProvider, place: Place, step: Step, moment: str
) -> None:
    """While the template is copied, before and while the server is set up: the fixture finds nothing left."""
    starting = asyncio.ensure_future(provider.start(step))
    while not starting.done() and not found(  # noqa: ASYNC110 - another process makes the file
        data_root() / f"harness-{place.environment_id}", f"db/{moment}"
    ):
        await asyncio.sleep(0)
    starting.cancel()
    await asyncio.wait({starting})
    assert starting.cancelled()


async def test_a_template_is_made_to_its_end(cache: Path, provider: ProcessProvider) -> None:
    """Closing waits for it: nothing works on in folders that are removed."""
    await provider.aclose()
    assert len(found(cache, "postgres-*")) == 1


async def test_started_anew_it_has_its_data(provider: ProcessProvider, step: Step) -> None:
    """What was committed at the last moment is there, and the init scripts ran once."""
    first = await provider.start(step)
    await is_ready(first)
    connection = await connect(first.endpoints[5432])
    await connection.execute("INSERT INTO visits DEFAULT VALUES")
    await first.stop(10)
    connection.terminate()
    second = await provider.restart(step, {})
    await is_ready(second)
    connection = await connect(second.endpoints[5432])
    assert await connection.fetchval("SELECT count(*) FROM visits") == 2
    await connection.close()


async def test_a_redis_started_anew_has_its_data(place: Place, cache: Path) -> None:
    """It is asked to end, not killed, and saves what it has; nobody wrote a port, and it has its usual one."""
    step = Step(Component("cache", HERE, image="redis:6"), level=0)
    async with prepared(place, step, cache) as provider:
        first = await provider.start(step)
        await is_ready(first)
        endpoint = first.endpoints[6379]
        async with redis.asyncio.Redis(host=endpoint.host, port=endpoint.port) as client:
            await client.set("word", "kept")
        await first.stop(10)
        second = await provider.restart(step, {})
        await is_ready(second)
        async with redis.asyncio.Redis(host=endpoint.host, port=endpoint.port) as client:
            assert await client.get("word") == b"kept"


async def test_a_password_in_the_command_is_random_everywhere(place: Place, cache: Path) -> None:
    """The server asks for the random one, and the probe knows it: it could not tell it is ready otherwise."""
    component = Component(
        "cache",
        HERE,
        image="redis:7",
        command=("redis-server", "--requirepass", "written"),
        environment=MappingProxyType({"REDIS_PASSWORD": "written"}),
        settings=ComponentSettings(random=("REDIS_PASSWORD",)),
    )
    step = Step(component, level=0)
    async with prepared(
        place, step, cache
    ) as provider:  # closing it ends a Redis, whose marker cannot be read
        running = await provider.start(step)
        await is_ready(running)
        (endpoint,) = running.endpoints.values()
        drawn = running.environment["REDIS_PASSWORD"]
        assert drawn != "written"
        assert (await RedisProbe(endpoint, drawn).check()).is_ready
        assert not (await RedisProbe(endpoint, "written").check()).is_ready
    assert not (await TcpProbe(endpoint).check()).is_ready


@pytest.fixture
async def environment(place: Place, step: Step, cache: Path) -> AsyncIterator[Environment]:
    """Postgres as `db` and Redis as `cache`."""
    plan = Plan((step, Step(Component("cache", HERE, image="redis:6"), level=0)))
    ecosystem = Ecosystem(
        "example", HERE.path.parent, (HERE.path,), {s.name: s.component for s in plan.steps}
    )
    provider = ProcessProvider.of(place, cache, SystemClock())
    async with open_environment(
        plan, ecosystem, provider, place, clock=SystemClock(), emit=FakeEmit()
    ) as opened:
        yield opened


async def test_a_paused_postgres_answers_nobody(environment: Environment) -> None:
    """Not even on a connection whose own process serves it; when it goes on, it answers what was asked."""
    connection = await connect(environment.endpoint("db"))
    number = await environment.faults.inject(Pause("db"))
    asked = asyncio.ensure_future(connection.fetchval("SELECT 6 * 7"))
    assert not (await asyncio.wait({asked}, timeout=AT_ONCE))[0]
    await environment.faults.heal(number)
    assert await asked == 42
    await connection.close()


async def test_a_killed_postgres_recovers_what_was_committed(environment: Environment) -> None:
    """It was not asked to shut down, and replays its log."""
    connection = await connect(environment.endpoint("db"))
    await connection.execute("INSERT INTO visits DEFAULT VALUES")
    number = await environment.faults.inject(Kill("db"))
    connection.terminate()
    with pytest.raises(ConnectionRefusedError):
        await connect(environment.endpoint("db"))
    await environment.faults.heal(number)
    connection = await connect(environment.endpoint("db"))
    assert await connection.fetchval("SELECT count(*) FROM visits") == 2
    await connection.close()


async def test_a_paused_redis_answers_nobody(environment: Environment) -> None:
    """Until it goes on."""
    endpoint = environment.endpoint("cache")
    async with redis.asyncio.Redis(host=endpoint.host, port=endpoint.port) as client:
        await client.set("word", "kept")
        number = await environment.faults.inject(Pause("cache"))
        asked = asyncio.ensure_future(client.get("word"))
        assert not (await asyncio.wait({asked}, timeout=AT_ONCE))[0]
        await environment.faults.heal(number)
        assert await asked == b"kept"
