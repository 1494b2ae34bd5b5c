"""Why this exists: how fast millions of related rows are made and loaded, beside `create_batch` on the same server.

A million rows (100,000 customers, three orders for each, two lines for each order) with primary keys, foreign keys,
UNIQUE, CHECK and a trigger, from factories as a team writes them. The peer uses the same factories for fewer rows, as
it takes so much longer: what is compared is the time for a row. Customers, full of Faker's values, are compared as they
are made; all tables, in these proportions, with the writing.
"""

# mypy: disallow-untyped-calls=False
# factory_boy announces types and has few.

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
from factory.declarations import Iterator

from bench.data_shop import TABLES, CustomerFactory, LineFactory, OrderFactory
from bench.figures import Figure, conditions, median
from harness.data.loading import load
from harness.data.population import Population, Rows
from harness.providers.process.storage.folders import data_root
from kernel.migrations import migrate
from tests.data.at_scale import population as ecosystem
from tests.data.stores import open_treasury
from tests.unit.data.throwaway_postgres import throwaway_postgres

PEERS = Path(__file__).parent.parent / ".peers"
CUSTOMERS, PEERS_CUSTOMERS, SCALE = 100_000, 300, 500
SHARES = {"customers": 0.1, "orders": 0.3, "lines": 0.6}
SAMPLES = 3
Connection = asyncpg.Connection
Samples = dict[str, list[float]]


def measure() -> list[Figure]:
    """A million rows, made, loaded and both at once; and what the peer takes for a row."""
    return asyncio.run(_measure())


def shop(customers: int) -> Population:
    """Ten times as many rows as customers."""
    made = Population(7, "bench")
    made.add("shop.customers", Rows(CustomerFactory, customers), keep=["id", "joined"])
    orders = made.add("shop.orders", Rows(OrderFactory, 3 * customers), keep=["id"])
    whole = Iterator(orders.kept)
    lines = [Rows(LineFactory, 3 * customers, whole=whole, position=position) for position in (1, 2)]
    made.add("shop.lines", *lines)
    return made


async def _measure() -> list[Figure]:
    samples: Samples = {"generate": [], "load": [], "both": [], "customers": [], "ecosystem": []}
    rows = sum(table.count for table in shop(CUSTOMERS).tables)
    async with _server() as (variables, connection):
        for _ in range(SAMPLES):
            began = time.perf_counter()
            made = {table: [p.lines for p in table.portions()] for table in shop(CUSTOMERS).tables}
            samples["generate"].append(time.perf_counter() - began)
            samples["load"].append(await _loaded(connection, made))
            del made
            samples["both"].append(await _both(connection, shop(CUSTOMERS)))
            samples["customers"].append(_customers(rows))
        await _emptied(connection)
        peer = await asyncio.to_thread(_peer, variables)
        many = await _ecosystem(variables, connection, samples)
    return _figures(samples, rows, many, peer)


@asynccontextmanager
async def _server() -> "AsyncIterator[tuple[Mapping[str, str], Connection[Any]]]":
    """A Postgres with an empty shop."""
    async with throwaway_postgres(str(data_root())) as variables:  # where embedded servers have it
        connection = await asyncpg.connect(
            host=variables["TEST_DB_HOST"], user=variables["TEST_DB_USER"], database=variables["TEST_DB_NAME"]
        )
        await connection.execute(TABLES)
        yield variables, connection
        await connection.close()


async def _emptied(connection: "Connection[Any]") -> None:
    await connection.execute("TRUNCATE shop.customers, shop.orders, shop.lines, shop.sold; CHECKPOINT")


async def _loaded(connection: "Connection[Any]", made: Mapping[Any, list[bytes]]) -> float:
    """Seconds that loading takes when all is made already."""
    await _emptied(connection)
    began = time.perf_counter()
    async with connection.transaction():
        for table, portions in made.items():
            schema, _, name = table.name.partition(".")
            await connection.copy_to_table(
                name, source=_each(portions), schema_name=schema, columns=table.columns
            )
    return time.perf_counter() - began


async def _each(portions: list[bytes]) -> AsyncIterator[bytes]:
    for portion in portions:
        yield portion


def _customers(rows: int) -> float:
    """Seconds of making as many rows of one table full of Faker's values."""
    population = Population(7, "one table")
    population.add("shop.customers", Rows(CustomerFactory, rows))
    began = time.perf_counter()
    for _ in population.tables[0].portions():
        pass
    return time.perf_counter() - began


async def _both(connection: "Connection[Any]", population: Population) -> float:
    """Seconds of making and loading, as `harness seed` does it."""
    await _emptied(connection)
    began = time.perf_counter()
    await load(connection, population)
    return time.perf_counter() - began


async def _ecosystem(variables: Mapping[str, str], connection: "Connection[Any]", samples: Samples) -> int:
    """The reference ecosystem's own tables, whose ledger books in triggers; the rows that there are."""
    await migrate("postgresql://{TEST_DB_USER}@/{TEST_DB_NAME}?host={TEST_DB_HOST}".format(**variables))
    await open_treasury(connection)
    for seed in range(SAMPLES):
        began = time.perf_counter()
        report = await load(connection, ecosystem(seed, SCALE))
        samples["ecosystem"].append(time.perf_counter() - began)
    return sum(report.counts.values())


def _peer(variables: Mapping[str, str]) -> dict[str, dict[str, float]]:
    """Seconds for a row by table; empty where the peers were not installed beside us."""
    if not PEERS.exists():
        return {}
    names = [variables[f"TEST_DB_{name}"] for name in ("HOST", "USER", "NAME")]
    program = Path(__file__).with_name("peer_factory_boy.py")
    path = os.pathsep.join([str(PEERS), str(Path(__file__).parent.parent)])
    ended = subprocess.run(
        [sys.executable, str(program), *names, str(PEERS_CUSTOMERS)],
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode:
        sys.exit(f"factory_boy failed:\n{ended.stderr}")
    told: dict[str, dict[str, float]] = json.loads(ended.stdout.splitlines()[-1])
    return told


def _figures(samples: Samples, rows: int, many: int, peer: dict[str, dict[str, float]]) -> list[Figure]:
    made, loaded, both, customers, ecosystems = (median(values) for values in samples.values())
    told = conditions(samples) | {"rows": rows, "rows of the reference ecosystem": many}
    figures = [
        _rate("data.generated", rows / made, 200_000, told),
        _rate("data.loaded", rows / loaded, 100_000, told),
        Figure("data.million_rows", both, "s", "<= 15", both <= 15 * rows / 1e6, {}, told),
        Figure("data.reference_ecosystem", round(many / ecosystems), "rows/s", "none", True, {}, told),
    ]
    if peer:
        told |= {"peer": peer, "peer's customers": PEERS_CUSTOMERS}
        average = sum(peer["create"][table] * share for table, share in SHARES.items())
        figures += [
            _times("data.faster_than_create_batch", peer["build"]["customers"], customers / rows, 100, told),
            _times("data.faster_with_writing", average, both / rows, 0, told),
        ]
    return figures


def _rate(name: str, rate: float, goal: int, told: Mapping[str, object]) -> Figure:
    return Figure(name, round(rate), "rows/s", f">= {goal}", rate >= goal, {}, told)


def _times(name: str, theirs: float, ours: float, goal: int, told: Mapping[str, object]) -> Figure:
    """How many of our rows fit into the time of one of theirs."""
    times = round(theirs / ours, 1)
    peers = {"create_batch, µs a row": round(theirs * 1e6, 1), "ours": round(ours * 1e6, 1)}
    return Figure(name, times, "x", f">= {goal}" if goal else "none", times >= goal, peers, told)
