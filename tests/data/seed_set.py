"""Why this exists: what a fresh RuneFrameOS environment holds before the first test.

The users that the documents name, twenty more, accounts funded through the ledger, and a little of everything else.
"""

from decimal import Decimal
from typing import NamedTuple

from harness.data import DataSession, SeedSet
from tests.data import relations, tables
from tests.data.factories import Row, UserFactory


class Named(NamedTuple):
    """A user that tests know by name: the opening balance is in essence coins."""

    id: str
    name: str
    opening: Decimal
    role: str = "user"


NAMED = (
    Named("user_123", "Nicolas Flamel", Decimal(50)),
    Named("test_user", "Test User", Decimal(500)),
    Named("alchemist_001", "First Alchemist", Decimal(100)),
    Named("synthesizer_002", "Second Synthesizer", Decimal(250)),
    Named("master_alchemist", "Master Alchemist", Decimal(1000)),
    Named("admin_001", "First Admin", Decimal(100), "admin"),
)
GENERATED_USERS = 20
SIMULATIONS = 8
PAYMENTS = 10
MESSAGES = 12
LISTINGS = 6


def generate(seed: int) -> SeedSet:
    """The data of a seed."""
    session = DataSession(seed, "seed")
    named, others = _named_users(session), relations.users_of(session, GENERATED_USERS)
    users = named + others
    opening = {user.id: user.opening for user in NAMED} | relations.opening_amounts(session, others)
    simulations = relations.simulations_of(session, others, SIMULATIONS, relations.STATUSES)
    transactions = [
        *relations.fundings(session, users, opening),
        *relations.rewards_for(session, users, simulations),
        *relations.transactions_between(session, others, opening, PAYMENTS),
    ]
    messages = [
        *relations.announcements_of(session, simulations),
        *relations.messages_among(session, users, MESSAGES),
    ]
    listings = [
        *relations.listings_by(session, [_told_of(simulations, others)], 1),
        *relations.listings_by(session, others, LISTINGS - 1),
    ]
    return _set_of(users, simulations, transactions, messages, listings)


def _named_users(session: DataSession) -> list[Row]:
    return [
        session.build(UserFactory, id=user.id, name=user.name, role=user.role, email=f"{user.id}@example.com")
        for user in NAMED
    ]


def _told_of(simulations: list[Row], users: list[Row]) -> Row:
    """Who was told of a simulation of its own, and so, with a listing, owns one of everything."""
    owner = next(made["user_id"] for made in simulations if made["status"] != "pending")
    return next(user for user in users if user["id"] == owner)


def _set_of(
    users: list[Row],
    simulations: list[Row],
    transactions: list[Row],
    messages: list[Row],
    listings: list[Row],
) -> SeedSet:
    batches = [
        *tables.of_users(users),
        *tables.of_simulations(simulations),
        *tables.of_transactions(transactions),
        *tables.of_messages(messages),
        *tables.of_listings(listings),
    ]
    counts = {
        "users": len(users),
        "simulations": len(simulations),
        "transactions": len(transactions),
        "messages": len(messages),
        "listings": len(listings),
    }
    return SeedSet(counts, tuple(batches))
