"""Mercatrix's tables in a real Postgres."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from kernel.migrations import migrate
from tests.unit.services.conftest import Cluster

CONNECTIONS = 20


@pytest.fixture(scope="session")
async def migrated(cluster: Cluster) -> "AsyncIterator[asyncpg.Pool[asyncpg.Record]]":
    """Connections to a database with Mercatrix's schema."""
    await migrate(cluster.url, ["mercatrix"])
    async with asyncpg.create_pool(cluster.url, min_size=0, max_size=CONNECTIONS) as pool:
        yield pool


@pytest.fixture
async def pool(migrated: "asyncpg.Pool[asyncpg.Record]") -> "asyncpg.Pool[asyncpg.Record]":
    """The same with empty tables."""
    await migrated.execute(
        "TRUNCATE mercatrix.accounts, mercatrix.transactions, mercatrix.postings, mercatrix.balances,"
        " mercatrix.listings, mercatrix.outbox CASCADE"
    )
    return migrated
