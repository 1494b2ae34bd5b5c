"""Why this exists: a hundred different users who read from all four services, each with a token of its own."""

import asyncio
import os
from collections.abc import AsyncIterator, Sequence

import pytest

from distilera.client import DistileraClient
from harness.pytest_plugin.handle import EcosystemHandle
from harness.suites.settings import SuiteVariables, Thresholds
from tests.data.manager import TestDataManager
from tests.performance.crowd import Crowd, Person

PEOPLE = 100
LOOPBACK = "127.0.0.1"
AT_ONCE = 8  # requests for tokens under way; a functional client gets slower with more


@pytest.fixture(scope="module")
async def crowd(ecosystem: EcosystemHandle) -> AsyncIterator[Crowd]:
    """The users, known to all services whose caches are warm; gone afterwards."""
    async with TestDataManager(ecosystem.variables, seed=ecosystem.seed, stream="crowd") as data:
        users = await data.create_test_users(PEOPLE)
        people = await _with_tokens([str(user["id"]) for user in users])
        is_forwarded = (
            ecosystem.provider == "kubernetes" and ecosystem.endpoint("test-distilera").host == LOOPBACK
        )
        urls = {name: ecosystem.url(f"test-{name}") for name in Crowd.services}
        crowd = Crowd(people, urls, is_forwarded=is_forwarded)
        await crowd.warm_up()
        yield crowd


@pytest.fixture
def thresholds() -> Thresholds:
    """What is asked of the services: the document's figures, or what INTEGRATION_TEST_* say instead."""
    return SuiteVariables.read(os.environ).thresholds


async def _with_tokens(user_ids: Sequence[str]) -> list[Person]:
    slots = asyncio.Semaphore(AT_ONCE)
    async with DistileraClient(test_mode=True) as distilera:

        async def person(user_id: str) -> Person:
            async with slots:
                return Person(user_id, await distilera.create_auth_token(user_id))

        return list(await asyncio.gather(*map(person, user_ids)))
