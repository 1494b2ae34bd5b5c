"""Why this exists: where each kind of object is stored, so that seeding and tests write the same rows."""

from collections.abc import Iterable, Sequence
from typing import Any

from harness.data import Batch
from tests.data.factories import AccountFactory, DeliveryFactory, ItemFactory, PostingFactory, Row


def of_users(users: Sequence[Row]) -> list[Batch]:
    """The users, and the accounts that Mercatrix opens for them."""
    accounts = _each(AccountFactory, ({"user": user} for user in users))
    return [Batch.of("distilera.users", users), Batch.of("mercatrix.accounts", accounts)]


def of_simulations(simulations: Sequence[Row]) -> list[Batch]:
    """The simulations."""
    return [Batch.of("distilera.simulations", simulations)]


def of_transactions(transactions: Sequence[Row]) -> list[Batch]:
    """The transactions with both postings of each; to be written in one database transaction."""
    sides = ({"transaction": made, "sign": sign} for made in transactions for sign in (-1, 1))
    postings = _each(PostingFactory, sides)
    return [
        Batch.of("mercatrix.transactions", transactions),
        Batch.of("mercatrix.postings", postings, key=["transaction_id"] if postings else []),
    ]


def of_messages(messages: Sequence[Row]) -> list[Batch]:
    """The messages, delivered to whom they concern."""
    deliveries = _each(DeliveryFactory, ({"message": made} for made in messages))
    return [Batch.of("hoardwell.messages", messages), Batch.of("hoardwell.deliveries", deliveries)]


def of_listings(listings: Sequence[Row]) -> list[Batch]:
    """The listings, and the view that Distilera has of them."""
    seen = _each(ItemFactory, ({"listing": made} for made in listings))
    return [Batch.of("mercatrix.listings", listings), Batch.of("distilera.marketplace_items", seen)]


def _each(factory: Any, declared: Iterable[Row]) -> list[Row]:
    """An object from each; nothing of them is drawn."""
    return [factory.build(**one) for one in declared]
