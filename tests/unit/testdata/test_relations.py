"""Objects that belong together, whatever the seed."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from harness.data import DataSession
from mercatrix import ledger, rewards
from tests.data import relations, stores

seeds = st.integers(min_value=0, max_value=10_000)


@given(seeds, st.integers(2, 4), st.integers(0, 15))
def test_nobody_pays_more_than_is_there(seed: int, number: int, count: int) -> None:
    """Payments follow one another within the balances, between different users, and money stays the same."""
    session = DataSession(seed)
    users = relations.users_of(session, number)
    opening = relations.opening_amounts(session, users)
    left = dict(opening)
    payments = relations.transactions_between(session, users, opening, count)
    for payment in payments:
        assert payment["from_user"] != payment["to_user"]
        left[payment["from_user"]] -= payment["amount"]
        left[payment["to_user"]] += payment["amount"]
        assert min(left.values()) >= 0
    assert len(payments) == count
    assert sum(left.values()) == sum(opening.values())


def test_mercatrix_uses_the_same_words() -> None:
    """What is repeated here, to import little, is what the service says."""
    assert stores.TREASURY == ledger.TREASURY
    assert relations.REWARD_TYPE == rewards.REWARD_TYPE
    assert relations.SIMULATION_REWARD == rewards.SIMULATION_REWARD


def test_a_user_without_money_never_pays() -> None:
    """Who has nothing waits until somebody pays."""
    session = DataSession(1)
    rich, poor = users = relations.users_of(session, 2)
    balances = {rich["id"]: Decimal("0.02"), poor["id"]: Decimal(0)}
    first = relations.transactions_between(session, users, balances, 5)[0]
    assert first["from_user"] == rich["id"]


def test_everything_belongs_to_the_users_that_are_given() -> None:
    """No object refers to anybody else, and nobody writes to itself."""
    session = DataSession(2)
    users = relations.users_of(session, 3)
    ids = {user["id"] for user in users}
    simulations = relations.simulations_of(session, users, 9, relations.STATUSES)
    messages = relations.messages_among(session, users, 9)
    assert {made["user_id"] for made in simulations} <= ids
    assert {made["sender_id"] for made in messages} | {made["user_id"] for made in messages} <= ids
    assert all(made["sender_id"] != made["user_id"] for made in messages)
    assert {made["seller"] for made in relations.listings_by(session, users, 9)} <= ids


def test_simulations_are_told_of_as_far_as_they_went() -> None:
    """Pending ones are not announced, running ones started, the others started and ended, the completed ones paid."""
    session = DataSession(3)
    users = relations.users_of(session, 2)
    simulations = relations.simulations_of(session, users, 4, relations.STATUSES)
    told = relations.announcements_of(session, simulations)
    begins = [message["content"].split(" ")[0] for message in told]
    assert begins == [
        "simulation_started",
        "simulation_started",
        "simulation_completed",
        "simulation_started",
        "simulation_failed",
    ]
    rewards = relations.rewards_for(session, users, simulations)
    assert [reward["to_user"] for reward in rewards] == [simulations[2]["user_id"]]
