"""Several processes of one service behave as one: limits count together, updates reach everybody."""

import asyncio
import time
from collections import Counter

import httpx2
import pytest

from distilera.client import DistileraClient
from harness.pytest_plugin.handle import EcosystemHandle
from jonar.client import Deployment, JonarClient
from tests import rollouts
from tests.ecosystem import ConnectSocket, Deploy
from tests.people import Account
from tests.sockets import JsonSocket

ASKED = 240
PER_PERIOD, PERIOD = 60, 10.0  # requests of one user to one service, and in how many seconds
AT_ONCE = httpx2.Limits(max_connections=16)
PATIENCE = 60.0  # seconds for an answer, also when it is not yet a request's turn
pytestmark = pytest.mark.timeout(3 * rollouts.PATIENCE)


@pytest.fixture
async def replicas(jonar_client: JonarClient, deploy: Deploy) -> Deployment:
    """Two more processes of Distilera beside the one that the tests usually ask."""
    deployment = await deploy(component="distilera", replicas=2, progress_deadline_seconds=rollouts.PATIENCE)
    status = await rollouts.settled(jonar_client, deployment)
    assert status.state == "available", status.__dict__
    return status


class TestReplicas:
    """What users may rely on, however many processes answer."""

    async def test_they_share_their_state(
        self, replicas: Deployment, distilera_client: DistileraClient, account: Account
    ) -> None:
        """What one process wrote another reads, with the same token."""
        simulation = await distilera_client.create_simulation(elements=["fire"], user_id=account.id)
        async with DistileraClient(replicas.url, account.token) as behind_one_address:
            for _ in range(4):
                assert (await behind_one_address.get_simulation(simulation)).user_id == account.id

    async def test_rate_limit_counts_all_processes(
        self, replicas: Deployment, distilera_client: DistileraClient, account: Account
    ) -> None:
        """A user whose requests go to three processes by turns may ask no more than of one, however long that takes."""
        urls = (replicas.url, distilera_client.base_url) * (ASKED // 2)
        began = time.monotonic()
        async with httpx2.AsyncClient(
            verify=False, headers=account.headers, limits=AT_ONCE, timeout=PATIENCE
        ) as client:
            asking = (client.get(f"{url}/api/v1/users/?per_page=1") for url in urls)
            statuses = Counter([response.status_code for response in await asyncio.gather(*asking)])
        regained = PER_PERIOD * (time.monotonic() - began) / PERIOD
        assert statuses.keys() == {200, 429}
        assert PER_PERIOD <= statuses[200] <= PER_PERIOD + regained + 1

    async def test_updates_reach_other_processes(
        self,
        ecosystem: EcosystemHandle,
        replicas: Deployment,
        connect_socket: ConnectSocket,
        account: Account,
    ) -> None:
        """An update that is sent in one process is received by who is connected to another."""
        if ecosystem.provider == "existing":
            pytest.skip("replicas of an ecosystem that somebody else started may be out of reach")
        listeners = [await JsonSocket.connect(each.url) for each in replicas.instances]
        try:
            for listener in listeners:
                await listener.authenticate(account.token)
                subscription = {"type": "subscribe", "channel": "user_updates", "user_id": account.id}
                await listener.ask({**subscription, "ack": True})
            sender = await connect_socket(token=account.token)
            await sender.send({"type": "user_update", "user_id": account.id, "data": {"status": "online"}})
            assert [(await listener.receive())["data"] for listener in listeners] == [
                {"status": "online"}
            ] * 2
        finally:
            for listener in listeners:
                await listener.aclose()
