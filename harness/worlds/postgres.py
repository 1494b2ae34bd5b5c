"""Why this exists: a Postgres database as it was when it was kept; `postgres.sql` does the work inside the server."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Self

from harness.core.endpoint import Endpoint
from harness.worlds.error import WorldError

if TYPE_CHECKING:
    import asyncpg

_INSTALL = Path(__file__).with_suffix(".sql")
_PATIENCE = 2  # seconds to wait for a lock that a component or a test holds
_HOLDERS = """
    SELECT pid, application_name, state, left(query, 200) AS query FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND xact_start IS NOT NULL ORDER BY xact_start
"""


@dataclass(frozen=True, slots=True)
class Database:
    """Where a database is, and a superuser of it: triggers and foreign keys are off while rows are put back."""

    at: Endpoint
    user: str
    name: str
    password: str | None = field(default=None, repr=False)

    async def connect(self) -> "asyncpg.Connection[asyncpg.Record]":
        """A connection that waits for locks no longer than we do. Raises OSError and PostgresError."""
        import asyncpg  # noqa: PLC0415 - an ecosystem without Postgres does not pay for it

        return await asyncpg.connect(
            host=self.at.host,
            port=self.at.port,
            user=self.user,
            password=self.password,
            database=self.name,
            server_settings={"application_name": "harness", "lock_timeout": f"{_PATIENCE}s"},
        )


class KeptPostgres:
    """All tables and sequences of one database. `KeptPostgres.keep` makes it."""

    def __init__(
        self, component: str, database: Database, connection: "asyncpg.Connection[asyncpg.Record]"
    ) -> None:
        self.component = component
        self._database = database
        self._connection = connection

    @classmethod
    async def keep(cls, component: str, database: Database) -> Self:
        """Keep the database as it is now. It waits for whoever writes at this moment.

        Args:
            component: Whose database it is, for messages.
            database: Where it is.

        Raises:
            WorldError: it cannot be kept; the server says why.
        """
        import asyncpg  # noqa: PLC0415

        try:
            kept = cls(component, database, await database.connect())
        except (OSError, asyncpg.PostgresError) as error:
            raise WorldError(f"{component}: its state cannot be kept: {error}") from error
        try:
            async with kept._connection.transaction():
                await kept._connection.execute(_INSTALL.read_text())
        except asyncpg.PostgresError as error:
            failure = await kept._failure(error, "its state cannot be kept")
            await kept.aclose()
            raise failure from error
        return kept

    async def reset(self) -> tuple[str, ...]:
        """Put back the tables and sequences that were written to; their names.

        Raises:
            WorldError: the schema or large objects were changed, or a transaction holds a table that is to be put
                back, or the server is not reached.
        """
        import asyncpg  # noqa: PLC0415

        try:
            if self._connection.is_closed():  # the server was started anew
                self._connection = await self._database.connect()
            rows = await self._connection.fetch("SELECT harness_world.reset() AS name")
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
            raise await self._failure(error, "its state cannot be put back") from error
        return tuple(row["name"] for row in rows)

    async def aclose(self) -> None:
        """Let go of the database; without waiting, as its server may hang."""
        self._connection.terminate()

    async def _failure(self, error: Exception, what: str) -> WorldError:
        import asyncpg  # noqa: PLC0415

        evidence: list[str] = []
        hint = ""
        if isinstance(error, asyncpg.LockNotAvailableError):
            rows = await self._connection.fetch(_HOLDERS)
            evidence = [
                f"pid {row['pid']} {row['application_name']} ({row['state']}): {row['query']}" for row in rows
            ]
            hint = f"a transaction held a table for more than {_PATIENCE} s: end it before the test ends"
        elif isinstance(error, asyncpg.FeatureNotSupportedError):
            hint = "what changes that cannot share an environment with other tests; start a new one for it"
        elif isinstance(error, asyncpg.InsufficientPrivilegeError):
            hint = "its user has to be a superuser, as POSTGRES_USER is in the official image"
        return WorldError(f"{self.component}: {what}: {error}", evidence=evidence, hint=hint)
