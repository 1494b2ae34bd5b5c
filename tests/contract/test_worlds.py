"""What was written to a real Postgres and a real Redis is put back, whatever it was; what cannot be is refused."""

import asyncio
import contextlib
import os
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis
from redis.exceptions import RedisError

from harness.core.clock import SystemClock
from harness.core.errors import UsageError
from harness.core.ids import new_environment_id
from harness.engine import Environment, open_environment
from harness.engine.worlds import Worlds
from harness.faults import Kill
from harness.plan.model import Plan, Step
from harness.providers.base import Place, Provider
from harness.providers.docker.provider import DockerProvider
from harness.providers.process.provider import ProcessProvider
from harness.spec.model import (
    Component,
    Ecosystem,
    EcosystemSettings,
    Isolation,
    Location,
    Mount,
    Port,
)
from harness.worlds.base import SEEDED
from harness.worlds.error import WorldError
from tests.contract.stage import skip_without_docker
from tests.doubles.events import FakeEmit

HERE = Location(Path(__file__), 1)
SCHEMA = """
CREATE TABLE people (id serial PRIMARY KEY, name text UNIQUE, born date DEFAULT '2000-01-01');
CREATE TABLE orders (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    person int NOT NULL REFERENCES people ON DELETE CASCADE,
    price numeric NOT NULL, taxed numeric GENERATED ALWAYS AS (price * 1.19) STORED);
CREATE TABLE notes (said text, at int);
CREATE TABLE pairs (a int, b int, "what is" jsonb, PRIMARY KEY (b, a));
CREATE SCHEMA "Other Place";
CREATE UNLOGGED TABLE "Other Place"."Mixed ""Name" (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), data bytea);
CREATE TABLE events (id int, day int, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM (0) TO (10);
CREATE TABLE events_2 PARTITION OF events FOR VALUES FROM (10) TO (20);
CREATE TABLE animals (id int PRIMARY KEY, name text);
CREATE TABLE dogs (tricks int) INHERITS (animals);
CREATE TABLE covered (id int, extra json, PRIMARY KEY (id) INCLUDE (extra));
CREATE TABLE doubled (n int, twice int GENERATED ALWAYS AS (n * 2) STORED PRIMARY KEY);
CREATE TABLE bare ();
CREATE TABLE lost (id int PRIMARY KEY, found text, "100%" int);
CREATE TABLE "found" (found text, n int);
CREATE TABLE computed (n int GENERATED ALWAYS AS (7) STORED);
CREATE SEQUENCE tickets START 100;
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'nobody leaves'; END $$;
INSERT INTO people (name) SELECT 'person ' || n FROM generate_series(1, 20) n;
INSERT INTO orders (person, price) SELECT id, id * 10 FROM people;
INSERT INTO notes SELECT 'the same', 1 FROM generate_series(1, 3);
INSERT INTO pairs SELECT n, n + 1, jsonb_build_object('n', n) FROM generate_series(1, 10) n;
INSERT INTO "Other Place"."Mixed ""Name" (data) SELECT decode(md5(n::text), 'hex') FROM generate_series(1, 5) n;
INSERT INTO events SELECT n, n FROM generate_series(0, 19) n;
INSERT INTO animals VALUES (1, 'a cat');
INSERT INTO dogs VALUES (2, 'a dog', 3);
INSERT INTO covered VALUES (1, '{}'), (2, NULL);
INSERT INTO doubled VALUES (1), (2);
INSERT INTO bare DEFAULT VALUES;
INSERT INTO lost VALUES (1, 'a key', 5), (2, NULL, NULL);
INSERT INTO "found" VALUES ('a glove', 1);
INSERT INTO computed DEFAULT VALUES;
SELECT nextval('tickets');
"""
TABLES = (
    "people",
    "orders",
    "notes",
    "pairs",
    '"Other Place"."Mixed ""Name"',
    "events",
    "animals",
    "dogs",
    "covered",
    "doubled",
    "bare",
    "lost",
    '"found"',
    "computed",
)
SEQUENCES = ("people_id_seq", "orders_id_seq", "tickets")
WRITES = (
    "INSERT INTO people (name) VALUES ('new ' || random())",
    "UPDATE people SET born = born + 1 WHERE id % 3 = 0",
    "DELETE FROM orders WHERE person = 4; UPDATE people SET id = id + 1000 WHERE id = 4",
    "DELETE FROM people WHERE id = (SELECT max(id) FROM people)",
    "INSERT INTO orders (person, price) SELECT min(id), 5 FROM people HAVING count(*) > 0",
    "UPDATE orders SET price = price + 1",
    "TRUNCATE people CASCADE",
    "TRUNCATE orders RESTART IDENTITY",
    "INSERT INTO notes VALUES ('more', 2)",
    "DELETE FROM notes WHERE ctid = (SELECT min(ctid) FROM notes)",
    "UPDATE pairs SET a = a + 100 WHERE a < 5",
    """UPDATE "Other Place"."Mixed ""Name" SET data = NULL""",
    "UPDATE events SET day = 19 - day",
    "DELETE FROM events_2 WHERE id > 15",
    "UPDATE animals SET name = 'nobody'",
    "DELETE FROM dogs",
    "UPDATE covered SET extra = NULL",
    "DELETE FROM covered WHERE id = 2",
    "UPDATE doubled SET n = n + 1",
    "DELETE FROM bare",
    "INSERT INTO bare DEFAULT VALUES",
    "UPDATE lost SET found = 'it'",
    "DELETE FROM lost WHERE found IS NULL",
    "INSERT INTO found VALUES ('a hat', 2)",
    "INSERT INTO computed DEFAULT VALUES; DELETE FROM computed WHERE ctid = (SELECT min(ctid) FROM computed)",
    "INSERT INTO dogs VALUES (7, 'another', 0)",
    "SELECT nextval('tickets')",
    "SELECT setval('tickets', 1000, false)",
    "VACUUM people",
    "VACUUM FREEZE orders",
    "CREATE TEMP TABLE IF NOT EXISTS scratch (n int)",
)
KEYS: tuple[Callable[[Redis], Awaitable[object]], ...] = (
    lambda redis: redis.set("greeting", "changed"),
    lambda redis: redis.delete("greeting"),
    lambda redis: redis.set("new", "1", ex=100),
    lambda redis: redis.expire("basket", 50),
    lambda redis: redis.hset("basket", "pears", 1),
    lambda redis: redis.xadd("stream", {"n": "9"}),
    lambda redis: redis.xreadgroup("readers", "me", {"stream": ">"}),
    lambda redis: redis.xgroup_destroy("stream", "readers"),
    lambda redis: redis.flushall(),
    lambda redis: redis.swapdb(0, 3),
    lambda redis: redis.rename("basket", "elsewhere"),
    lambda redis: redis.bgsave(),
)

UNORDERED: Mapping[object, Callable[[Redis, Any], Awaitable[object]]] = {
    b"set": lambda redis, key: redis.smembers(key),
    b"hash": lambda redis, key: redis.hgetall(key),
}
EXPIRING = (2, 3)  # compared by the second, they would differ by one now and then
ACTIONS = st.one_of(
    st.tuples(st.just("write"), st.sampled_from(WRITES)),
    st.tuples(st.just("command"), st.sampled_from([str(n) for n in range(len(KEYS)) if n not in EXPIRING])),
    st.tuples(st.just("keep"), st.sampled_from(["one", "two"])),
    st.tuples(st.just("reset"), st.sampled_from([SEEDED, "one", "two"])),
)


class Seeding:
    """What is in the Redis when its state is kept, some of it not in the first database."""

    counts: Mapping[str, int] = MappingProxyType({})
    digest = ""

    async def seed(self, environment: Environment) -> "Seeding":
        """Values of every kind."""
        async with redis_of(environment) as redis:
            await redis.set("greeting", "hello")
            await redis.hset("basket", mapping={"apples": "3", "pears": "4"})
            await redis.sadd("colours", "red", "green")
            await redis.sadd("crowd", *range(1030))
            await redis.hset("directory", mapping={str(n): n for n in range(1030)})
            await redis.rpush("queue", "a", "b")
            for n in range(3):
                await redis.xadd("stream", {"n": str(n)})
            await redis.xgroup_create("stream", "readers", id="0")
            await redis.xreadgroup("readers", "me", {"stream": ">"}, count=1)
        async with redis_of(environment, 3) as redis:
            await redis.set("greeting", "hello from 3")
        return self


def redis_of(environment: Environment, number: int = 0) -> "Redis":
    """A client, as a component would make it."""
    at = environment.endpoint("cache")
    return Redis(host=at.host, port=at.port, db=number, decode_responses=False)


async def connect(environment: Environment) -> "asyncpg.Connection[asyncpg.Record]":
    """A connection, as a component would make it."""
    at = environment.endpoint("db")
    return await asyncpg.connect(
        host=at.host, port=at.port, user="postgres", password="written", database="postgres"
    )


async def content(environment: Environment) -> dict[str, object]:
    """All there is in both stores."""
    connection = await connect(environment)
    found: dict[str, object] = {}
    for table in TABLES:
        rows = f"SELECT array_agg(t::text ORDER BY tableoid, t::text) FROM {table} t"  # noqa: S608 - ours
        found[table] = await connection.fetchval(rows)
    for sequence in SEQUENCES:
        drawn = f"SELECT last_value, is_called FROM {sequence}"  # noqa: S608 - ours
        found[sequence] = await connection.fetchrow(drawn)
    await connection.close()
    for number in (0, 3):
        async with redis_of(environment, number) as redis:
            for key in await redis.keys():
                dump = await redis.dump(key)
                value = (
                    await UNORDERED[kind](redis, key)
                    if (kind := await redis.type(key)) in UNORDERED
                    else dump
                )
                found[f"{number}:{key!r}"] = (value, await redis.ttl(key))
    return found


async def write(environment: Environment, statements: list[str], commands: list[int]) -> None:
    """Do all of it; what the stores refuse is part of the game."""
    connection = await connect(environment)
    for statement in statements:
        with contextlib.suppress(asyncpg.PostgresError):
            await connection.execute(statement)
    await connection.close()
    async with redis_of(environment) as redis:
        for number in commands:
            with contextlib.suppress(RedisError):
                await KEYS[number](redis)


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A cache and init scripts that the servers' account can enter, which pytest's own folders do not let it."""
    made = Path(tempfile.mkdtemp(prefix="harness-worlds-"))
    made.chmod(0o711)
    (made / "1-schema.sql").write_text(SCHEMA)
    yield made
    shutil.rmtree(made)


@pytest.fixture(scope="module", params=["process", "docker"])
def provider(request: pytest.FixtureRequest) -> str:
    """Where the stores run: other versions, other addresses, the same semantics."""
    if request.param == "docker":
        skip_without_docker()
    return str(request.param)


@pytest.fixture(scope="module")
async def environment(folder: Path, provider: str) -> AsyncIterator[Environment]:
    """One for all tests that leave it as it was."""
    async with opened(folder, provider) as made:
        yield made


@contextlib.asynccontextmanager
async def opened(folder: Path, provider: str, *more: Path) -> AsyncIterator[Environment]:
    """A Postgres and a Redis whose state is kept once they are there; `more` are init scripts after the first."""
    async with opened_with_worlds(folder, provider, *more) as (made, _):
        yield made


@contextlib.asynccontextmanager
async def opened_with_worlds(
    folder: Path, provider: str, *more: Path, emit: FakeEmit | None = None
) -> AsyncIterator[tuple[Environment, Worlds]]:
    """And what opens worlds beside it."""
    files = [folder / "1-schema.sql", *more]
    scripts = [Mount("bind", f"/docker-entrypoint-initdb.d/{file.name}", str(file)) for file in files]
    password = MappingProxyType({"POSTGRES_PASSWORD": "written"})
    db = Component(
        "db",
        HERE,
        image="postgres:15",
        command=("postgres", "-c", "max_prepared_transactions=2"),
        environment=password,
        mounts=tuple(scripts),
        ports=(Port(5432),),
    )
    steps = (
        Step(db, level=0),
        Step(Component("cache", HERE, image="redis:7", ports=(Port(6379),)), level=0),
    )
    place = Place(new_environment_id(), folder / new_environment_id(), folder / "logs")
    place.runtime.mkdir(mode=0o700)
    place.logs.mkdir(exist_ok=True)
    ecosystem = Ecosystem(
        "example", folder, (HERE.path,), {step.name: step.component for step in steps},
        settings=EcosystemSettings(isolation=Isolation.RESET),
    )  # fmt: skip
    making: dict[str, Callable[[], Provider]] = {
        "process": lambda: ProcessProvider.of(place, folder, SystemClock()),
        "docker": lambda: DockerProvider(place, SystemClock()),
    }
    running, clock = making[provider](), SystemClock()
    emit = FakeEmit() if emit is None else emit
    async with open_environment(
        Plan(steps), ecosystem, running, place, clock=clock, emit=emit, seeder=Seeding()
    ) as made:
        yield made, Worlds(made, running, clock, emit, asyncio.Event())


@pytest.fixture(scope="module")
async def seeded(environment: Environment) -> dict[str, object]:
    """What every test has to find again."""
    return await content(environment)


@given(st.lists(st.sampled_from(WRITES), max_size=8), st.lists(st.integers(0, len(KEYS) - 1), max_size=4))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_whatever_was_written_is_put_back(
    environment: Environment, seeded: dict[str, object], statements: list[str], commands: list[int]
) -> None:
    """And once more, there is nothing left to do."""
    await write(environment, statements, commands)
    await environment.state.reset(is_proved=True)
    assert await content(environment) == seeded
    assert await environment.state.reset() == {}


@given(st.lists(ACTIONS, max_size=10))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_every_snapshot_is_found_again(
    environment: Environment, seeded: dict[str, object], actions: list[tuple[str, str]]
) -> None:
    """In any order, also from one to the other and one taken anew, and whatever was written in between."""
    known = {SEEDED: seeded}
    for action, what in actions:
        if action == "write":
            await write(environment, [what], [])
        elif action == "command":
            await write(environment, [], [int(what)])
        elif action == "keep":
            await environment.state.snapshot(what)
            known[what] = await content(environment)
        elif what in known:
            await environment.state.reset(what)
            assert await content(environment) == known[what]
    for name, there in known.items():
        await environment.state.reset(name)
        assert await content(environment) == there
    await environment.state.reset()


async def test_a_snapshot_copies_only_what_was_written(
    environment: Environment, seeded: dict[str, object]
) -> None:
    """The rest it shares; and what no snapshot needs any more goes."""
    before = await copies(environment)
    await write(environment, ["UPDATE orders SET price = price + 1"], [])
    await environment.state.snapshot("dearer")
    assert len(await copies(environment) - before) == 1
    await environment.state.reset()
    await environment.state.snapshot("dearer")
    assert await copies(environment) == before
    assert await content(environment) == seeded


async def copies(environment: Environment) -> set[str]:
    """The tables that hold what was kept; for each there is a function that puts back from it."""
    connection = await connect(environment)
    tables = await connection.fetch(
        "SELECT relname FROM pg_class WHERE relname LIKE 'copy\\_%' AND relkind = 'r'"
    )
    functions = await connection.fetch("SELECT proname FROM pg_proc WHERE proname ~ '^copy_[0-9]+$'")
    await connection.close()
    names = {row["relname"] for row in tables}
    assert {row["proname"] for row in functions} == names
    return names


@pytest.mark.parametrize(
    "statement",
    ["UPDATE {copy} SET name = 'somebody else' WHERE id = 5", "DELETE FROM {copy} WHERE id = 5"],
)
async def test_a_reset_that_was_none_is_told(folder: Path, provider: str, statement: str) -> None:
    """By comparing content: here it is what was kept that was tampered with, which nothing else would notice."""
    async with opened(folder, provider) as environment:
        connection = await connect(environment)
        copy = await connection.fetchval(
            "SELECT copy FROM harness_world.kept_tables WHERE relation = 'people'::regclass"
        )
        await connection.execute(statement.format(copy=copy))
        await connection.close()
        with pytest.raises(WorldError, match="what was put back is not as it was kept: db") as caught:
            await environment.state.reset(is_proved=True)
        assert list(caught.value.evidence) == ["db: public.people"]
        assert environment.broken is not None


async def test_reading_changes_nothing(environment: Environment) -> None:
    """Also where the server puts what is read into another order by that."""
    async with redis_of(environment) as redis:
        for n in range(400):
            await redis.hget("directory", str(n))
            await redis.sismember("crowd", str(n))
    await environment.state.reset(is_proved=True)


async def test_large_objects_may_be_part_of_a_snapshot(folder: Path, provider: str) -> None:
    """Whatever else runs while it is taken."""
    async with opened(folder, provider) as environment:
        early = await connect(environment)
        await early.execute("BEGIN; SELECT pg_current_xact_id()")
        await write(environment, ["SELECT lo_from_bytea(0, 'some bytes')"], [])
        await environment.state.snapshot("with")
        await environment.state.reset("with")
        await early.close()


async def test_what_a_database_is_set_to_is_no_matter(folder: Path, provider: str) -> None:
    """A writer that commits while a snapshot waits for it is part of that snapshot."""
    async with opened(folder, provider) as environment:
        writer = await connect(environment)
        await writer.execute("ALTER DATABASE postgres SET default_transaction_isolation = 'repeatable read'")
        await writer.execute("BEGIN; UPDATE people SET name = name || '!'")
        keeping = asyncio.ensure_future(environment.state.snapshot("louder"))
        waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
        while not await writer.fetchval(waiting):  # noqa: ASYNC110 - the server tells nobody
            await asyncio.sleep(0)
        await writer.execute("COMMIT")
        await writer.close()
        await keeping
        await environment.state.reset("louder", is_proved=True)


async def test_what_was_emptied_comes_back_as_quickly(folder: Path, provider: str) -> None:
    """Also where the server has noticed that a table is empty, and plans for that: each row would be sought in all."""
    script = folder / "2-many.sql"
    script.write_text(
        "CREATE TABLE many (n int PRIMARY KEY); INSERT INTO many SELECT generate_series(1, 20000);"
    )
    async with opened(folder, provider, script) as environment:
        taken = []
        for statements in (["TRUNCATE many"], ["DELETE FROM many", "VACUUM many"]):
            await write(environment, statements, [])
            began = asyncio.get_running_loop().time()
            assert "public.many" in (await environment.state.reset())["db"]
            taken.append(asyncio.get_running_loop().time() - began)
        truncated, deleted = taken
        assert deleted < 20 * truncated


async def test_autovacuum_is_in_nobodys_way(folder: Path, provider: str) -> None:
    """However long it would hold a table; the server calls it off for who waits for that."""
    script = folder / "2-busy.sql"
    script.write_text(
        "CREATE TABLE busy (n int PRIMARY KEY, said text) WITH (autovacuum_vacuum_threshold = 0,"
        "autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_cost_delay = 100, autovacuum_vacuum_cost_limit = 1);"
        "INSERT INTO busy SELECT n, repeat('x', 500) FROM generate_series(1, 5000) n;"
    )
    async with opened(folder, provider, script) as environment:
        connection = await connect(environment)
        await connection.execute("ALTER SYSTEM SET autovacuum_naptime = 1")
        await connection.execute("SELECT pg_reload_conf()")
        await connection.execute("UPDATE busy SET said = repeat('y', 500)")
        vacuuming = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'autovacuum: %busy'"
        while not await connection.fetchval(vacuuming):  # noqa: ASYNC110 - the server tells nobody
            await asyncio.sleep(0.01)
        await environment.state.reset(is_proved=True)
        assert environment.broken is None
        await connection.close()


@pytest.mark.parametrize(
    "made",
    [
        "CREATE TRIGGER always AFTER INSERT ON notes EXECUTE FUNCTION refuse()",
        "CREATE RULE always AS ON INSERT TO notes DO INSTEAD NOTHING",
    ],
    ids=["TRIGGER", "RULE"],
)
async def test_what_would_act_is_refused(folder: Path, provider: str, made: str) -> None:
    """Before any test has run."""
    script = folder / "2-always.sql"
    script.write_text(f"{made}; ALTER TABLE notes ENABLE ALWAYS {made.split()[1]} always;")
    with pytest.raises(WorldError, match=r"would act on rows that are put back .*: always on public\.notes"):
        async with opened(folder, provider, script):
            raise AssertionError("it was opened")


async def test_nobody_draws_ahead(folder: Path, provider: str) -> None:
    """A connection that goes on draws what the next one would: no number twice, and none but those of a clean state."""
    script = folder / "2-ahead.sql"
    script.write_text(
        "CREATE SEQUENCE ahead CACHE 10;"
        "CREATE TABLE drawn (id int GENERATED ALWAYS AS IDENTITY (CACHE 5) PRIMARY KEY);"
    )
    async with opened(folder, provider, script) as environment:
        connections = [await connect(environment) for _ in range(2)]
        for _ in range(2):
            told = [await each.fetchval("SELECT nextval('ahead')") for each in (*connections, *connections)]
            told += [
                await each.fetchval("INSERT INTO drawn DEFAULT VALUES RETURNING id") for each in connections
            ]
            assert told == [1, 2, 3, 4, 1, 2]
            await environment.state.reset(is_proved=True)
        for each in connections:
            await each.close()


async def test_functions_of_redis_are_part_of_a_snapshot(folder: Path, provider: str) -> None:
    """As far as it has any: they are data, as keys are."""
    body = "#!lua name={name}\nredis.register_function('{name}', function() return {n} end)"
    async with opened(folder, provider) as environment, redis_of(environment) as redis:
        if (await redis.info("server"))["redis_version"] < "7":
            pytest.skip("this Redis has no functions")
        await redis.function_load(body.format(name="kept", n=1))
        await redis.function_load(body.format(name="other", n=1))
        await environment.state.snapshot("with")
        await redis.function_load(body.format(name="kept", n=2), replace=True)
        await redis.function_delete("other")
        await redis.function_load(body.format(name="new", n=1))
        told = tuple(f"function library {name}" for name in ("kept", "new", "other"))
        assert await environment.state.reset("with", is_proved=True) == {"cache": told}
        assert await redis.fcall("kept", 0) == 1
        assert await environment.state.reset("with") == {}
        told = tuple(f"function library {name}" for name in ("kept", "other"))
        assert await environment.state.reset(is_proved=True) == {"cache": told}
        assert await redis.function_list() == []


async def test_there_is_one_seeded_state(environment: Environment) -> None:
    """It is not taken anew, and what was never taken is told."""
    with pytest.raises(UsageError, match="'seeded' is the name of the state that tests start from"):
        await environment.state.snapshot(SEEDED)
    for strange in ("", " ", "two\nlines", "\x1b[31m"):
        with pytest.raises(UsageError, match="is no name for a snapshot"):
            await environment.state.snapshot(strange)
    with pytest.raises(UsageError, match="there is no snapshot 'never'"):
        await environment.state.reset("never")
    assert environment.broken is None


async def test_what_was_put_back_is_named(environment: Environment, seeded: dict[str, object]) -> None:
    """Tables that only could have changed, by a cascade for example, among them."""
    await write(environment, ["DELETE FROM people WHERE id = 3", "SELECT nextval('tickets')"], [0])
    assert await environment.state.reset() == {
        "db": ("public.people", "public.orders", "public.tickets"),
        "cache": ("greeting",),
    }
    assert await content(environment) == seeded


async def test_what_was_rolled_back_does_no_harm(environment: Environment, seeded: dict[str, object]) -> None:
    """A sequence has no transactions, so it is looked at in vain."""
    connection = await connect(environment)
    transaction = connection.transaction()
    await transaction.start()
    await connection.execute("DELETE FROM orders; CREATE TABLE temporary_thought (id int)")
    await transaction.rollback()
    await connection.close()
    assert await environment.state.reset() == {"db": ("public.orders",)}
    assert await content(environment) == seeded


async def test_a_write_that_began_before_is_not_taken_for_kept(
    environment: Environment, seeded: dict[str, object]
) -> None:
    """A transaction that is older than the last reset, and writes after it."""
    early = await connect(environment)
    transaction = early.transaction()
    await transaction.start()
    # Its rows will seem older than what is put back meanwhile.
    await early.fetchval("SELECT pg_current_xact_id()")
    await write(environment, ["UPDATE orders SET price = price + 1"], [])
    await environment.state.reset()
    await early.execute("INSERT INTO orders (person, price) VALUES (1, 99)")
    await transaction.commit()
    await early.close()
    await environment.state.reset()
    assert await content(environment) == seeded


async def test_a_server_that_was_killed_is_put_back_too(
    environment: Environment, seeded: dict[str, object]
) -> None:
    """What was kept survives its crash."""
    await write(environment, ["DELETE FROM orders"], [1])
    number = await environment.faults.inject(Kill("db"))
    await environment.faults.heal(number)
    await environment.state.reset()
    assert await content(environment) == seeded


async def test_an_open_transaction_is_named(environment: Environment) -> None:
    """With what it did last, for whoever has to find it; once it has ended all goes on."""
    kept = environment.state
    connection = await connect(environment)
    await connection.execute("SET application_name = 'forgetful'; BEGIN; DELETE FROM notes")
    with pytest.raises(WorldError) as caught:
        await kept.reset()
    await connection.close()
    assert "forgetful (idle in transaction): SET application_name" in caught.value.evidence[0]


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("SELECT pg_advisory_lock(-7)", "ExclusiveLock -7: pid "),
        ("SELECT pg_advisory_lock_shared(1, -2)", "ShareLock (1, -2): pid "),
        ("BEGIN; SELECT pg_advisory_xact_lock(1)", "ExclusiveLock 1: pid "),
    ],
)
async def test_an_advisory_lock_is_refused(
    environment: Environment, seeded: dict[str, object], statement: str, told: str
) -> None:
    """It would keep later tests waiting: who holds it is named. Once it is free all goes on."""
    connection = await connect(environment)
    await connection.execute(f"SET application_name = 'forgetful'; {statement}")
    with pytest.raises(WorldError, match="an advisory lock is held that was not held") as caught:
        await environment.state.reset()
    await connection.close()
    assert caught.value.evidence[0].startswith(told)
    assert caught.value.evidence[0].endswith(statement)
    assert "forgetful (idle" in caught.value.evidence[0]
    assert "pg_advisory_unlock" in caught.value.hint
    await environment.state.reset()
    assert await content(environment) == seeded


async def test_an_advisory_lock_may_be_held_for_a_moment(environment: Environment) -> None:
    """As services hold one while they work; it is waited for."""
    connection = await connect(environment)
    await connection.execute("SELECT pg_advisory_lock(7)")
    resetting = asyncio.ensure_future(environment.state.reset())
    waiting = (
        "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%world.holders%' AND pid <> pg_backend_pid()"
    )
    while not await connection.fetchval(waiting):  # noqa: ASYNC110 - the server tells nobody
        await asyncio.sleep(0)
    await connection.execute("SELECT pg_advisory_unlock(7)")
    assert await resetting == {}
    await connection.close()


HOLDER = """
import asyncio, asyncpg, sys
async def hold():
    connection = await asyncpg.connect(sys.argv[1])
    await connection.execute("SELECT pg_advisory_lock(7)")
    print("held", flush=True)
    await asyncio.Event().wait()
asyncio.run(hold())
"""


async def test_a_component_may_hold_an_advisory_lock(folder: Path) -> None:
    """Also one that it takes later than the state was kept: when it was started anew, or leads from now on."""
    async with opened(folder, "process") as environment:
        at = environment.endpoint("db")
        url = f"postgresql://postgres:written@{at.address}/postgres"
        ours = os.environ | {"HARNESS_ENVIRONMENT_ID": environment.id}
        argv = (sys.executable, "-c", HOLDER, url)
        holder = await asyncio.create_subprocess_exec(*argv, env=ours, stdout=asyncio.subprocess.PIPE)
        assert holder.stdout is not None
        assert await holder.stdout.readline() == b"held\n"
        assert await environment.state.reset() == {}
        connection = await connect(environment)
        await connection.execute("SELECT pg_advisory_lock(8)")
        with pytest.raises(WorldError, match="an advisory lock is held") as caught:
            await environment.state.reset()
        assert [line.split(":")[0] for line in caught.value.evidence] == ["ExclusiveLock 8"]
        await connection.close()
        holder.kill()
        await holder.wait()


async def test_an_advisory_lock_may_be_part_of_a_snapshot(environment: Environment) -> None:
    """A service that leads holds one as long as it runs, also after another one took over; a second lock is refused."""
    first, second = await connect(environment), await connect(environment)
    await first.execute("SELECT pg_advisory_lock_shared(7)")
    await environment.state.snapshot("led")
    await environment.state.reset("led")
    await first.close()
    await second.execute("SELECT pg_advisory_lock_shared(7)")
    await environment.state.reset("led")
    third = await connect(environment)
    await third.execute("SELECT pg_advisory_lock_shared(7)")
    with pytest.raises(WorldError, match="an advisory lock is held"):
        await environment.state.reset("led")
    await second.close()
    await third.close()


async def test_another_databases_locks_are_no_matter(environment: Environment) -> None:
    """Only what concerns the database that is put back."""
    at = environment.endpoint("db")
    other = await asyncpg.connect(
        host=at.host, port=at.port, user="postgres", password="written", database="template1"
    )
    await other.execute("SELECT pg_advisory_lock(7)")
    assert await environment.state.reset() == {}
    await other.close()


async def test_a_prepared_transaction_is_refused(environment: Environment, seeded: dict[str, object]) -> None:
    """No connection holds it, and it could commit in a later test: it is named; rolled back, all goes on."""
    connection = await connect(environment)
    await connection.execute("BEGIN; DELETE FROM notes; PREPARE TRANSACTION 'forgotten'")
    with pytest.raises(WorldError, match="a prepared transaction is neither") as caught:
        await environment.state.reset()
    assert caught.value.evidence[0].startswith("forgotten, prepared by postgres at ")
    with pytest.raises(WorldError, match="a prepared transaction is neither"):
        await environment.state.snapshot("while it is")
    await connection.execute("ROLLBACK PREPARED 'forgotten'")
    await connection.close()
    await environment.state.reset()
    assert await content(environment) == seeded


async def test_a_reset_notifies_nobody(folder: Path, provider: str) -> None:
    """Rows come back without their triggers: who listens to them hears what tests do, and no more."""
    script = folder / "3-notify.sql"
    script.write_text(
        "CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN PERFORM pg_notify('notes', TG_OP); RETURN NULL; END $$;"
        "CREATE TRIGGER tell AFTER INSERT OR DELETE ON notes EXECUTE FUNCTION tell();"
    )
    async with opened(folder, provider, script) as environment:
        connection = await connect(environment)
        heard = asyncio.Queue[object]()
        await connection.add_listener("notes", lambda *told: heard.put_nowait(told[-1]))
        await write(environment, ["DELETE FROM notes"], [])
        assert await environment.state.reset() == {"db": ("public.notes",)}
        await write(environment, ["NOTIFY notes, 'the last'"], [])
        assert [await heard.get(), await heard.get()] == ["DELETE", "the last"]
        await connection.close()


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("CREATE TABLE extra (id int)", "CREATE TABLE public.extra"),
        ("ALTER TABLE notes ADD COLUMN colour text", "ALTER TABLE public.notes"),
        ("DROP TABLE notes", "DROP TABLE public.notes"),
        ("SET session_replication_role = replica; CREATE TABLE extra (id int)", "CREATE TABLE public.extra"),
        ("SET session_replication_role = replica; DROP TABLE notes", "DROP TABLE public.notes"),
        ("SELECT lo_create(0)", "large objects were changed"),
        (
            "CREATE ROLE visitor; GRANT pg_monitor TO visitor",
            "were changed: pg_monitor of visitor, role visitor",
        ),
        ("ALTER ROLE postgres CONNECTION LIMIT 90", "were changed: role postgres"),
        ("ALTER DATABASE postgres SET work_mem = '5MB'", "were changed: settings of database postgres"),
        ("ALTER ROLE postgres SET work_mem = '5MB'", "were changed: settings of role postgres"),
    ],
)
async def test_what_cannot_be_put_back_is_refused(
    folder: Path, provider: str, statement: str, told: str
) -> None:
    """Never silently wrong: the environment is broken by it."""
    async with opened(folder, provider) as environment:
        await write(environment, [statement], [])
        with pytest.raises(WorldError, match=told):
            await environment.state.reset()
        assert environment.broken is not None


async def test_what_is_seeded_later_is_seeded(folder: Path, provider: str) -> None:
    """The state that is kept in place of the seeded one is the one to go back to."""
    async with opened(folder, provider) as environment:
        await write(environment, ["INSERT INTO notes VALUES ('seeded later', 3)"], [4, 5])
        await environment.state.keep_seeded()
        kept = await content(environment)
        await write(environment, list(WRITES), [0, 3, 6])
        await environment.state.reset()
        assert await content(environment) == kept
        assert await environment.state.reset() == {}
