"""What people rely on in the official images holds for whatever has their names here, and for what is made from it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from docker import DockerClient
from docker.errors import ImageNotFound
from redis.asyncio import Redis
from redis.exceptions import RedisError

from harness.containers.engine import connect, missing
from harness.core.ids import new_secret
from harness.images.baking import DATA, bake

_TIMEOUT = 60.0
_LABEL = "ecosystem-harness.trial"
_BY_FILE = (
    "echo requirepass secret > /tmp/redis.conf && exec docker-entrypoint.sh redis-server /tmp/redis.conf"
)
_VARIABLES = {"POSTGRES_USER": "trial", "POSTGRES_DB": "orders", "POSTGRES_INITDB_ARGS": "--data-checksums"}


@pytest.fixture(scope="module")
def engine() -> Iterator[DockerClient]:
    """The engine of this machine."""
    if lacking := missing():
        pytest.skip(f"no container can run here: {lacking}")
    with contextlib.closing(connect()) as client:
        yield client


@contextlib.contextmanager
def container(engine: DockerClient, image: str, port: int, **how: Any) -> Iterator[tuple[Any, int]]:
    """A container of `image`, and where on this machine its port is; gone afterwards, its volumes too.

    One that has ended by itself by then has no port any more: 0.
    """
    try:
        engine.images.get(image)
    except ImageNotFound:
        pytest.skip(f"the image {image} is not here; `harness images` gets it")
    # None: any free one, which the SDK's types do not know.
    published: Any = {f"{port}/tcp": ("127.0.0.1", None)}
    started: Any = engine.containers.run(image, detach=True, ports=published, labels=[_LABEL], **how)
    try:
        started.reload()
        (published_at,) = started.ports.get(f"{port}/tcp") or ({"HostPort": 0},)
        yield started, int(published_at["HostPort"])
    finally:
        started.remove(force=True, v=True)


@contextlib.asynccontextmanager
async def postgres(port: int, password: str, database: str = "orders") -> AsyncIterator[Any]:
    """A connection, as soon as one can be made."""
    async with asyncio.timeout(_TIMEOUT):
        while True:
            try:
                connection = await asyncpg.connect(
                    host="127.0.0.1", port=port, user="trial", password=password, database=database
                )
                break
            except (OSError, asyncpg.CannotConnectNowError):  # not listening yet; starting up
                await asyncio.sleep(0.02)
    try:
        yield connection
    finally:
        await connection.close()


def main_user(started: Any) -> int:
    """Who the container's main process runs as, as a number."""
    code, output = started.exec_run(["stat", "-c", "%u", "/proc/1"])
    assert code == 0, output
    return int(output)


def init_scripts(folder: Path) -> None:
    """One of SQL and one of shell, in an order that matters."""
    (folder / "1.sql").write_text("CREATE TABLE goods (name text); INSERT INTO goods VALUES ('lamp');")
    (folder / "2.sh").write_text(
        'psql -U "$POSTGRES_USER" -d "$POSTGRES_DB" -c "INSERT INTO goods VALUES (\'oil\')"'
    )
    for entry in (folder, *folder.iterdir()):
        entry.chmod(0o755)


async def test_postgres_is_made_as_the_variables_say(engine: DockerClient, tmp_path: Path) -> None:
    """User, database, initdb's options, init scripts, and nobody gets in with another password or runs it as root."""
    init_scripts(tmp_path)
    password = f"it's {new_secret()}"
    volumes = {str(tmp_path): {"bind": "/docker-entrypoint-initdb.d", "mode": "ro"}}
    variables = _VARIABLES | {"POSTGRES_PASSWORD": password}
    with container(engine, "postgres:15", 5432, environment=variables, volumes=volumes) as (started, port):
        async with postgres(port, password) as connection:
            assert await connection.fetchval("SELECT string_agg(name, ' ') FROM goods") == "lamp oil"
            assert await connection.fetchval("SHOW data_checksums") == "on"
            assert await connection.fetchval("SHOW lc_collate") == "en_US.utf8"
            assert await connection.fetchval("SHOW data_directory") == "/var/lib/postgresql/data"
        with pytest.raises(asyncpg.InvalidPasswordError):
            async with postgres(port, "another"):
                pass
        assert main_user(started) != 0
        assert started.logs().count(b"database system is ready to accept connections") == 2


def test_postgres_without_a_password_does_not_start(engine: DockerClient) -> None:
    """Unless that is asked for, it would be open to everybody."""
    with container(engine, "postgres:15", 5432) as (started, _):
        assert started.wait(timeout=_TIMEOUT)["StatusCode"] == 1
        assert b"POSTGRES_PASSWORD" in started.logs()


@pytest.mark.parametrize("data", [DATA, "/var/lib/postgresql/data"])
async def test_a_baked_postgres_has_its_own_password(engine: DockerClient, data: str) -> None:
    """In place and copied to a volume; a start after the first changes nothing."""
    image = baked(engine)
    password = f"it's {new_secret()}"
    variables = _VARIABLES | {"POSTGRES_PASSWORD": password, "PGDATA": data}
    with container(engine, image, 5432, environment=variables) as (started, port):
        async with postgres(port, password) as connection:
            assert await connection.fetchval("SHOW data_directory") == data
            assert await connection.fetchval("SHOW data_checksums") == "on"
            await connection.execute("CREATE TABLE kept ()")
        with pytest.raises(asyncpg.InvalidPasswordError):
            async with postgres(port, "another"):
                pass
        assert main_user(started) != 0
        started.restart()
        started.reload()
        another_port = int(started.ports["5432/tcp"][0]["HostPort"])
        async with postgres(another_port, password) as connection:
            assert await connection.fetchval("SELECT count(*) FROM kept") == 0


async def test_a_baked_postgres_asked_for_another_database(engine: DockerClient) -> None:
    """It makes that one, as the image below it does."""
    password = new_secret()
    variables = _VARIABLES | {"POSTGRES_DB": "other", "POSTGRES_PASSWORD": password}
    with container(engine, baked(engine), 5432, environment=variables) as (_, port):
        async with postgres(port, password, "other") as connection:
            assert await connection.fetchval("SHOW data_directory") == "/var/lib/postgresql/data"


def baked(engine: DockerClient) -> str:
    """The image of these tests."""
    try:
        return bake(engine, "postgres:15", _VARIABLES, lambda _line: None)
    except ImageNotFound:
        pytest.skip("the image postgres:15 is not here; `harness images` gets it")


@pytest.mark.parametrize(
    ("command", "password"),
    [
        (None, None),
        (["--requirepass", "secret"], "secret"),
        (["redis-server", "--requirepass", "secret"], "secret"),
        (["sh", "-c", _BY_FILE], "secret"),
    ],
)
async def test_redis_takes_arguments(
    engine: DockerClient, command: list[str] | None, password: str | None
) -> None:
    """As options, as a command, as a configuration file; never as root, reachable from outside."""
    with container(engine, "redis:7", 6379, command=command) as (started, port):
        async with asyncio.timeout(_TIMEOUT), Redis(port=port, password=password) as client:
            while True:
                try:
                    await client.set("key", "value")
                    break
                except (OSError, RedisError):
                    await asyncio.sleep(0.02)
        assert main_user(started) != 0
        code, listing = started.exec_run(["pwd"])
        assert (code, listing.strip()) == (0, b"/data")


def test_python_has_what_dockerfiles_use(engine: DockerClient) -> None:
    """`python` and `pip` on the path, of the version that the name says."""
    script = "import pip, sys; print(sys.version_info[:2])"
    with container(engine, "python:3.11-slim", 1, command=["python", "-c", script]) as (started, _):
        assert started.wait(timeout=_TIMEOUT)["StatusCode"] == 0
        assert started.logs().strip() == b"(3, 11)"
