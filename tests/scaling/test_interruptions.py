"""A replica that goes away in the middle of what somebody does with it takes nothing along."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from time import perf_counter
from typing import TypeVar

import pytest

from distilera.client import DistileraClient
from harness.pytest_plugin.handle import EcosystemHandle
from hoardwell.client import HoardwellClient
from jonar.client import Instance, JonarClient
from kernel.client import ClientError
from tests import outside
from tests.ecosystem import Deploy
from tests.figures import Figures
from tests.people import Account
from tests.rollouts import PATIENCE, SMALL, serving, settled, settled_without

# Workflows of three requests: one after the other before the deletion, together when it is asked for, then one every
# so many seconds until the replica is gone. A user may ask a service 60 times at once, and then 6 times a second.
BEFORE, AT_ONCE, PAUSE = 4, 8, 0.5
POLL = 0.2  # seconds between two looks at whether the replica is gone
ATTEMPTS = 5
AWAY = {HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE}  # somebody else may answer
pytestmark = pytest.mark.timeout(3 * PATIENCE)
T = TypeVar("T")


class TestInterruptions:
    """Workflows go through one address, behind which replicas come and go."""

    async def test_replica_ends_in_the_middle(
        self,
        ecosystem: EcosystemHandle,
        jonar_client: JonarClient,
        hoardwell_client: HoardwellClient,
        deploy: Deploy,
        account: Account,
        figure: Figures,
    ) -> None:
        """Simulations start and complete while one of two replicas is deleted: none is lost, none is told of twice.

        A process or a container that is told to end takes no more requests from that moment on, and whoever just then
        asked it has to ask again. A cluster first sends the requests elsewhere: there nobody has to.
        """
        deployment = await deploy(
            component="distilera",
            replicas=2,
            resources=SMALL,
            progress_deadline_seconds=PATIENCE,
            autoscaling={"min_replicas": 2, "max_replicas": 2},  # the work is enough for more of that size
        )
        before = await settled(jonar_client, deployment)
        victim = serving(before)[0]
        async with DistileraClient(before.url, account.token) as distilera:
            user = User(distilera, account)
            mine = [await user.works_through() for _ in range(BEFORE)]
            assert await outside.exists(victim)  # and what asks for its end is loaded: that comes at once now
            async with asyncio.TaskGroup() as group:
                ending = group.create_task(_end(victim))
                working = [group.create_task(user.works_through()) for _ in range(AT_ONCE)]
                while not ending.done():
                    await asyncio.sleep(PAUSE)
                    working.append(group.create_task(user.works_through()))
            mine += [work.result() for work in working]
        asked, gone = ending.result()
        assert any(asked <= instant < gone for instant in user.begun), (asked, gone, user.begun)
        is_seamless = ecosystem.provider == "kubernetes"
        figure(
            "requests asked again, one replica deleted",
            user.lost.total(),
            "",
            below=1 if is_seamless else None,
        )
        assert not (is_seamless and user.lost), user.lost

        told = await hoardwell_client.get_inbox(
            account.id, containing="simulation_", at_least=2 * len(mine), wait=20
        )
        contents = Counter(message.content.partition(":")[0] for message in told.messages)
        expected = [
            f"simulation_{done} {simulation}" for simulation in mine for done in ("started", "completed")
        ]
        assert {content: contents[content] for content in expected} == dict.fromkeys(expected, 1)
        after = await settled_without(jonar_client, deployment, victim.id)
        assert after.ready_replicas == len(serving(before))
        assert {one.id for one in serving(after)} != {one.id for one in serving(before)}


class User:
    """Somebody who works with simulations, and asks again where a replica has gone away under a request.

    Args:
        distilera: The deployment's address.
        account: Whose simulations.
    """

    def __init__(self, distilera: DistileraClient, account: Account) -> None:
        self.lost: Counter[str] = Counter()
        """Requests that had to be asked again, by what came instead of an answer."""
        self.begun: list[float] = []
        """When each workflow began, in seconds."""
        self._distilera = distilera
        self._account = account

    async def works_through(self) -> str:
        """A simulation from its start to its result, each step of which may meet another replica."""
        self.begun.append(perf_counter())
        asked = {"elements": ["fire"], "user_id": self._account.id}
        simulation = await self._ask(lambda: self._distilera.create_simulation(asked))
        completed = await self._ask(lambda: self._distilera.complete_simulation(simulation))
        assert completed.status == "completed"
        read = await self._ask(lambda: self._distilera.get_simulation(simulation))
        assert read.user_id == self._account.id
        return str(simulation)

    async def _ask(self, request: Callable[[], Awaitable[T]]) -> T:
        for _ in range(ATTEMPTS - 1):
            try:
                return await request()
            except ClientError as error:
                if error.status not in AWAY:
                    raise
                self.lost[str(error)] += 1
        return await request()


async def _end(victim: Instance) -> tuple[float, float]:
    """Have a replica end, and wait until nothing of it is left: when it was asked to, and when it was gone."""
    asked = perf_counter()
    await outside.end(victim)
    while await outside.exists(victim):
        assert perf_counter() - asked < PATIENCE, (
            f"{victim} is still there, {PATIENCE:g} s after it was told to end"
        )
        await asyncio.sleep(POLL)
    return asked, perf_counter()
