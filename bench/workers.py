"""Why this exists: how long each of eight workers' tests waits for a clean world, and who finds what another wrote.

40 tables with 10 MB of rows, 1,000 tests over eight worlds. Each test writes to up to three tables, as a service would,
through a connection that its worker keeps, and then lasts a tenth of a second, as tests of services do. Measured is
what pytest says that the set-up of a test took, the first of each worker left out: that waits for its world to open,
which is a figure of its own. Beside it the same with tests that take no time: workers and servers then keep all cores
busy, and everybody waits for everybody. In a run of its own every test first compares its whole world by content with
what the seed put there.
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
import asyncio, random, time
import asyncpg, pytest

TABLES, TESTS, LASTS, COMPARES = {tables}, {tests}, {lasts}, {compares}
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
    if COMPARES:
        assert [tuple(row) for row in do(f"SELECT {{DIGESTS}}")] == seeded
    chance = random.Random(number)
    for n in chance.sample(range(TABLES), chance.randint(0, 3)):
        for statement in WRITES:
            do(statement.format(n=n))
    time.sleep(LASTS)
"""


def measure() -> list[Figure]:
    """Milliseconds until a test has a clean world, with eight workers."""
    lasting, busy, alone = _run(8, lasts=0.1), _run(8), _run(1)
    compared = _run(8, compares=True)
    waited = {"tests of 0.1 s": lasting, "tests of no time": busy, "one worker, tests of no time": alone}
    setups = {name: run["setups"] for name, run in waited.items()}
    told = conditions({name: sorted(ms)[:: TESTS // 100] for name, ms in setups.items()})
    told |= {"tests": TESTS, "workers": 8, "tables": TABLES}
    medians, lates = ({name: of(ms) for name, ms in setups.items()} for of in (_median, _late))
    p50, p99 = (figures.pop("tests of 0.1 s") for figures in (medians, lates))
    leaks = sum(run["failed"] for run in (*waited.values(), compared))
    opened = _median(lasting["worlds"] + busy["worlds"])
    return [
        Figure("workers.clean_p50", p50, "ms", "<= 5", p50 <= 5, medians, told),
        Figure("workers.clean_p99", p99, "ms", "<= 25", p99 <= 25, lates, told),
        Figure("workers.leaks", leaks, "", "0", leaks == 0, {}, told),
        Figure("workers.world_opens", opened, "ms", "", ok=True, conditions=told),
    ]


def _median(samples: list[float]) -> float:
    return round(statistics.median(samples), 2)


def _late(samples: list[float]) -> float:
    return round(statistics.quantiles(samples, n=100)[98], 2)


def _run(workers: int, *, lasts: float = 0.0, compares: bool = False) -> dict[str, Any]:
    """A session of pytest: the set-up of each test in ms, failures, and how long worlds took."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as name:
        folder = Path(name)
        folder.chmod(0o755)
        _write(folder, lasts, compares=compares)
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


def _write(folder: Path, lasts: float, *, compares: bool) -> None:
    (folder / "docker-compose.test.yml").write_text(COMPOSE)
    (folder / "fill.sql").write_text("".join(FILL.format(n=n, rows=ROWS) for n in range(TABLES)))
    (folder / "tests").mkdir()
    source = SOURCE.format(tables=TABLES, tests=TESTS, writes=WRITES, lasts=lasts, compares=compares)
    (folder / "tests" / "test_many.py").write_text(source)


def _setups(events: list[Mapping[str, Any]]) -> Iterator[float]:
    seen = set[str]()
    for event in events:
        if event["event"] == "CaseFinished":
            if event["worker"] in seen:
                yield event["phases"]["setup"] * 1000
            seen.add(event["worker"])
