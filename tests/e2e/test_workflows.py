"""What people do with the whole ecosystem, from their account to their reward."""

from typing import Any

from hoardwell.client import HoardwellClient
from tests.people import unique

Environment = dict[str, Any]


class TestEndToEndWorkflows:
    """Whole journeys through all four services."""

    async def test_complete_alchemy_workflow(self, test_environment: Environment) -> None:
        """An account, a simulation, its messages, its result, its reward, its traces on the platform."""
        env = test_environment

        # 1. User creates account
        user = await env["distilera"].create_user(
            {"name": "Test Alchemist", "email": f"{unique('alchemist')}@test.com"}
        )

        # 2. User starts alchemy simulation
        simulation = await env["distilera"].create_simulation(
            {"user_id": user.id, "elements": ["fire", "water", "earth"], "target_result": "phoenix_essence"}
        )

        # 3. Verify Hoardwell communication
        messages = await env["hoardwell"].get_simulation_messages(simulation.id)
        assert len(messages) > 0
        assert messages[0].user_id == user.id

        # 4. Complete simulation
        result = await env["distilera"].complete_simulation(simulation.id)
        assert result.status == "completed"
        assert result.result == "phoenix_essence"

        # 5. Verify economic transaction
        transactions = await env["mercatrix"].get_user_transactions(user.id)
        assert len(transactions) > 0
        [reward] = transactions
        assert (reward.to_user, reward.transaction_type, reward.status) == (user.id, "reward", "completed")
        balance = await env["mercatrix"].get_user_balance(user.id)
        assert balance.essence_coins == reward.amount

        # 6. Verify infrastructure scaling
        scaling_events = await env["jonar"].get_component_events("distilera")
        assert len(scaling_events) > 0
        told = {event.event for event in scaling_events if event.subject == simulation.id}
        assert told == {"simulation.started", "simulation.completed"}

    async def test_multi_user_collaboration(self, test_environment: Environment) -> None:
        """Three users contribute to one work, and each is rewarded for it once."""
        env = test_environment

        # Create multiple users
        users = []
        for i in range(3):
            user = await env["distilera"].create_user(
                {"name": f"Collaborator {i}", "email": f"{unique(f'collaborator{i}')}@test.com"}
            )
            users.append(user)

        # Start collaborative simulation
        collaboration = await env["distilera"].create_collaboration(
            {
                "leader": users[0].id,
                "participants": [u.id for u in users[1:]],
                "simulation_type": "complex_fusion",
            }
        )

        # Verify all participants can contribute
        for user in users:
            contribution = await env["distilera"].add_contribution(
                collaboration.id, user.id, {"element": "fire"}
            )
            assert contribution.status == "accepted"

        # Complete collaboration
        result = await env["distilera"].complete_collaboration(collaboration.id)
        assert result.status == "completed"

        # Verify all participants receive rewards
        for user in users:
            balance = await env["mercatrix"].get_user_balance(user.id)
            assert balance.essence_coins > 0
            assert len(await env["mercatrix"].get_user_transactions(user.id)) == 1

        # Completing it again has no further effect
        again = await env["distilera"].complete_collaboration(collaboration.id)
        assert (again.status, again.result) == (result.status, result.result)

    async def test_trade_workflow(self, test_environment: Environment) -> None:
        """One user earns and offers, another finds the offer, pays and says so; the offer is closed."""
        env = test_environment
        seller = await env["distilera"].create_user(name="Seller", email=f"{unique('seller')}@test.com")
        buyer = await env["distilera"].create_user(name="Buyer", email=f"{unique('buyer')}@test.com")
        as_buyer = await env["distilera"].create_auth_token(buyer.id)
        await env["mercatrix"].pay_reward(buyer.id, 100, "savings")

        listing = await env["mercatrix"].create_market_listing(
            {"item_type": "crystal_shard", "quantity": 2, "price_per_unit": "12.5", "seller": seller.id}
        )
        found = await env["distilera"].as_user(as_buyer).get_marketplace_items(containing=listing.id)
        [offer] = [item for item in found if item.id == listing.id]
        payment = (
            await env["mercatrix"]
            .as_user(as_buyer)
            .process_transaction(
                {
                    "from_user": buyer.id,
                    "to_user": offer.seller,
                    "amount": offer.price_per_unit * offer.quantity,
                },
                idempotency_key=f"buy {offer.id}",
            )
        )
        await env["mercatrix"].close_listing(listing)

        hoardwell: HoardwellClient = env["hoardwell"]
        await hoardwell.as_user(as_buyer).send_message({"to_user": seller.id, "content": f"paid {payment}"})
        inbox = await hoardwell.get_inbox(seller.id, containing=str(payment), at_least=2, wait=5)
        assert {message.kind for message in inbox.messages} == {"transaction", "direct"}
        assert (await env["mercatrix"].get_user_balance(seller.id)).essence_coins == 25
        assert (await env["mercatrix"].get_user_balance(buyer.id)).essence_coins == 75
