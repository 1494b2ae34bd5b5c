"""Who is rewarded for what."""

from decimal import Decimal

import pytest

from mercatrix.ledger import TREASURY
from mercatrix.rewards import COLLABORATION_REWARD, SIMULATION_REWARD, for_collaboration, for_simulation


def test_a_simulation_rewards_its_user() -> None:
    """One payment from the treasury, of the type reward."""
    [transfer] = for_simulation("user_1")
    assert (transfer.from_user, transfer.to_user) == (TREASURY, "user_1")
    assert (transfer.amount, transfer.transaction_type) == (SIMULATION_REWARD, "reward")


def test_a_simulation_of_nobody_rewards_nobody() -> None:
    """Simulations may belong to no user."""
    assert for_simulation(None) == []


def test_a_collaboration_rewards_everybody_once() -> None:
    """The leader too, and only once where it is named among the participants."""
    paid = for_collaboration({"leader": "b", "participants": ["c", "b", "a"], "result": "x"})
    assert [transfer.to_user for transfer in paid] == ["a", "b", "c"]
    assert {transfer.amount for transfer in paid} == {COLLABORATION_REWARD}


def test_a_collaboration_without_members_is_an_error() -> None:
    """Nothing is paid on a guess."""
    with pytest.raises(KeyError):
        for_collaboration({"leader": "b"})


def test_rewards_are_worth_something() -> None:
    """A reward of nothing would be refused by the database."""
    assert min(SIMULATION_REWARD, COLLABORATION_REWARD) > Decimal(0)
