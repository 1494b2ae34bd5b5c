"""Why this exists: a real Postgres for tests of what only a database can prove, in a tenth of a second."""

import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from harness.bootstrap.cache import cache_folder
from harness.providers.process.account import server_account
from harness.providers.process.embedded.base import Ground
from harness.providers.process.embedded.postgres import Postgres
from harness.providers.process.embedded.postgres_template import Template
from harness.spec.model import Component, Location

_COMPONENT = Component("throwaway", Location(Path(__file__), 1), image="postgres")


@contextmanager
def throwaway_postgres() -> Iterator[Mapping[str, str]]:
    """The TEST_DB_* variables of a running server that listens in a folder of its own and on no network address."""
    account, cache = server_account(), cache_folder()
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="pg-") as name:
        folder = Path(name)
        account.give(folder)
        template = Template.of(_COMPONENT, Ground(folder, cache, account))
        template.copy_to(
            folder / "data", {"listen_addresses": "", "unix_socket_directories": name, "port": "5432"}
        )
        server = subprocess.Popen(  # noqa: S603  our own binaries and folders
            [template.binaries / "postgres", "-D", folder / "data"],
            stderr=subprocess.DEVNULL,
            user=account.uid,
            group=account.gid,
            extra_groups=[] if account.is_lent else None,
            cwd="/",
        )
        try:
            yield {
                "TEST_DB_HOST": name,
                "TEST_DB_PORT": "5432",
                "TEST_DB_NAME": template.database,
                "TEST_DB_USER": template.user,
                "TEST_DB_PASSWORD": "",
            }
        finally:
            server.send_signal(Postgres.polite)
            server.wait(timeout=10)


def refusal() -> str | None:
    """Why there can be no server here; None when there can."""
    return Postgres().refusal(_COMPONENT)
