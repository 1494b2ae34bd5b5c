"""Why this exists: the longest chain of RuneFrameOS in containers, alone and by hand: the least a whole start can take.

Postgres, the migrations, Distilera: each container made ahead, started when its turn comes, polled every 5 ms from
the host. Nothing else runs. Prints one line of JSON, `{"ready": seconds}`, counted from the start of this process.

Usage: python bench/floor_docker.py POSTGRES_IMAGE PROJECT
"""

import json
import socket
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import docker
import psutil

VARIABLES = {
    "DATABASE_URL": "postgresql://test_user:x@database:5432/runeframeos_test",
    "REDIS_URL": "redis://redis:6379/0",
    "MERCATRIX_URL": "http://mercatrix:8000",
    "TEST_MODE": "true",
    **dict.fromkeys(("TOKEN_KEY", "CLIENT_SECRET", "ENCRYPTION_KEY", "ENCRYPTION_KEY_ID"), "floor"),
}
DATABASE = {"POSTGRES_USER": "test_user", "POSTGRES_PASSWORD": "x", "POSTGRES_DB": "runeframeos_test"}
SSL_REQUEST = bytes([0, 0, 0, 8, 4, 210, 22, 47])  # which a server answers as soon as it takes sessions


def wait_for(port: int, question: bytes, answer: bytes) -> None:
    """Ask until the answer holds what is expected."""
    while True:
        try:
            with socket.create_connection(("127.0.0.1", port), 1) as connection:
                connection.sendall(question)
                if answer in connection.recv(100):
                    return
        except OSError:
            pass
        time.sleep(0.005)


def port_of(container: Any, target: int) -> int:
    """Where it is published."""
    container.reload()
    return int(container.attrs["NetworkSettings"]["Ports"][f"{target}/tcp"][0]["HostPort"])


def main() -> None:
    """Everything as early as it can be; everything gone at the end."""
    postgres, project = sys.argv[1:3]
    client = docker.from_env()
    network = client.networks.create("floor-docker", driver="bridge")

    def create(name: str, image: str, variables: dict[str, str], target: int | None = None) -> Any:
        ports: Any = {f"{target}/tcp": ("127.0.0.1", None)} if target else {}
        config = {str(network.name): client.api.create_endpoint_config(aliases=[name])}
        return client.containers.create(
            image, environment=variables, ports=ports, network=network.name, networking_config=config
        )

    with ThreadPoolExecutor() as threads:
        made = [
            threads.submit(create, "database", postgres, DATABASE, 5432),
            threads.submit(create, "redis", "redis:7", {}, 6379),
            threads.submit(create, "migrations", f"{project}-test-migrations", VARIABLES),
            threads.submit(create, "distilera", f"{project}-test-distilera", VARIABLES, 8000),
        ]
        try:
            database, redis, migrations, distilera = (future.result() for future in made)
            threads.submit(redis.start)
            database.start()
            wait_for(port_of(database, 5432), SSL_REQUEST, b"N")
            migrations.start()
            if migrations.wait()["StatusCode"]:
                sys.exit(migrations.logs().decode())
            distilera.start()
            wait_for(port_of(distilera, 8000), b"GET /ready HTTP/1.0\r\nHost: x\r\n\r\n", b" 200 ")
            ready = time.time() - psutil.Process().create_time()
        finally:
            for future in made:
                if future.exception() is None:
                    future.result().remove(force=True, v=True)
            network.remove()
    print(json.dumps({"ready": ready}))


if __name__ == "__main__":
    main()
