"""What one service does is seen by all others, and what goes wrong in one does no harm in another."""

import asyncio
from typing import Any

import pytest

from kernel.client import ClientError
from tests.people import Account, unique
from tests.refusals import refused

Environment = dict[str, Any]


class TestSystemIntegration:
    """Data and errors across the four services."""

    async def test_data_flow_across_components(self, test_environment: Environment) -> None:
        """A simulation in Distilera is a message, a transaction and a figure elsewhere."""
        env = test_environment
        before = await env["jonar"].get_system_metrics(wait=0)

        # Create test data in Distilera
        simulation_data = await env["distilera"].create_test_simulation()

        # Verify data propagation to Hoardwell
        messages = await env["hoardwell"].get_all_messages()
        assert any(simulation_data.id in msg.content for msg in messages)

        # Verify data propagation to Mercatrix
        await env["distilera"].complete_simulation(simulation_data)
        transactions = await env["mercatrix"].get_all_transactions()
        assert len(transactions) > 0
        assert [t.to_user for t in transactions].count(simulation_data.user_id) == 1

        # Verify data propagation to Jonar
        metrics = await env["jonar"].get_system_metrics()
        assert metrics.total_simulations > 0
        assert metrics.total_simulations > before.total_simulations

    async def test_error_propagation(self, test_environment: Environment, account: Account) -> None:
        """An impossible simulation is told and alerts, and nobody pays or fails to pay for it."""
        env = test_environment
        distilera = env["distilera"].as_user(account.token)

        # Introduce error in Distilera
        with pytest.raises(ClientError) as refusal:
            await distilera.create_invalid_simulation()
        assert (refusal.value.status, refusal.value.code) == (422, "unknown_element")

        # Verify error logged in Hoardwell
        error_messages = await env["hoardwell"].as_user(account.token).get_error_messages()
        assert len(error_messages) > 0
        [told] = error_messages
        assert "unknown_element" in told.content

        # Verify error handled in Mercatrix, which has seen what came after the error
        proof = await distilera.create_simulation(elements=["fire"])
        await distilera.complete_simulation(proof)
        paid = await env["mercatrix"].get_user_transactions(account.id)
        assert [transaction.status for transaction in paid] == ["completed"]
        failed_transactions = await env["mercatrix"].get_failed_transactions(account.id)
        assert len(failed_transactions) == 0  # No transactions should be created

        # Verify error handled in Jonar
        alerts = await env["jonar"].get_system_alerts()
        assert any("distilera_error" in alert.type for alert in alerts)
        assert any(
            "unknown_element" in alert.message and alert.occurred_at >= told.created_at for alert in alerts
        )

    async def test_one_alert_for_one_error(self, test_environment: Environment) -> None:
        """Each error raises one alert that says what it was about."""
        env = test_environment
        nonsense = unique("void")
        with refused(422, "unknown_element"):
            await env["distilera"].create_simulation(elements=[nonsense])

        alerts = await env["jonar"].get_system_alerts(type="distilera_error")
        assert [alert.component for alert in alerts if nonsense in alert.message] == ["distilera"]

    async def test_completed_at_once_paid_once(self, test_environment: Environment, account: Account) -> None:
        """A simulation that five requests complete at the same moment is told once and paid once."""
        env = test_environment
        simulation = await env["distilera"].create_simulation(elements=["fire"], user_id=account.id)
        completions = [env["distilera"].complete_simulation(simulation) for _ in range(5)]
        assert {each.status for each in await asyncio.gather(*completions)} == {"completed"}

        last = await env["distilera"].create_simulation(elements=["air"], user_id=account.id)
        await env["distilera"].complete_simulation(last)

        paid = await env["mercatrix"].get_user_transactions(account.id, at_least=2)
        assert [str(transaction.note).rpartition(" ")[2] for transaction in paid] == [last, simulation]
        told = await env["hoardwell"].get_simulation_messages(simulation, at_least=2)
        assert [message.content.partition(" ")[0] for message in told] == [
            "simulation_started",
            "simulation_completed",
        ]

    async def test_refused_simulation_leaves_nothing(
        self, test_environment: Environment, account: Account
    ) -> None:
        """What was refused is in nobody's list, and its id is free."""
        env = test_environment
        given = unique("sim")
        with refused(422, "unreachable_target"):
            await env["distilera"].create_simulation(
                id=given, user_id=account.id, elements=["air"], target_result="gold"
            )
        assert await env["distilera"].list_simulations(user=account.id) == []
        again = await env["distilera"].create_simulation(id=given, user_id=account.id, elements=["air"])
        assert again.id == given
