"""Why this exists: the service every load test here is run against."""

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.unit.load.fake_service import FakeService


@pytest_asyncio.fixture
async def service() -> AsyncIterator[FakeService]:
    """A service of its own for each test, closed afterwards."""
    async with FakeService() as service:
        yield service
