"""What belongs to one user is out of another's reach, in every service."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest

from distilera.client import DistileraClient
from mercatrix.client import MercatrixClient
from tests.people import Account, unique
from tests.refusals import refused

Environment = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Belongings:
    """What the owner has in each service."""

    owner: Account
    simulation: str
    coordination: str
    record: str
    transaction: str


@pytest.fixture
async def belongings(test_environment: Environment, stranger: Account) -> Belongings:
    """Everything that a user can own, owned by `stranger`."""
    return await _given_to(stranger, test_environment["distilera"], test_environment["mercatrix"])


async def _given_to(owner: Account, service: DistileraClient, mercatrix: MercatrixClient) -> Belongings:
    distilera = service.as_user(owner.token)
    simulation = await distilera.create_simulation(elements=["fire"])
    coordination = await distilera.start_coordinated_simulation([{"name": "a", "role": "element_master"}])
    record = await distilera.store_sensitive_data({"password": "open sesame"})
    transaction = await mercatrix.pay_reward(owner.id, 10, "savings")
    return Belongings(owner, simulation.id, coordination.id, record["id"], transaction.id)


# What a user tries with what another owns; each gets the clients acting as that user, and the belongings.
ATTEMPTS: dict[str, Callable[[Environment, Belongings], Awaitable[Any]]] = {
    "read the user": lambda env, its: env["distilera"].get_user(its.owner.id),
    "rename the user": lambda env, its: env["distilera"].update_user(its.owner.id, name="Mine"),
    "read the simulation": lambda env, its: env["distilera"].get_simulation(its.simulation),
    "complete the simulation": lambda env, its: env["distilera"].complete_simulation(its.simulation),
    "fail the simulation": lambda env, its: env["distilera"].fail_simulation(its.simulation, "spite"),
    "list the simulations": lambda env, its: env["distilera"].list_simulations(user=its.owner.id),
    "simulate in its name": lambda env, its: env["distilera"].create_simulation(
        user_id=its.owner.id, elements=["fire"]
    ),
    "read the coordination": lambda env, its: env["distilera"].get_coordination_result(its.coordination),
    "read the sensitive data": lambda env, its: env["distilera"].retrieve_sensitive_data(its.record),
    "rotate the sensitive data": lambda env, its: env["distilera"].rotate(its.record),
    "store sensitive data for it": lambda env, its: env["distilera"].store_sensitive_data(
        {"password": "mine"}, owner=its.owner.id
    ),
    "lead in its name": lambda env, its: env["distilera"].create_collaboration(
        leader=its.owner.id, participants=["test_user"], simulation_type="complex_fusion"
    ),
    "read the inbox": lambda env, its: env["hoardwell"].get_inbox(its.owner.id),
    "mark the inbox as read": lambda env, its: env["hoardwell"].mark_read(its.owner.id),
    "write in its name": lambda env, its: env["hoardwell"].send_message(
        {"from_user": its.owner.id, "to_user": "test_user", "content": "pay me"}
    ),
    "read the balance": lambda env, its: env["mercatrix"].get_user_balance(its.owner.id),
    "list the transactions": lambda env, its: env["mercatrix"].get_user_transactions(its.owner.id),
    "read the transaction": lambda env, its: env["mercatrix"].get_transaction(its.transaction),
    "spend the money": lambda env, its: env["mercatrix"].process_transaction(
        {"from_user": its.owner.id, "to_user": "test_user", "amount": 1}
    ),
    "spend the treasury's money": lambda env, _its: env["mercatrix"].process_transaction(
        {"from_user": "system:treasury", "to_user": "test_user", "amount": 1}
    ),
    "sell in its name": lambda env, its: env["mercatrix"].create_market_listing(
        {"item_type": "gold", "quantity": 1, "price_per_unit": 1, "seller": its.owner.id}
    ),
}


def _as(account: Account, environment: Environment) -> Environment:
    """The clients, acting as one user."""
    return {name: client.as_user(account.token) for name, client in environment.items()}


class TestIsolation:
    """User A and what is user B's."""

    @pytest.mark.parametrize("attempt", ATTEMPTS)
    async def test_forbidden(
        self, test_environment: Environment, account: Account, belongings: Belongings, attempt: str
    ) -> None:
        """What a user tries with another's belongings is refused; the owner itself may look."""
        with refused(403, "forbidden"):
            await ATTEMPTS[attempt](_as(account, test_environment), belongings)
        if attempt.startswith(("read", "list")):
            await ATTEMPTS[attempt](_as(belongings.owner, test_environment), belongings)

    async def test_nothing_was_done(
        self, test_environment: Environment, account: Account, belongings: Belongings
    ) -> None:
        """After all attempts everything is as it was."""
        for attempt in ATTEMPTS.values():
            with refused(403, "forbidden"):
                await attempt(_as(account, test_environment), belongings)
        owner, distilera = belongings.owner, test_environment["distilera"]
        assert (await distilera.get_user(owner.id)).name == owner.user.name
        assert [s.status for s in await distilera.list_simulations(user=owner.id)] == ["running"]
        assert await distilera.retrieve_sensitive_data(belongings.record) == {"password": "open sesame"}
        balance = await test_environment["mercatrix"].get_user_balance(owner.id)
        assert balance.essence_coins == 10

    async def test_lists_hold_ones_own(
        self, test_environment: Environment, account: Account, belongings: Belongings
    ) -> None:
        """Lists without a filter show a user its own records and nobody else's."""
        mine = _as(account, test_environment)
        simulation = await mine["distilera"].create_simulation(elements=["air"])
        assert await mine["distilera"].list_simulations() == [simulation]
        assert [user.id for user in await mine["distilera"].list_users()] == [account.id]
        messages = await mine["hoardwell"].get_all_messages(containing=simulation.id)
        assert {message.simulation_id for message in messages} == {simulation.id}
        assert await mine["hoardwell"].get_all_messages(containing=belongings.simulation, wait=0) == []
        assert await mine["mercatrix"].get_all_transactions(wait=0) == []

    async def test_messages_of_others(self, test_environment: Environment, account: Account) -> None:
        """A message between two others is not there for a third, not even by its id."""
        hoardwell = test_environment["hoardwell"]
        sent = await hoardwell.send_message({"to_user": unique("somebody"), "content": "between us"})
        with refused(404, "message_not_found"):
            await hoardwell.as_user(account.token).get_message(sent)

    async def test_strangers_do_not_contribute(
        self, test_environment: Environment, account: Account, stranger: Account
    ) -> None:
        """Only members contribute, only the leader completes."""
        distilera = test_environment["distilera"]
        leader = test_environment["distilera"].as_user(stranger.token)
        member = await distilera.create_user(name="Member", email=f"{unique('member')}@test.example")
        collaboration = await leader.create_collaboration(
            leader=stranger.id, participants=[member.id], simulation_type="complex_fusion"
        )
        outsider = distilera.as_user(account.token)
        with refused(403, "not_a_member"):
            await outsider.get_collaboration(collaboration)
        with refused(403, "not_a_member"):
            await outsider.add_contribution(collaboration, account.id, {"element": "fire"})
        as_member = distilera.as_user(await distilera.create_auth_token(member.id))
        await as_member.add_contribution(collaboration, member.id, {"element": "fire"})
        with refused(403, "forbidden"):
            await as_member.complete_collaboration(collaboration)
