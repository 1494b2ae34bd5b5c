"""Single objects: valid by themselves, and by the services' own rules."""

import os
import subprocess
import sys
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distilera.domain.lifecycle import State
from distilera.domain.reactions import Recipe, react
from distilera.domain.users import NewUser
from harness.data import DataSession
from tests.data.factories import (
    ListingFactory,
    MessageFactory,
    SimulationFactory,
    TransactionFactory,
    UserFactory,
)

FACTORIES = [UserFactory, SimulationFactory, TransactionFactory, MessageFactory, ListingFactory]


@pytest.mark.parametrize("factory", FACTORIES)
def test_objects_are_alike_by_seed_and_unique_by_id(factory: Any) -> None:
    """The same seed gives the same objects, and no two of them share an id."""
    made = DataSession(5).build_batch(factory, 50)
    assert made == DataSession(5).build_batch(factory, 50)
    assert made != DataSession(6).build_batch(factory, 50)
    assert len({row["id"] for row in made}) == 50


def test_users_would_be_accepted_by_distilera() -> None:
    """Names, addresses and roles are ones that the service's own model takes."""
    for user in DataSession(1).build_batch(UserFactory, 100):
        profile = {"avatar": user["avatar"], "bio": user["bio"]}
        NewUser(id=user["id"], name=user["name"], email=user["email"], role=user["role"], profile=profile)


def test_simulations_come_to_their_result() -> None:
    """The elements do react to the target, in the kind of reaction that is named."""
    for made in DataSession(2).build_batch(SimulationFactory, 100):
        recipe = Recipe(tuple(made["elements"]), made["reaction_type"], made["target_result"])
        assert react(recipe) == made["target_result"]


@pytest.mark.parametrize("status", list(State))
def test_a_simulations_fields_fit_its_status(status: str) -> None:
    """Only completed ones have a result, only failed ones a reason, and instants stand in order."""
    made = DataSession(3).build(SimulationFactory, status=status)
    assert (made["result"] is not None) is (status == State.COMPLETED)
    assert (made["reason"] is not None) is (status == State.FAILED)
    assert (made["started_at"] is not None) is (status != State.PENDING)
    assert (made["finished_at"] is not None) is (status in (State.COMPLETED, State.FAILED))
    instants = [made[name] for name in ("created_at", "started_at", "finished_at") if made[name]]
    assert instants == sorted(instants)


@given(st.decimals(min_value="0.01", max_value=10_000, places=2), st.integers(0, 1000))
def test_amounts_are_within_the_limit(limit: Decimal, seed: int) -> None:
    """A payment is at least a cent, at most the limit, and in whole cents."""
    amount = DataSession(seed).build(TransactionFactory, limit=limit)["amount"]
    assert Decimal("0.01") <= amount <= limit
    assert amount == amount.quantize(Decimal("0.01"))


def test_what_it_belongs_to_is_taken_and_not_stored_with_it() -> None:
    """A given user is referred to by id, and is no field of the row."""
    session = DataSession(4)
    user = session.build(UserFactory)
    simulation = session.build(SimulationFactory, user=user)
    assert simulation["user_id"] == user["id"]
    assert not {"user", "reaction", "seconds"} & simulation.keys()
    assert session.build(ListingFactory, owner=user)["seller"] == user["id"]


def test_the_machine_does_not_matter() -> None:
    """Another time zone and another hash seed, in another process, give the same digest."""
    code = "from tests.data.seed_set import generate; print(generate(7).report().digest)"
    digests = {
        subprocess.run(  # noqa: S603  our own code
            [sys.executable, "-c", code],
            env={"PYTHONPATH": os.pathsep.join(sys.path), "TZ": zone, "PYTHONHASHSEED": number},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for zone, number in (("UTC", "1"), ("Asia/Kathmandu", "2"))
    }
    assert len(digests) == 1
