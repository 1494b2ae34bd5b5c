"""The economy with everybody it concerns: payments are told, sums stay zero, offers reach Distilera's marketplace."""

import asyncio
import random
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest

from distilera.client import DistileraClient
from hoardwell.client import HoardwellClient
from kernel.client import ClientError
from mercatrix.client import MercatrixClient, Transaction
from tests.people import NewAccount, create_user, unique
from tests.refusals import refused


async def funded(mercatrix: MercatrixClient, distilera: DistileraClient, amount: int, **fields: str) -> str:
    """A fresh user who owns `amount` essence coins."""
    user = await create_user(distilera, **fields)
    await mercatrix.pay_reward(user.id, amount, "a test's opening balance")
    return user.id


class TestMercatrixIntegration:
    """What seed and checklist ask of payments and of the market."""

    async def test_economic_transaction_flow(
        self,
        mercatrix_client: MercatrixClient,
        hoardwell_client: HoardwellClient,
        distilera_client: DistileraClient,
    ) -> None:
        """A payment moves money and is told in Hoardwell."""
        alchemist = await funded(mercatrix_client, distilera_client, 150, id=unique("alchemist_001"))
        synthesizer = await funded(mercatrix_client, distilera_client, 5, id=unique("synthesizer_002"))
        transaction_data = {
            "from_user": alchemist,
            "to_user": synthesizer,
            "amount": 100.0,
            "currency": "essence_coins",
            "transaction_type": "service_payment",
        }

        transaction_id = await mercatrix_client.process_transaction(transaction_data)

        messages = await hoardwell_client.get_transaction_messages(transaction_id)
        assert any("transaction_processed" in msg.content for msg in messages)

        balance = await mercatrix_client.get_user_balance(alchemist)
        assert balance.essence_coins < 100.0  # Reduced after transaction
        assert balance.essence_coins == 50
        assert (await mercatrix_client.get_user_balance(synthesizer)).essence_coins == 105

    async def test_market_integration(
        self, mercatrix_client: MercatrixClient, distilera_client: DistileraClient
    ) -> None:
        """An offer appears in Distilera's marketplace as it was made."""
        listing_data = {
            "item_type": "phoenix_essence",
            "quantity": 5,
            "price_per_unit": 50.0,
            "seller": "master_alchemist",  # of the seed data
        }

        listing_id = await mercatrix_client.create_market_listing(listing_data)

        marketplace_items = await distilera_client.get_marketplace_items()
        assert any(item.id == listing_id for item in marketplace_items)
        item = next(item for item in marketplace_items if item.id == listing_id)
        assert (item.item_type, item.quantity, item.price_per_unit) == ("phoenix_essence", 5, Decimal(50))
        assert item.seller == "master_alchemist"

    async def test_closed_listing_leaves_the_marketplace(
        self, mercatrix_client: MercatrixClient, distilera_client: DistileraClient
    ) -> None:
        """A closed offer is gone from the marketplace once a later one is there, and cannot be closed again."""
        seller = await create_user(distilera_client)
        offer = {"item_type": "dragon_scale", "quantity": 1, "price_per_unit": "2.5", "seller": seller.id}
        listing = await mercatrix_client.create_market_listing(offer)
        await distilera_client.get_marketplace_items(containing=listing)

        closed = await mercatrix_client.close_listing(listing)
        assert (closed.status, closed.closed_at is not None) == ("closed", True)
        later = await mercatrix_client.create_market_listing(offer)

        items = await distilera_client.get_marketplace_items(containing=later)
        offered = {item.id for item in items}
        assert later in offered
        assert listing not in offered
        assert (await mercatrix_client.get_listing(listing)).status == "closed"
        with refused(422, "listing_closed"):
            await mercatrix_client.close_listing(listing)


class TestLedger:
    """Money is neither made nor lost, whoever pays whom at the same time."""

    async def test_sums_to_zero_under_concurrency(
        self, mercatrix_client: MercatrixClient, distilera_client: DistileraClient
    ) -> None:
        """While users pay each other all at once the ledger sums to zero at every look, and nobody is overdrawn."""
        people = [await funded(mercatrix_client, distilera_client, 50) for _ in range(4)]
        chance = random.Random(4)  # noqa: S311 - which transfers, not a secret
        orders = [self._order(chance, people) for _ in range(40)]

        looking = asyncio.create_task(self._look(mercatrix_client, times=8))
        outcomes = await asyncio.gather(*(self._outcome(mercatrix_client, order) for order in orders))

        assert await looking == [Decimal(0)] * 8
        refusals = {outcome.code for outcome in outcomes if isinstance(outcome, ClientError)}
        assert refusals <= {"insufficient_funds"}
        expected = dict.fromkeys(people, Decimal(50))
        for made in outcomes:
            if isinstance(made, Transaction):
                expected[made.from_user] -= made.amount
                expected[made.to_user] += made.amount
        balances = {user: (await mercatrix_client.get_user_balance(user)).essence_coins for user in people}
        assert balances == expected
        assert min(balances.values()) >= 0
        assert (await mercatrix_client.check_ledger())["is_consistent"] is True

    async def test_idempotency(
        self, mercatrix_client: MercatrixClient, distilera_client: DistileraClient
    ) -> None:
        """Asked five times at once with the same key, money moves once; with other terms the key is refused."""
        payer = await funded(mercatrix_client, distilera_client, 30)
        payee = await create_user(distilera_client)
        order = {"from_user": payer, "to_user": payee.id, "amount": 10}
        key = unique("order")

        answers = await asyncio.gather(*(mercatrix_client.process_transaction(order, key) for _ in range(5)))
        again = await mercatrix_client.process_transaction(order, idempotency_key=key)

        assert {answer.id for answer in answers} == {again.id}
        assert (await mercatrix_client.get_user_balance(payer)).essence_coins == 20
        assert (await mercatrix_client.get_user_balance(payee.id)).essence_coins == 10
        with refused(409, "idempotency_key_reused"):
            await mercatrix_client.process_transaction({**order, "amount": 11}, key)

    @pytest.mark.parametrize(
        ("amount", "payee", "reason"),
        [
            (1000, None, "insufficient_funds"),
            (1, "nobody_knows_this_user", "account_not_found"),
            (1, "the payer", "same_account"),
        ],
    )
    async def test_failed_transaction_is_recorded(
        self,
        mercatrix_client: MercatrixClient,
        hoardwell_client: HoardwellClient,
        distilera_client: DistileraClient,
        amount: int,
        payee: str | None,
        reason: str,
    ) -> None:
        """A payment that the rules refuse moves nothing, stands among the failed ones and is told."""
        payer = await funded(mercatrix_client, distilera_client, 30)
        to_user = payer if payee == "the payer" else payee or (await create_user(distilera_client)).id
        order = {"from_user": payer, "to_user": to_user, "amount": amount}

        with refused(422, reason) as caught:
            await mercatrix_client.process_transaction(order, wait=0.2 if payee else 5)

        recorded = {fault.field: fault.message for fault in caught.value.fields}["transaction_id"]
        failed = await mercatrix_client.get_failed_transactions(payer)
        assert [(str(each), each.status, each.reason) for each in failed] == [(recorded, "failed", reason)]
        assert (await mercatrix_client.get_user_balance(payer)).essence_coins == 30
        messages = await hoardwell_client.get_transaction_messages(recorded)
        assert [msg.content.partition(" ")[0] for msg in messages] == ["transaction_failed"]

    async def test_account_is_opened_once(self, mercatrix_client: MercatrixClient) -> None:
        """An account can be opened ahead of its user, is empty, and is opened no second time."""
        user = unique("user")
        assert await mercatrix_client.open_account(user) == user
        assert (await mercatrix_client.get_user_balance(user, wait=0)).essence_coins == 0
        with refused(409, "account_exists"):
            await mercatrix_client.open_account(user)

    async def test_rewards_come_from_the_treasury(
        self, mercatrix_client: MercatrixClient, new_account: NewAccount
    ) -> None:
        """Only admins and services pay from the treasury; the ledger's total stays zero."""
        user = await new_account()
        with refused(403, "forbidden"):
            await mercatrix_client.as_user(user.token).pay_reward(user.id, 1_000_000, "I deserve it")

        paid = await mercatrix_client.pay_reward(user.id, "12.3456", "well done")

        assert (paid.from_user, paid.amount) == ("system:treasury", Decimal("12.3456"))
        balance = await mercatrix_client.get_user_balance(user.id)
        assert balance.essence_coins == Decimal("12.3456")
        assert await mercatrix_client.get_ledger_total() == 0

    def _order(self, chance: random.Random, people: list[str]) -> dict[str, Any]:
        payer, payee = chance.sample(people, 2)
        return {"from_user": payer, "to_user": payee, "amount": chance.randint(5, 40)}

    async def _look(self, mercatrix: MercatrixClient, times: int) -> list[Decimal]:
        return [await mercatrix.get_ledger_total() for _ in range(times)]

    async def _outcome(
        self, mercatrix: MercatrixClient, order: Mapping[str, Any]
    ) -> Transaction | ClientError:
        try:
            return await mercatrix.process_transaction(order, wait=0)
        except ClientError as refusal:
            return refusal
