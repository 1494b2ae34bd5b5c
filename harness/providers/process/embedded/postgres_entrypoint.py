"""Why this exists: what the official entrypoint does around the server: data directory, scripts, password."""

import asyncio
import gzip
import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness.core.errors import EnvironmentFailedError
from harness.core.tasks import run_to_end
from harness.providers.process.embedded.masking import mask
from harness.providers.process.embedded.postgres import INIT_SCRIPTS
from harness.providers.process.embedded.postgres_template import Template

if TYPE_CHECKING:
    import asyncpg


async def make(template: Template) -> None:
    """Make the data directory that starts are copied from; once begun it is finished, for the next run."""
    await run_to_end(asyncio.to_thread(template.make))


async def copy(template: Template, data: Path, *, is_open: bool) -> None:
    """A data directory for one start; whoever removes its folder next must not meet it being filled."""
    await run_to_end(asyncio.to_thread(template.copy_to, data, {}, is_open=is_open))


@dataclass(frozen=True, slots=True)
class Socket:
    """The server's private way in: a Unix socket in a folder that only its account may enter."""

    folder: Path
    port: int
    user: str
    database: str


async def finish(
    scripts: Sequence[Path], environment: Mapping[str, str], socket: Socket, binaries: Path
) -> None:
    """The last steps of the official entrypoint: init scripts in the order of their names, then the password.

    Until then nobody can log in over TCP, so the component is not ready too early.
    """
    connection = await _connect(socket)
    try:
        for script in scripts:
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


def _run_script(script: Path, environment: Mapping[str, str], socket: Socket, binaries: Path) -> None:
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


async def _connect(socket: Socket) -> "asyncpg.Connection[asyncpg.Record]":
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
