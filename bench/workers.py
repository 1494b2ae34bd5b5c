"""Why this exists: how long each of eight workers' tests waits for a clean world, and who finds what another wrote.

40 tables with 10 MB of rows, 1,000 tests over eight worlds. Each test writes to up to three tables, as a service would,
through a connection that its worker keeps; every tenth first compares its whole world by content with what the seed
put there. What is measured is what pytest says that the set-up of a test took, the first test of each worker left out:
that one waits for its world to open, which is a figure of its own.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from bench.figures import Figure, conditions
from bench.reset import ROWS, TABLES, WRITES

TESTS = 1000
WORKERS = (1, 2, 8)
COMPOSE = """
name: many-tables
x-harness: {isolation: reset}
services:
  db:
    image: postgres:16
    environment: {POSTGRES_PASSWORD: written}
    volumes: ["./fill.sql:/docker-entrypoint-initdb.d/fill.sql:ro"]
    x-harness: {random: [POSTGRES_PASSWORD], exports: {DB_PASSWORD: "{env.POSTGRES_PASSWORD}"}}
"""
FILL = """
CREATE TABLE t{n} (id bigserial PRIMARY KEY, name text UNIQUE, amount int, payload text);
INSERT INTO t{n} (name, amount, payload)
SELECT 'row ' || g, g, repeat(md5(g::text), 7) FROM generate_series(1, {rows}) g;
"""
SOURCE = """
import asyncio, random
import asyncpg, pytest

TABLES, TESTS = {tables}, {tests}
WRITES = {writes!r}
DIGEST = "(SELECT md5(string_agg(t::text, '' ORDER BY id)) FROM t{{n}} t), (SELECT last_value FROM t{{n}}_id_seq)"
DIGESTS = ", ".join(DIGEST.format(n=n) for n in range(TABLES))

@pytest.fixture(scope="session")
def database(ecosystem):
    at, loop = ecosystem.endpoint("db"), asyncio.new_event_loop()
    password = ecosystem.variables["DB_PASSWORD"]
    connecting = asyncpg.connect(host=at.host, port=at.port, user="postgres", password=password)
    connection = loop.run_until_complete(connecting)
    seeded = loop.run_until_complete(connection.fetchrow(f"SELECT {{DIGESTS}}"))
    yield lambda statement: loop.run_until_complete(connection.fetch(statement)), [tuple(seeded)]
    loop.run_until_complete(connection.close())

@pytest.mark.parametrize("number", range(TESTS))
def test_writes(database, number):
    do, seeded = database
    if number % 10 == 0:
        assert [tuple(row) for row in do(f"SELECT {{DIGESTS}}")] == seeded
    chance = random.Random(number)
    for n in chance.sample(range(TABLES), chance.randint(0, 3)):
        for statement in WRITES:
            do(statement.format(n=n))
"""


def measure() -> list[Figure]:
    """Milliseconds until a test has a clean world, by the number of workers."""
    runs = {workers: _run(workers) for workers in WORKERS}
    waited = {workers: [ms for ms, _ in run["setups"]] for workers, run in runs.items()}
    told = conditions({f"{workers} workers": sorted(ms)[:: TESTS // 100] for workers, ms in waited.items()})
    told |= {"tests": TESTS, "workers": 8, "tables": TABLES}
    p50, p99 = (statistics.median(waited[8]), statistics.quantiles(waited[8], n=100)[98])
    fewer = {f"{workers} workers": round(statistics.median(waited[workers]), 2) for workers in WORKERS[:-1]}
    leaks = sum(run["failed"] for run in runs.values())
    opened = [ms for run in runs.values() for ms in run["worlds"]]
    return [
        Figure("workers.clean_p50", round(p50, 2), "ms", "<= 5", p50 <= 5, fewer, told),
        Figure("workers.clean_p99", round(p99, 2), "ms", "<= 25", p99 <= 25, {}, told),
        Figure("workers.leaks", leaks, "", "0", leaks == 0, {}, told),
        Figure(
            "workers.world_opens", round(statistics.median(opened), 1), "ms", "", ok=True, conditions=told
        ),
    ]


def _run(workers: int) -> dict[str, Any]:
    """A session of pytest: the set-up of each test in ms with its worker, failures, and how long worlds took."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as name:
        folder = Path(name)
        folder.chmod(0o755)
        _write(folder)
        argv = [sys.executable, "-m", "pytest", "-q", "-n", str(workers), "-p", "no:cacheprovider", "tests"]
        ended = subprocess.run(argv, cwd=folder, env=os.environ, capture_output=True, text=True, check=False)
        events = [
            json.loads(line) for file in folder.glob("results/2*/events.ndjson") for line in file.open()
        ]
        if ended.returncode not in {0, 1} or not events:
            sys.exit(
                f"{workers} workers: pytest ended with {ended.returncode}:\n{ended.stdout}{ended.stderr}"
            )
    return {
        "setups": list(_setups(events)),
        "failed": sum(e["outcome"] != "passed" for e in events if e["event"] == "CaseFinished"),
        "worlds": [e["duration"] * 1000 for e in events if e["event"] == "WorldOpened"],
    }


def _write(folder: Path) -> None:
    (folder / "docker-compose.test.yml").write_text(COMPOSE)
    (folder / "fill.sql").write_text("".join(FILL.format(n=n, rows=ROWS) for n in range(TABLES)))
    (folder / "tests").mkdir()
    source = SOURCE.format(tables=TABLES, tests=TESTS, writes=WRITES)
    (folder / "tests" / "test_many.py").write_text(source)


def _setups(events: list[Mapping[str, Any]]) -> Iterator[tuple[float, str]]:
    seen = set[str]()
    for event in events:
        if event["event"] == "CaseFinished":
            if event["worker"] in seen:
                yield event["phases"]["setup"] * 1000, event["worker"]
            seen.add(event["worker"])
