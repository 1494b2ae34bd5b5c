"""Why this exists: RuneFrameOS as people start it with testcontainers: one container after another, its own waits.

At the end there is what `harness up` leaves: everything ready, and seeded by the same function. Prints one line of
JSON, `{"ready": seconds}`, counted from the start of this process; removes everything again.

Usage: python bench/peer_testcontainers.py PROJECT
where PROJECT is what the names of the services' images begin with; all images have to be there.
"""

import asyncio
import contextlib
import json
import os
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

# Its image cannot be pulled everywhere; we remove all ourselves.
os.environ["TESTCONTAINERS_RYUK_DISABLED"] = "true"

import psutil
from testcontainers.community.postgres import PostgresContainer
from testcontainers.community.redis import RedisContainer
from testcontainers.core.container import DockerContainer
from testcontainers.core.network import Network
from testcontainers.core.wait_strategies import HttpWaitStrategy

SERVICES = ("distilera", "hoardwell", "mercatrix", "jonar")
SEED = 20240320  # the default of ours
VARIABLES = {
    "DATABASE_URL": "postgresql://test_user:x@database:5432/runeframeos_test",
    "REDIS_URL": "redis://redis:6379/0",
    "MERCATRIX_URL": "http://mercatrix:8000",
    "JONAR_RUNTIME": "process",
    "TEST_MODE": "true",
    **dict.fromkeys(("TOKEN_KEY", "CLIENT_SECRET", "ENCRYPTION_KEY", "ENCRYPTION_KEY_ID"), "peer"),
}


def start(
    stack: contextlib.ExitStack, network: Network, name: str, container: DockerContainer
) -> DockerContainer:
    """Start one and wait as its class, or its strategy, does."""
    return stack.enter_context(container.with_network(network).with_network_aliases(name))


def migrate(stack: contextlib.ExitStack, network: Network, project: str) -> None:
    """The one-shot, waited for to its end."""
    container = DockerContainer(f"{project}-test-migrations").with_envs(**VARIABLES)
    told: Any = start(stack, network, "migrations", container).get_wrapped_container().wait()
    if told["StatusCode"]:
        sys.exit("the migrations failed")


def seed(database: PostgresContainer) -> None:
    """The same data by the same function; generated before, as a second run of ours finds it."""
    from tests.data.seeding import seed as put_in  # noqa: PLC0415 - the project's folder is on the path by then

    variables = {
        "TEST_DB_HOST": database.get_container_host_ip(),
        "TEST_DB_PORT": str(database.get_exposed_port(5432)),
        "TEST_DB_NAME": database.dbname,
        "TEST_DB_USER": database.username,
        "TEST_DB_PASSWORD": database.password,
    }
    asyncio.run(put_in(SimpleNamespace(variables=variables, seed=SEED)))


def main() -> None:
    """Everything in the order of its dependencies."""
    project = sys.argv[1]
    with contextlib.ExitStack() as stack:
        network = stack.enter_context(Network())
        database = PostgresContainer(
            "postgres:15",
            username="test_user",
            password="x",  # noqa: S106 - of a database that lives for seconds, on loopback
            dbname="runeframeos_test",
        )
        start(stack, network, "database", database)
        start(stack, network, "redis", RedisContainer("redis:7"))
        migrate(stack, network, project)
        seed(database)
        for name in SERVICES:
            service = (
                DockerContainer(f"{project}-test-{name}").with_envs(**VARIABLES).with_exposed_ports(8000)
            )
            start(stack, network, name, service.waiting_for(HttpWaitStrategy(8000, "/ready")))
        ready = time.time() - psutil.Process().create_time()
    print(json.dumps({"ready": ready}))


if __name__ == "__main__":
    root = Path(__file__).parent.parent
    sys.path[:0] = [str(root / "services"), str(root)]
    main()
