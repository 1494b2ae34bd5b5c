"""`harness seed` on a running stack with a real Postgres: all of it or nothing, and isolation starts from it."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from harness.bootstrap.cache import cache_folder
from harness.core.errors import ExitCode
from tests.doubles.tiny import Tiny, finish

COMPOSE = """
name: shop
x-harness:
  seed: data:seed
  isolation: reset
services:
  db:
    image: postgres:16
    environment: {POSTGRES_PASSWORD: written}
    ports: ["5432"]
    x-harness:
      random: [POSTGRES_PASSWORD]
      exports: {TEST_DB_HOST: "{host}", TEST_DB_PORT: "{port}", TEST_DB_PASSWORD: "{env.POSTGRES_PASSWORD}"}
"""
MODULE = """
import asyncpg
from factory import Factory, Faker, LazyAttribute, Sequence, SubFactory

from harness.data import SeedReport
from harness.data.loading import load
from harness.data.population import Population, Rows


class Customer(Factory):
    class Meta:
        model = dict

    id = Faker("hexify", text="c-^^^^^^^^^^^^^^^^")
    name = Faker("name")


class Order(Factory):
    class Meta:
        model = dict

    class Params:
        buyer = SubFactory(Customer)

    id = Faker("hexify", text="o-^^^^^^^^^^^^^^^^")
    customer = LazyAttribute(lambda order: order.buyer["id"])


async def seed(environment):
    connection = await connect(environment)
    await connection.execute(
        "CREATE TABLE customers (id text PRIMARY KEY, name text NOT NULL);"
        "CREATE TABLE orders (id text PRIMARY KEY, customer text NOT NULL REFERENCES customers)"
    )
    await connection.close()
    return SeedReport({}, "nothing")


async def at_scale(environment, scale):
    population = Population(environment.seed)
    population.add("public.customers", Rows(Customer, scale), keep=["id"])
    population.add("public.orders", Rows(Order, 10 * scale))
    connection = await connect(environment)
    try:
        return await load(connection, population, environment.progress)
    finally:
        await connection.close()


async def connect(environment):
    told = environment.variables
    return await asyncpg.connect(
        host=told["TEST_DB_HOST"], port=int(told["TEST_DB_PORT"]), user="postgres", password=told["TEST_DB_PASSWORD"]
    )
"""


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Tiny]:
    """A stack of one Postgres that runs; nothing of it is left afterwards."""
    made = Tiny(tmp_path)
    (made.folder / "docker-compose.test.yml").write_text(COMPOSE)
    (made.folder / "data.py").write_text(MODULE)
    # The server's account has to enter it, which pytest's own folders do not let it.
    cache = {"HARNESS_CACHE_DIR": os.environ.get("HARNESS_CACHE_DIR", str(cache_folder()))}
    up = made.run("harness", "up", "--provider", "process", **cache)
    assert up.returncode == ExitCode.OK, up.stderr
    yield made
    made.run("harness", "down")
    assert made.left_over() == []


async def counted(project: Tiny, statement: str = "SELECT 1") -> tuple[int, int]:
    """The customers and orders that there are, once a statement is done."""
    exported = project.run("harness", "env").stdout
    told = dict(line.removeprefix("export ").split("=", 1) for line in exported.splitlines())
    connection = await asyncpg.connect(
        host=told["TEST_DB_HOST"],
        port=int(told["TEST_DB_PORT"]),
        user="postgres",
        password=told["TEST_DB_PASSWORD"],
    )
    await connection.execute(statement)
    customers, orders = [
        int(await connection.fetchval(f"SELECT count(*) FROM {table}"))  # noqa: S608  ours
        for table in ("customers", "orders")
    ]
    await connection.close()
    return customers, orders


async def test_isolation_starts_from_what_was_seeded(project: Tiny) -> None:
    """After it, `reset` puts back the many rows and nothing else; the same seed gives the same digest."""
    scaled = project.run("harness", "seed", "--scale", "500")
    assert scaled.returncode == ExitCode.OK, scaled.stderr
    assert scaled.stdout == "public.customers  500\npublic.orders  5000\n"
    assert "`harness reset` puts back this state" in scaled.stderr
    assert await counted(
        project, "DELETE FROM orders WHERE id < 'o-8'; INSERT INTO customers VALUES ('x', 'x')"
    ) != (
        500,
        5000,
    )
    reset = project.run("harness", "reset")
    assert reset.returncode == ExitCode.OK, reset.stderr
    assert await counted(project) == (500, 5000)

    again = project.run("harness", "seed", "--scale", "501")
    assert (again.returncode, "such rows are there already" in again.stderr) == (ExitCode.ENVIRONMENT, True)
    await counted(project, "TRUNCATE customers, orders")
    digests = [
        line
        for ended in (scaled, project.run("harness", "seed", "--scale", "500"))
        for line in ended.stderr.splitlines()
        if line.startswith("digest ")
    ]
    assert len(digests) == 2
    assert len(set(digests)) == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_an_interrupted_one_leaves_nothing(project: Tiny, number: signal.Signals) -> None:
    """Exit code 130, where it was, and the database as before; the stack runs on."""
    assert project.run("harness", "seed", "--scale", "10", "--seed", "1").returncode == ExitCode.OK
    with project.begin("harness", "seed", "--scale", "50000", "--seed", "2") as process:
        assert process.stderr is not None
        assert process.stderr.readline().startswith("public.customers  50,000 of 50,000")
        process.send_signal(number)
        ended = finish(process)
    assert ended.returncode == ExitCode.INTERRUPTED, ended.stderr
    assert "interrupted in public." in ended.stderr
    assert "taken back, nothing of it stays" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert await counted(project) == (10, 100)
