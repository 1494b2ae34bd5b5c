"""Why this exists: the database's shape is made by a one-shot before any service starts, once and in order.

    python -m kernel.migrations        needs DATABASE_URL

For every service: its schema, the kernel's own tables (outbox, consumed_events, dead_letters), then its
`migrations/NNN_name.sql`, each in the service's schema. What was applied stands in `<service>.schema_migrations`.
"""

# ruff: noqa: T201 - a command speaks to its caller

import asyncio
import hashlib
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from time import monotonic
from typing import Any

import asyncpg

SERVICES = ("distilera", "hoardwell", "mercatrix", "jonar")
LOCK = 7_340_021  # any number, the same in every process that migrates
CONNECT_TIMEOUT = 10.0
REFUSED_FOR = 5.0  # seconds that a database may refuse connections
REFUSED_PAUSE = 0.1


class MigrationError(Exception):
    """The database could not be brought up to date; nothing of the failing service was changed."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One SQL file. `name` is its place, such as `kernel/001_events.sql`."""

    name: str
    sql: str

    @property
    def checksum(self) -> str:
        """What tells whether the file was changed after it was applied."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


@cache
def migrations_of(service: str) -> tuple[Migration, ...]:
    """The kernel's migrations, then the service's own, in order; read once, for /ready asks every second."""
    return (*_read("kernel", "sql"), *_read(service, "migrations"))


def _read(package: str, folder: str) -> list[Migration]:
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise MigrationError(f"The package {package} is not installed here; is services/ on PYTHONPATH?")
    files = sorted(Path(spec.submodule_search_locations[0], folder).glob("*.sql"))
    return [Migration(f"{package}/{file.name}", file.read_text(encoding="utf-8")) for file in files]


def pending(wanted: Sequence[Migration], applied: dict[str, str]) -> list[Migration]:
    """Those of `wanted` still to be applied; `applied` are the recorded checksums by name.

    Raises:
        MigrationError: an applied file was changed since.
    """
    changed = [m.name for m in wanted if applied.get(m.name, m.checksum) != m.checksum]
    if changed:
        raise MigrationError(
            f"Changed after being applied: {', '.join(changed)}. Write a further migration instead."
        )
    return [m for m in wanted if m.name not in applied]


async def migrate(database_url: str, services: Sequence[str] = SERVICES) -> dict[str, list[str]]:
    """Bring every service's schema up to date; returns the names applied now, by service.

    Raises:
        MigrationError: a file is missing, was changed, or fails.
    """
    wanted = {service: migrations_of(service) for service in services}
    connection = await _connected(database_url)
    try:
        await connection.execute("SELECT pg_advisory_lock($1)", LOCK)
        return {service: await _migrate_one(connection, service, wanted[service]) for service in services}
    finally:
        await connection.close()


async def _connected(database_url: str) -> "asyncpg.Connection[asyncpg.Record]":
    """A connection, also where it is refused at first: a cluster's nodes hear late that a database is ready."""
    deadline = monotonic() + REFUSED_FOR
    while True:
        try:
            return await asyncpg.connect(database_url, timeout=CONNECT_TIMEOUT)
        except ConnectionRefusedError:
            if monotonic() >= deadline:
                raise
            await asyncio.sleep(REFUSED_PAUSE)


async def _migrate_one(connection: Any, service: str, wanted: Sequence[Migration]) -> list[str]:
    async with connection.transaction():
        await connection.execute(
            f"""
            CREATE SCHEMA IF NOT EXISTS {service};
            SET LOCAL search_path TO {service};
            CREATE TABLE IF NOT EXISTS schema_migrations (
                name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now());
            """
        )
        fresh = pending(wanted, await applied_to(connection, service))
        for migration in fresh:
            await _apply(connection, migration)
        return [migration.name for migration in fresh]


async def applied_to(connection: Any, service: str) -> dict[str, str]:
    """Checksums by name of what was applied to a service's schema; `connection` may be a pool."""
    rows = await connection.fetch(f"SELECT name, checksum FROM {service}.schema_migrations")  # noqa: S608 - the SQL is ours
    return {row["name"]: row["checksum"] for row in rows}


async def _apply(connection: Any, migration: Migration) -> None:
    try:
        await connection.execute(migration.sql)
    except asyncpg.PostgresError as error:
        raise MigrationError(f"{migration.name} failed: {error}") from error
    await connection.execute(
        "INSERT INTO schema_migrations (name, checksum) VALUES ($1, $2)", migration.name, migration.checksum
    )


def main() -> int:
    """Migrate the database that DATABASE_URL names; 0 when it is up to date, 1 otherwise."""
    database_url = os.environ.get("DATABASE_URL", "")
    if not database_url:
        print("migrations: DATABASE_URL is not set", file=sys.stderr)
        return 1
    try:
        applied = asyncio.run(migrate(database_url))
    except (MigrationError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        print(f"migrations: {error}", file=sys.stderr)
        return 1
    for service, names in applied.items():
        print(f"{service}: {', '.join(names) or 'up to date'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
