"""Why this exists: snapshots of a Postgres database; `postgres.sql` does the work inside the server."""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Self

from harness.core.data_files import DataFiles
from harness.core.endpoint import Endpoint
from harness.worlds.base import SEEDED, IsComponents, nobodys
from harness.worlds.error import WorldError

if TYPE_CHECKING:
    import asyncpg

_INSTALL = Path(__file__).with_suffix(".sql")
_PATIENCE = 2  # seconds to wait for a lock that a component or a test holds
_LOOK = 0.01  # seconds between two looks whether an advisory lock has gone
_LOCKED = "HW001"  # the error of `postgres.sql` for one
_RESETTING = "its state cannot be put back"
_UNLOCK = f"waited {_PATIENCE} s for it; unlock it (pg_advisory_unlock), or close its connection, before the test ends"
_SESSION = {
    "application_name": "harness",
    "lock_timeout": f"{_PATIENCE}s",
    "session_replication_role": "replica",  # rows are put back as they were: no trigger and no foreign key acts on it
    # Where a component and we wait for each other, it is we who find out, and give up; and an autovacuum that is in
    # the way is called off then, as the server does for whoever waits for one so long.
    "deadlock_timeout": "100ms",
    # A table that is empty when a statement is planned may be full when it runs: no row is ever sought in all rows.
    "enable_nestloop": "off",
    # whatever the database's own defaults are
    "default_transaction_isolation": "read committed",  # what is read is not older than the locks on it
    "default_transaction_read_only": "off",
    "statement_timeout": "0",
}
_OF_THE_SERVER = ("postmaster.pid", "postmaster.opts")  # the first names a process and its shared memory
_HOLDERS = """
    SELECT pid, application_name, state, left(query, 200) AS query FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND xact_start IS NOT NULL ORDER BY xact_start
"""


@dataclass(frozen=True, slots=True)
class Database:
    """Where a database is, and a superuser of it: triggers and foreign keys are off while rows are put back.

    `is_components` tells whether a connection from an address and a port is a component's.
    """

    at: Endpoint
    user: str
    name: str
    password: str | None = field(default=None, repr=False)
    is_components: IsComponents = nobodys

    def serves(self, host: str | None, port: int | None) -> bool:
        """Whether who is connected from there is a component; nobody is who comes over no network."""
        return host is not None and port is not None and self.is_components(host, port)

    async def connect(self) -> "asyncpg.Connection[asyncpg.Record]":
        """A connection to put rows back with, which waits for locks as long as we do. Raises OSError, PostgresError."""
        import asyncpg  # noqa: PLC0415 - an ecosystem without Postgres does not pay for it

        return await asyncpg.connect(
            host=self.at.host,
            port=self.at.port,
            user=self.user,
            password=self.password,
            database=self.name,
            server_settings=_SESSION,
        )


class PostgresStore:
    """All tables and sequences of one database. `PostgresStore.open` makes it."""

    def __init__(
        self, component: str, database: Database, connection: "asyncpg.Connection[asyncpg.Record]"
    ) -> None:
        self.component = component
        self._database = database
        self._connection = connection

    @classmethod
    async def open(cls, component: str, database: Database) -> Self:
        """From now on the database notes what is written to it. It waits for whoever writes at this moment.

        Args:
            component: Whose database it is, for messages.
            database: Where it is.

        Raises:
            WorldError: it cannot; the server says why.
        """
        store = await cls._connected(component, database)
        try:
            await store.install()
        except BaseException:
            await store.aclose()
            raise
        return store

    @classmethod
    async def join(cls, component: str, database: Database) -> Self:
        """Take over a database whose files were copied while it ran, which looks like a crash to its server.

        That empties unlogged tables and lets sequences jump; both are put back.

        Args:
            component: Whose database it is, for messages.
            database: Where it is; what was copied had a seeded state.

        Raises:
            WorldError: it cannot; the server says why.
        """
        store = await cls._connected(component, database)
        try:
            await store.reset(SEEDED)
        except BaseException:
            await store.aclose()
            raise
        return store

    async def install(self) -> None:
        """Let the database note what is written to it. Raises WorldError."""
        import asyncpg  # noqa: PLC0415 - as above

        try:
            async with self._connection.transaction():
                await self._connection.execute(_INSTALL.read_text())
        except asyncpg.PostgresError as error:
            raise await self._failure(error, "its state cannot be kept") from error

    @classmethod
    async def _connected(cls, component: str, database: Database) -> Self:
        import asyncpg  # noqa: PLC0415 - as above

        try:
            return cls(component, database, await database.connect())
        except (OSError, asyncpg.PostgresError) as error:
            told = f"{component}: its state cannot be kept: {error}"
            raise WorldError(told, hint=_hint_for(error)) from error

    async def activity(self) -> object:
        """How often statements have written. Raises WorldError: the server is not reached."""
        query = "SELECT sum(pg_sequence_last_value(mark::regclass)) FROM harness_world.tables"
        return (await self._fetch(query, otherwise="its activity cannot be told"))[0][0]

    async def keep(self, snapshot: str) -> None:
        """Keep the database as it is now. It waits for whoever writes at this moment.

        Raises:
            WorldError: the schema was changed, or a transaction is prepared or holds a table, or the server is not
                reached.
        """
        await self._fetch("SELECT harness_world.keep($1)", snapshot, otherwise="its state cannot be kept")

    async def reset(self, snapshot: str) -> tuple[str, ...]:
        """Put back the tables and sequences that were written to; their names.

        Raises:
            WorldError: the schema or large objects were changed, or somebody holds an advisory lock that was free
                then, or a transaction is prepared or holds a table that is to be put back, or the server is not
                reached.
        """
        deadline = asyncio.get_running_loop().time() + _PATIENCE
        while True:
            try:
                query = "SELECT harness_world.reset($1) AS name"
                rows = await self._fetch(query, snapshot, otherwise=_RESETTING)
                return tuple(row["name"] for row in rows)
            except WorldError as failure:
                if getattr(failure.__cause__, "sqlstate", "") != _LOCKED:
                    raise
                told = await self._tell_locks(snapshot)
                if asyncio.get_running_loop().time() > deadline:
                    raise WorldError(failure.message, evidence=told, hint=_UNLOCK) from failure
                await asyncio.sleep(_LOOK)  # the server tells nobody when one of these goes

    async def _tell_locks(self, snapshot: str) -> list[str]:
        """Who holds advisory locks that were not held then. Components may: one that was started anew, or leads now."""
        query = "SELECT * FROM harness_world.holders($1)"
        holders = await self._fetch(query, snapshot, otherwise=_RESETTING)
        others = {each["lock"] for each in holders if not self._database.serves(each["host"], each["port"])}
        theirs = [each["lock"] for each in holders if each["lock"] not in others]
        if theirs:
            await self._fetch("SELECT harness_world.tolerate($1)", theirs, otherwise=_RESETTING)
        return [each["told"] for each in holders if each["lock"] not in theirs]

    async def differences(self, snapshot: str) -> tuple[str, ...]:
        """The tables and sequences that are not as they were kept, by comparing every row.

        Raises:
            WorldError: the server is not reached.
        """
        query = "SELECT harness_world.differences($1) AS name"
        return tuple(
            row["name"]
            for row in await self._fetch(query, snapshot, otherwise="its state cannot be compared")
        )

    async def write_down(self) -> DataFiles:
        """A checkpoint: what was written before it needs no recovery, and no sequence of it jumps."""
        doing = "its data cannot be copied"
        elsewhere = "SELECT spcname FROM pg_tablespace WHERE pg_tablespace_location(oid) <> ''"
        if rows := await self._fetch(elsewhere, otherwise=doing):
            raise WorldError(f"{self.component}: {doing}: the tablespace {rows[0]['spcname']} lies elsewhere")
        await self._fetch("CHECKPOINT", otherwise=doing)
        rows = await self._fetch("SELECT current_setting('data_directory') AS folder", otherwise=doing)
        return DataFiles(rows[0]["folder"], _OF_THE_SERVER)

    async def aclose(self) -> None:
        """Let go of the database; without waiting, as its server may hang."""
        self._connection.terminate()

    async def _fetch(self, query: str, *given: object, otherwise: str) -> "list[asyncpg.Record]":
        import asyncpg  # noqa: PLC0415 - as above

        try:
            if self._connection.is_closed():  # the server was started anew
                self._connection = await self._database.connect()
            return await self._connection.fetch(query, *given)
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
            raise await self._failure(error, otherwise) from error

    async def _failure(self, error: Exception, what: str) -> WorldError:
        import asyncpg  # noqa: PLC0415 - as above

        evidence: list[str] = []
        if isinstance(error, asyncpg.LockNotAvailableError):
            rows = await self._connection.fetch(_HOLDERS)
            evidence = [
                f"pid {row['pid']} {row['application_name']} ({row['state']}): {row['query']}" for row in rows
            ]
        if isinstance(error, asyncpg.ObjectInUseError):  # ours: it names who holds what
            evidence = (error.detail or "").splitlines()
        return WorldError(f"{self.component}: {what}: {error}", evidence=evidence, hint=_hint_for(error))


def _hint_for(error: Exception) -> str:
    import asyncpg  # noqa: PLC0415 - as above

    match error:
        case asyncpg.LockNotAvailableError() | asyncpg.DeadlockDetectedError():
            return f"a transaction held a table for more than {_PATIENCE} s: end it before the test ends"
        case asyncpg.ObjectInUseError():
            return f"it was waited for {_PATIENCE} s; {error.hint}"
        case asyncpg.FeatureNotSupportedError():
            return "what changes that cannot share an environment with other tests; start a new one for it"
        case asyncpg.InsufficientPrivilegeError():
            return "its user has to be a superuser, as POSTGRES_USER is in the official image"
    return ""
