"""Data that tests make in the stores is what the services serve, and leaves no trace."""

from typing import Any

from tests.data.manager import TestDataManager
from tests.refusals import refused

Environment = dict[str, Any]


class TestTestData:
    """What `data` makes, seen through the services."""

    async def test_services_serve_it(self, test_environment: Environment, data: TestDataManager) -> None:
        """Each kind of record is found where its service keeps it, and the ledger agrees with itself."""
        env = test_environment
        users = await data.create_test_users(3)
        [simulation] = await data.create_test_simulations(1)
        [transaction] = await data.create_test_transactions(1)
        [message] = await data.create_test_messages(1)
        [listing] = await data.create_test_listings(1)

        for user in users:
            assert (await env["distilera"].get_user(user["id"])).email == user["email"]
        assert (await env["distilera"].get_simulation(simulation["id"])).elements == simulation["elements"]
        assert (await env["mercatrix"].get_transaction(transaction["id"])).amount == transaction["amount"]
        assert (await env["mercatrix"].get_listing(listing["id"])).item_type == listing["item_type"]
        assert listing["id"] in await env["distilera"].get_marketplace_items(containing=listing["id"])
        assert (await env["hoardwell"].get_message(message["id"])).content == message["content"]
        assert (await env["mercatrix"].check_ledger())["is_consistent"] is True

    async def test_it_can_be_worked_with(self, test_environment: Environment, data: TestDataManager) -> None:
        """A pending simulation of a test user is started, completed and rewarded like any other."""
        env = test_environment
        [simulation] = await data.create_test_simulations(1)
        await env["distilera"].start_simulation(simulation["id"])
        completed = await env["distilera"].complete_simulation(simulation["id"])
        assert completed.result == simulation["target_result"]
        transactions = await env["mercatrix"].get_user_transactions(simulation["user_id"], at_least=2)
        assert "reward" in {transaction.transaction_type for transaction in transactions}

    async def test_it_goes_again(self, test_environment: Environment, data: TestDataManager) -> None:
        """After cleaning up nothing of it is there, and the ledger still sums to zero."""
        env = test_environment
        [user, *_] = await data.create_test_users(2)
        [transaction] = await data.create_test_transactions(1)

        await data.cleanup_test_data()

        with refused(404, "user_not_found"):
            await env["distilera"].get_user(user["id"])
        with refused(404, "account_not_found"):
            await env["mercatrix"].get_user_balance(user["id"], wait=0)
        with refused(404, "transaction_not_found"):
            await env["mercatrix"].get_transaction(transaction["id"])
        assert await env["mercatrix"].get_ledger_total() == 0
