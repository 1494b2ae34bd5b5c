"""Why this exists: which events of Distilera earn whom how much, as pure transfers from the treasury."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from mercatrix.ledger import TREASURY, Transfer

REWARD_TYPE = "reward"
SIMULATION_REWARD = Decimal("10.0000")
COLLABORATION_REWARD = Decimal("25.0000")


def reward(user_id: str, amount: Decimal) -> Transfer:
    """A payment from the treasury to `user_id`."""
    return Transfer(TREASURY, user_id, amount, transaction_type=REWARD_TYPE)


def for_simulation(user_id: str | None) -> list[Transfer]:
    """The reward for a completed simulation; a simulation that belongs to nobody earns nothing."""
    return [reward(user_id, SIMULATION_REWARD)] if user_id else []


def for_collaboration(payload: Mapping[str, Any]) -> list[Transfer]:
    """One reward for the leader and each participant of a completed collaboration, each person once.

    Raises:
        KeyError: the payload names no leader or no participants.
    """
    members = {payload["leader"], *payload["participants"]}
    return [reward(member, COLLABORATION_REWARD) for member in sorted(members)]
