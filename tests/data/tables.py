"""Why this exists: where each kind of object is stored, so that seeding and tests write the same rows."""

from collections.abc import Sequence

from harness.data import Batch
from tests.data.factories import Row

_LISTED = ("id", "item_type", "quantity", "price_per_unit", "seller")


def of_users(users: Sequence[Row]) -> list[Batch]:
    """The users, and the accounts that Mercatrix opens for them."""
    return [
        Batch.of("distilera.users", users),
        Batch.of(
            "mercatrix.accounts", [{"id": user["id"], "opened_at": user["created_at"]} for user in users]
        ),
    ]


def of_simulations(simulations: Sequence[Row]) -> list[Batch]:
    """The simulations."""
    return [Batch.of("distilera.simulations", simulations)]


def of_transactions(transactions: Sequence[Row]) -> list[Batch]:
    """The transactions with both postings of each; to be written in one database transaction."""
    postings = [
        {
            "transaction_id": made["id"],
            "account_id": account,
            "currency": made["currency"],
            "amount": amount,
        }
        for made in transactions
        for account, amount in ((made["from_user"], -made["amount"]), (made["to_user"], made["amount"]))
    ]
    return [
        Batch.of("mercatrix.transactions", transactions),
        Batch.of("mercatrix.postings", postings, key=["transaction_id"] if postings else []),
    ]


def of_messages(messages: Sequence[Row]) -> list[Batch]:
    """The messages, delivered to whom they concern."""
    deliveries = [{"user_id": made["user_id"], "message_id": made["id"]} for made in messages]
    return [Batch.of("hoardwell.messages", messages), Batch.of("hoardwell.deliveries", deliveries)]


def of_listings(listings: Sequence[Row]) -> list[Batch]:
    """The listings, and the view that Distilera has of them."""
    seen = [{name: made[name] for name in _LISTED} | {"listed_at": made["created_at"]} for made in listings]
    return [Batch.of("mercatrix.listings", listings), Batch.of("distilera.marketplace_items", seen)]
