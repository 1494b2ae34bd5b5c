"""Events are delivered at least once and take effect exactly once, also when the consumer goes away in between."""

import asyncio

from distilera.client import DistileraClient
from hoardwell.client import HoardwellClient
from mercatrix.client import MercatrixClient
from tests.ecosystem import Restart
from tests.people import Account

SIMULATIONS = 12


class TestExactlyOnce:
    """A restart in the middle loses nothing and doubles nothing."""

    async def test_consumer_restart(
        self,
        restart: Restart,
        distilera_client: DistileraClient,
        hoardwell_client: HoardwellClient,
        mercatrix_client: MercatrixClient,
        account: Account,
    ) -> None:
        """While Hoardwell restarts simulations start and complete; each has both messages once, each is paid once."""
        mine = [await self._start(distilera_client, account) for _ in range(SIMULATIONS)]
        restarted = asyncio.ensure_future(restart("test-hoardwell"))
        for simulation in mine:
            await distilera_client.complete_simulation(simulation)
        await restarted

        told = await hoardwell_client.get_inbox(
            account.id, containing="simulation_", at_least=2 * SIMULATIONS, wait=20
        )
        contents = sorted(msg.content.partition(":")[0] for msg in told.messages)
        assert contents == sorted(
            [f"simulation_started {simulation}" for simulation in mine]
            + [f"simulation_completed {simulation}" for simulation in mine]
        )
        paid = await mercatrix_client.get_user_transactions(account.id, at_least=SIMULATIONS)
        assert sorted(str(transaction.note).rpartition(" ")[2] for transaction in paid) == sorted(mine)

    async def _start(self, distilera: DistileraClient, account: Account) -> str:
        return await distilera.create_simulation(elements=["fire"], user_id=account.id)
