"""Why this exists: a real Postgres for tests of what only a database can prove, in a tenth of a second."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg

from harness.bootstrap.cache import cache_folder
from harness.providers.process.embedded.base import Home
from harness.providers.process.embedded.postgres import Postgres
from harness.providers.process.embedded.postgres_template import Template
from harness.providers.process.storage.account import server_account
from harness.spec.model import Component, Location

_COMPONENT = Component("throwaway", Location(Path(__file__), 1), image="postgres")
_START_TIMEOUT = 20.0


@asynccontextmanager
async def throwaway_postgres(below: str | None = None) -> AsyncIterator[Mapping[str, str]]:
    """The TEST_DB_* variables of a running server that listens in a folder of its own and on no network address.

    Args:
        below: Where that folder is; None for the temporary folder.
    """
    account, cache = server_account(), cache_folder()
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="pg-", dir=below) as name:
        folder = Path(name)
        account.give(folder)
        template = Template.of(_COMPONENT, Home(folder, cache, account))
        template.copy_to(
            folder / "data", {"listen_addresses": "", "unix_socket_directories": name, "port": "5432"}
        )
        server = await asyncio.create_subprocess_exec(
            template.binaries / "postgres",
            "-D",
            folder / "data",
            stderr=asyncio.subprocess.DEVNULL,
            user=account.uid,
            group=account.gid,
            extra_groups=[] if account.is_lent else None,
            cwd="/",
        )
        try:
            await _ready(name, template)
            yield {
                "TEST_DB_HOST": name,
                "TEST_DB_PORT": "5432",
                "TEST_DB_NAME": template.database,
                "TEST_DB_USER": template.user,
                "TEST_DB_PASSWORD": "",
            }
        finally:
            server.send_signal(Postgres.polite)
            await server.wait()


async def _ready(folder: str, template: Template) -> None:
    """Return when the server takes connections."""
    async with asyncio.timeout(_START_TIMEOUT):
        while True:
            try:
                connection = await asyncpg.connect(
                    host=folder, user=template.user, database=template.database
                )
            except (OSError, asyncpg.CannotConnectNowError):
                await asyncio.sleep(0.01)
            else:
                await connection.close()
                return


def refusal() -> str | None:
    """Why there can be no server here; None when there can."""
    return Postgres().refusal(_COMPONENT)
