"""Workers side by side each have all components for themselves, on copies of real seeded data."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from harness.core.errors import HarnessError, UsageError
from harness.engine import Environment
from harness.engine.worlds import Worlds
from harness.events.facts import (
    ComponentChanged,
    EnvironmentFailed,
    EnvironmentStarted,
    EnvironmentStopped,
    StateReset,
    WorldClosed,
    WorldOpened,
    WorldsPrepared,
)
from harness.faults import Kill
from harness.plan.model import Plan
from tests.contract.stage import skip_without_docker
from tests.contract.test_worlds import (
    connect,
    content,
    folder,  # noqa: F401 - a fixture
    opened_with_worlds,
    redis_of,
    write,
)
from tests.doubles.events import FakeEmit

Opened = tuple[Environment, Worlds]


@pytest.fixture(scope="module", params=["process", "docker"])
def provider(request: pytest.FixtureRequest) -> str:
    """Those that have worlds."""
    if request.param == "docker":
        skip_without_docker()
    return str(request.param)


@pytest.fixture(scope="module")
async def made(folder: Path, provider: str) -> AsyncIterator[Opened]:  # noqa: F811 - the fixture
    """One environment whose data is copied."""
    async with opened_with_worlds(folder, provider) as opened:
        await opened[1].prepare()
        yield opened


async def test_worlds_begin_with_the_seeded_state(made: Opened) -> None:
    """All of it: unlogged tables and sequences, which a copy of files loses or lets jump, among it."""
    environment, worlds = made
    async with worlds.open("one") as one, worlds.open("two") as two:
        assert await content(environment) == await content(one) == await content(two)
        assert await one.state.reset(is_proved=True) == {}


async def test_what_was_written_before_is_in_no_world(made: Opened) -> None:
    """What is copied is the seeded state, whatever is there at the moment."""
    environment, worlds = made
    before = await content(environment)
    await write(environment, ["UPDATE people SET name = name || '!'"], [0])
    await worlds.prepare()
    async with worlds.open("one") as one:
        assert await content(one) == before == await content(environment)


async def test_nobody_meets_what_another_writes(made: Opened) -> None:
    """And each is put back by itself."""
    environment, worlds = made
    before = await content(environment)
    async with worlds.open("one") as one, worlds.open("two") as two:
        await write(one, ["DELETE FROM orders", "SELECT nextval('tickets')"], [0])
        await write(two, ["TRUNCATE people CASCADE"], [1])
        await one.state.snapshot("without orders")
        assert await content(environment) == before
        assert set(await one.state.reset()) == set(await two.state.reset()) == {"db", "cache"}
        assert await content(one) == await content(two) == before
        await one.state.reset("without orders")
        with pytest.raises(UsageError, match="there is no snapshot 'without orders'"):
            await two.state.reset("without orders")


async def test_addresses_are_its_own_and_credentials_the_same(made: Opened) -> None:
    """A service of one world knows no other."""
    environment, worlds = made
    async with worlds.open("one") as one:
        assert one.id == environment.id
        for component in ("db", "cache"):
            assert one.endpoint(component) != environment.endpoint(component)
        assert (
            one.environment_of("db")["POSTGRES_PASSWORD"]
            == environment.environment_of("db")["POSTGRES_PASSWORD"]
        )


async def test_it_can_break_and_heal_alone(made: Opened) -> None:
    """Its faults are its own, and a component that comes back still has what it had."""
    environment, worlds = made
    async with worlds.open("one") as one, redis_of(environment) as redis:
        before = await content(one)
        number = await one.faults.inject(Kill("cache"))
        assert await redis.ping()
        await one.faults.heal(number)
        assert one.broken is environment.broken is None
        await one.state.reset()
        assert await content(one) == before


async def test_its_facts_carry_its_name(folder: Path, provider: str) -> None:  # noqa: F811 - the fixture
    """None of them is one about the environment."""
    emit = FakeEmit()
    async with opened_with_worlds(folder, provider, emit=emit) as (_, worlds):
        await worlds.prepare()
        async with worlds.open("one") as one:
            await one.state.reset()
    (prepared,) = emit.of(WorldsPrepared)
    assert prepared.components == ("db", "cache")
    assert [fact.world for fact in (*emit.of(WorldOpened), *emit.of(WorldClosed))] == ["one", "one"]
    assert {fact.world for fact in emit.of(ComponentChanged)} == {"", "one"}
    assert [fact.world for fact in emit.of(StateReset)] == ["", "one"]
    assert len(emit.of(EnvironmentStarted)) == len(emit.of(EnvironmentStopped)) == 1
    assert emit.of(EnvironmentFailed) == []


async def test_one_that_ends_leaves_nothing_of_it(made: Opened) -> None:
    """And the others where they were."""
    environment, worlds = made
    async with worlds.open("one") as one:
        addresses = [one.endpoint(component) for component in ("db", "cache")]
    for address in addresses:
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection(address.host, address.port)
    connection = await connect(environment)
    assert await connection.fetchval("SELECT 1") == 1
    await connection.close()


async def test_worlds_have_to_be_prepared(folder: Path, provider: str) -> None:  # noqa: F811 - the fixture
    """Nothing would be there for them to begin with."""
    async with opened_with_worlds(folder, provider) as (_, worlds):
        with pytest.raises(UsageError, match="no worlds are prepared"):
            async with worlds.open("one"):
                raise AssertionError("it was opened")


async def test_one_that_does_not_come_up_says_which(made: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    """And leaves the environment as it was."""
    environment, worlds = made
    missing = replace(
        environment.plan.steps[0].component, environment={}, command=("postgres", "-c", "no=such")
    )
    steps = (replace(environment.plan.steps[0], component=missing), *environment.plan.steps[1:])
    monkeypatch.setattr(type(environment), "plan", Plan(steps))
    with pytest.raises(HarnessError, match="in the world of one: db"):
        async with worlds.open("one"):
            raise AssertionError("it was opened")
    assert environment.broken is None
