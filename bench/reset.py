"""Why this exists: how long a test waits for a clean database, beside what people do without us, on the same server.

40 tables with 10 MB of rows. Each test writes to some of them, as a service would; then the state is put back, and
every tenth time compared by content with what was kept. The peers: TRUNCATE of all tables and the same rows put in
again (from a copy in the server, which is the cheapest way), and pytest-postgresql's database for each test.
"""

import asyncio
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import asyncpg

from bench.figures import Figure, conditions
from harness.core.clock import SystemClock
from harness.core.endpoint import Endpoint
from harness.core.ids import new_environment_id
from harness.plan.model import Plan, Step
from harness.providers.base import Place
from harness.providers.process.provider import ProcessProvider
from harness.readiness.wait import wait_until_ready
from harness.spec.model import Component, Ecosystem, Location
from harness.worlds.base import SEEDED
from harness.worlds.postgres import Database, PostgresStore

PEERS = Path(__file__).parent.parent / ".peers"
TABLES, ROWS = 40, 750
TESTS, TRUNCATIONS, DATABASES, RESTORES = 1000, 50, 30, 20
FILL = """
    CREATE TABLE t{n} (id bigserial PRIMARY KEY, name text UNIQUE, amount int, payload text);
    INSERT INTO t{n} (name, amount, payload)
    SELECT 'row ' || g, g, repeat(md5(g::text), 7) FROM generate_series(1, {rows}) g;
    CREATE TABLE seed.t{n} AS TABLE t{n};
"""
WRITES = (
    "INSERT INTO t{n} (name, amount) VALUES ('new', 1)",
    "UPDATE t{n} SET amount = amount + 1 WHERE id % 100 = 7",
    "DELETE FROM t{n} WHERE id < 4",
)
HERE = Location(Path(__file__), 1)


def measure() -> list[Figure]:
    """A clean database for each of 1,000 tests, and what the peers take."""
    return asyncio.run(_measure())


async def _measure() -> list[Figure]:
    async with _server() as database:
        connection = await _connect(database)
        await _fill(connection)
        truncated = [await _truncate_and_reseed(connection) for _ in range(TRUNCATIONS)]
        size = await connection.fetchval(
            "SELECT sum(pg_table_size(oid)) FROM pg_class WHERE relname ~ '^t[0-9]+$'"
        )
        await connection.close()
        databases = await _database_for_each(database)
        connection = await _connect(database)
        store = await PostgresStore.open("db", database)
        restored = [await _restore(connection, store) for _ in range(RESTORES)]
        ours, leaks = await _reset(connection, store)
        await store.aclose()
        await connection.close()
    return _figures(ours, leaks, truncated, databases, restored, size)


@asynccontextmanager
async def _server() -> AsyncIterator[Database]:
    """An embedded Postgres, as an ecosystem has it."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as name:
        folder = Path(name)
        folder.chmod(0o711)  # noqa: ASYNC240 - nothing else runs yet; the server's account passes through
        component = Component(
            "db", HERE, image="postgres:16", environment={"POSTGRES_HOST_AUTH_METHOD": "trust"}
        )
        plan = Plan((Step(component, level=0),))
        place = Place(new_environment_id(), folder / "runtime", folder / "logs")
        provider = ProcessProvider.of(place, folder, SystemClock())
        try:
            await provider.prepare(Ecosystem("reset", folder, (HERE.path,), {"db": component}), plan)
            running = await provider.start(plan.steps[0])
            exited = asyncio.ensure_future(running.exited())
            await wait_until_ready("db", running.probe(), SystemClock(), 30, exited)
            exited.cancel()
            yield Database(running.endpoints[5432], "postgres", "postgres")
        finally:
            await provider.aclose()


async def _connect(database: Database) -> "asyncpg.Connection[asyncpg.Record]":
    """As a service does."""
    at = database.at
    return await asyncpg.connect(host=at.host, port=at.port, user=database.user, database=database.name)


async def _fill(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    await connection.execute("CREATE SCHEMA seed")
    for n in range(TABLES):
        await connection.execute(FILL.format(n=n, rows=ROWS))
    await connection.execute("VACUUM ANALYZE")


async def _truncate_and_reseed(connection: "asyncpg.Connection[asyncpg.Record]") -> float:
    """Seconds of what is usually done."""
    began = time.perf_counter()
    async with connection.transaction():
        await connection.execute(f"TRUNCATE {', '.join(f't{n}' for n in range(TABLES))}")
        for n in range(TABLES):
            await connection.execute(f"INSERT INTO t{n} SELECT * FROM seed.t{n}")  # noqa: S608 - ours
    return time.perf_counter() - began


async def _reset(
    connection: "asyncpg.Connection[asyncpg.Record]", store: PostgresStore
) -> tuple[list[float], int]:
    """Seconds of each reset, and how often a test would have found something else than the first one."""
    chance = random.Random(1)  # noqa: S311 - which tables, not secrets
    seeded = await _content(connection)
    await store.keep(SEEDED)
    waited, leaks = [], 0
    for test in range(TESTS):
        for n in chance.sample(range(TABLES), chance.randint(0, 3)):
            for statement in WRITES:
                await connection.execute(statement.format(n=n))
        began = time.perf_counter()
        await store.reset(SEEDED)
        waited.append(time.perf_counter() - began)
        if test % 10 == 0:
            leaks += await _content(connection) != seeded
    return waited, leaks


async def _restore(connection: "asyncpg.Connection[asyncpg.Record]", store: PostgresStore) -> float:
    """Seconds of going back to a snapshot after everything was written to: every table, a tenth of its rows."""
    await store.keep("before")
    for n in range(TABLES):
        await connection.execute(f"UPDATE t{n} SET amount = amount + 1 WHERE id % 10 = 0")  # noqa: S608 - ours
    began = time.perf_counter()
    await store.reset("before")
    return time.perf_counter() - began


async def _content(connection: "asyncpg.Connection[asyncpg.Record]") -> list[Any]:
    """A digest of every table, and every sequence's value."""
    digest = "(SELECT md5(string_agg(t::text, '' ORDER BY id)) FROM t{n} t)"
    drawn = "(SELECT last_value FROM t{n}_id_seq)"
    row = await connection.fetchrow(
        "SELECT " + ", ".join(what.format(n=n) for n in range(TABLES) for what in (digest, drawn))
    )
    return list(row or ())


async def _database_for_each(database: Database) -> list[float]:
    """Seconds of pytest-postgresql for each database; empty where it was not installed beside us."""
    if not PEERS.exists():
        return []
    connection = await _connect(replace(database, name="template1"))
    await connection.execute(f"CREATE DATABASE pristine TEMPLATE {database.name}")
    await connection.close()
    return await asyncio.to_thread(_peer, database.at)


def _peer(at: Endpoint) -> list[float]:
    program = Path(__file__).with_name("peer_postgresql.py")
    peer = [sys.executable, str(program), at.host, str(at.port), "pristine", str(DATABASES)]
    ended = subprocess.run(
        peer, env=os.environ | {"PYTHONPATH": str(PEERS)}, capture_output=True, text=True, check=False
    )
    if ended.returncode:
        sys.exit(f"pytest-postgresql failed:\n{ended.stderr}")
    clean: list[float] = json.loads(ended.stdout.splitlines()[-1])["clean"]
    return clean


def _figures(
    ours: list[float],
    leaks: int,
    truncated: list[float],
    databases: list[float],
    restored: list[float],
    size: int,
) -> list[Figure]:
    p50, p99 = (
        round(value * 1000, 3) for value in (statistics.median(ours), statistics.quantiles(ours, n=100)[98])
    )
    back = round(statistics.median(restored) * 1000, 1)
    samples = {"truncate and reseed": truncated, "pytest-postgresql": databases, "ours": ours[:100]}
    told = conditions({name: values for name, values in samples.items() if values})
    told |= {"tests": len(ours), "workers": 1, "tables": TABLES, "megabytes": round(int(size) / 1e6, 1)}
    peers = {
        name: round(statistics.median(values) * 1000, 1)
        for name, values in samples.items()
        if values and name != "ours"
    }
    figures = [
        Figure("reset.clean_p50", p50, "ms", "<= 5", p50 <= 5, peers, told),
        Figure("reset.clean_p99", p99, "ms", "<= 25", p99 <= 25, peers, told),
        Figure("reset.leaks", leaks, "", "0", leaks == 0, {}, told),
        Figure("reset.snapshot", back, "ms", "<= 100", back <= 100, peers, told),
    ]
    for name, goal in (("truncate and reseed", 5), ("pytest-postgresql", 20)):
        if name in peers:
            times = round(peers[name] / p50, 1)
            figures.append(
                Figure(f"reset.faster_than_{name}", times, "x", f">= {goal}", times >= goal, peers, told)
            )
    return figures
