"""A component that dies or hangs costs time, and nothing else."""

import pytest

from distilera.client import DistileraClient
from harness.faults import Fault, Kill, Pause
from harness.pytest_plugin.handle import EcosystemHandle
from hoardwell.client import HoardwellClient
from tests.people import Account

SIMULATIONS = 6


class TestOutages:
    """What users have done meanwhile is not lost."""

    @pytest.mark.parametrize("fault", [Kill("test-hoardwell"), Pause("test-hoardwell")])
    async def test_messages_of_an_outage_arrive_afterwards(
        self,
        our_own: EcosystemHandle,
        fault: Fault,
        distilera_client: DistileraClient,
        hoardwell_client: HoardwellClient,
        account: Account,
    ) -> None:
        """While Hoardwell is away simulations start and complete; when it is back, each has both messages, once."""
        async with our_own.fault(fault):
            mine = [
                await distilera_client.create_simulation(elements=["fire"], user_id=account.id)
                for _ in range(SIMULATIONS)
            ]
            for simulation in mine:
                await distilera_client.complete_simulation(simulation)
        told = await hoardwell_client.get_inbox(
            account.id, containing="simulation_", at_least=2 * SIMULATIONS, wait=20
        )
        contents = sorted(message.content.partition(":")[0] for message in told.messages)
        assert contents == sorted(
            f"simulation_{done} {simulation}" for simulation in mine for done in ("started", "completed")
        )
