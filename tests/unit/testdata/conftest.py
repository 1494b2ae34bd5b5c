"""Why this exists: RuneFrameOS's own tables in a real Postgres, empty for every test."""

from collections.abc import AsyncIterator, Mapping

import pytest

from kernel.migrations import migrate
from tests.data.stores import Connection, connect
from tests.unit.data.throwaway_postgres import refusal, throwaway_postgres

EMPTY = """
SELECT 'TRUNCATE ' || string_agg(format('%I.%I', schemaname, tablename), ', ') || ' CASCADE' FROM pg_tables
WHERE schemaname IN ('distilera', 'hoardwell', 'mercatrix', 'jonar') AND tablename <> 'schema_migrations'
"""


@pytest.fixture(scope="session")
async def server() -> AsyncIterator[Mapping[str, str]]:
    """A running server for all tests here."""
    if reason := refusal():
        pytest.skip(reason)
    async with throwaway_postgres() as variables:
        yield variables


@pytest.fixture(scope="session")
async def migrated(server: Mapping[str, str]) -> Mapping[str, str]:
    """The variables of a database with the services' tables."""
    await migrate("postgresql://{TEST_DB_USER}@/{TEST_DB_NAME}?host={TEST_DB_HOST}".format(**server))
    return server


@pytest.fixture
async def connection(migrated: Mapping[str, str]) -> AsyncIterator[Connection]:
    """A connection to the database, everything in it empty."""
    connection = await connect(migrated)
    await connection.execute(await connection.fetchval(EMPTY))
    yield connection
    await connection.close()


@pytest.fixture
def variables(migrated: Mapping[str, str], connection: Connection) -> Mapping[str, str]:
    """What an environment would hand to tests."""
    assert not connection.is_closed()
    return migrated
