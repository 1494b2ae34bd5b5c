"""Why this exists: objects that fit together, so that what is seeded could have come about through the services.

A simulation belongs to a user that is there; who pays has the money; a completed simulation was paid for and told of.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal

from harness.data import DataSession
from tests.data.factories import (
    CENT,
    AnnouncementFactory,
    ListingFactory,
    MessageFactory,
    Row,
    SimulationFactory,
    TransactionFactory,
    UserFactory,
)
from tests.data.stores import TREASURY

# As Mercatrix pays it; importing that would load libraries that nothing here needs.
REWARD_TYPE = "reward"
SIMULATION_REWARD = Decimal("10.0000")

STATUSES = ("pending", "running", "completed", "failed")
_EVENTS = {"pending": (), "running": ("started",)}
OPENING_AMOUNTS = tuple(Decimal(coins) for coins in range(100, 1001, 50))


def users_of(session: DataSession, count: int) -> list[Row]:
    """Users that nobody has met before."""
    return session.build_batch(UserFactory, count)


def opening_amounts(session: DataSession, users: Sequence[Row]) -> dict[str, Decimal]:
    """What each user starts with, 100 to 1000 coins, by user id."""
    return {user["id"]: session.random.choice(OPENING_AMOUNTS) for user in users}


def fundings(session: DataSession, users: Sequence[Row], amounts: Mapping[str, Decimal]) -> list[Row]:
    """The treasury's payments that open the users' accounts."""
    return [_from_treasury(session, user, amounts[user["id"]], "funding") for user in users]


def rewards_for(session: DataSession, users: Sequence[Row], simulations: Sequence[Row]) -> list[Row]:
    """The treasury's payments for the simulations that are completed."""
    by_id = {user["id"]: user for user in users}
    done = [made for made in simulations if made["status"] == "completed"]
    return [_from_treasury(session, by_id[made["user_id"]], SIMULATION_REWARD, REWARD_TYPE) for made in done]


def simulations_of(
    session: DataSession, users: Sequence[Row], count: int, statuses: Sequence[str] = ("pending",)
) -> list[Row]:
    """Simulations of users chosen at random, with the statuses in turn."""
    with session.active():
        return [
            SimulationFactory.build(
                user=session.random.choice(users), status=statuses[number % len(statuses)]
            )
            for number in range(count)
        ]


def transactions_between(
    session: DataSession, users: Sequence[Row], balances: Mapping[str, Decimal], count: int
) -> list[Row]:
    """Payments between users, one after the other, each within what the payer has by then.

    Args:
        session: Where chance comes from.
        users: Two at least.
        balances: What each has at the start, by user id; somebody has at least a cent.
        count: How many payments.
    """
    left = dict(balances)
    made: list[Row] = []
    with session.active():
        while len(made) < count:
            payer = session.random.choice([user for user in users if left[user["id"]] >= CENT])
            payee = session.random.choice([user for user in users if user is not payer])
            payment = TransactionFactory.build(payer=payer, payee=payee, limit=left[payer["id"]])
            left[payer["id"]] -= payment["amount"]
            left[payee["id"]] += payment["amount"]
            made.append(payment)
    return made


def messages_among(session: DataSession, users: Sequence[Row], count: int) -> list[Row]:
    """Messages from one user to another; of two users at least."""
    with session.active():
        pairs = [session.random.sample(users, 2) for _ in range(count)]
        return [MessageFactory.build(sender=sender, recipient=recipient) for sender, recipient in pairs]


def announcements_of(session: DataSession, simulations: Sequence[Row]) -> list[Row]:
    """What Hoardwell wrote when the simulations started and ended, in its own words."""
    with session.active():
        return [AnnouncementFactory.build(**told) for told in announced(simulations)]


def announced(simulations: Iterable[Row]) -> Iterator[Row]:
    """Of each simulation what was told of it, as `AnnouncementFactory` takes it."""
    for made in simulations:
        for what in _EVENTS.get(made["status"], ("started", made["status"])):
            yield {"simulation": made, "event": f"simulation.{what}"}


def listings_by(session: DataSession, users: Sequence[Row], count: int) -> list[Row]:
    """Open offers of users chosen at random."""
    with session.active():
        return [ListingFactory.build(owner=session.random.choice(users)) for _ in range(count)]


def _from_treasury(session: DataSession, user: Row, amount: Decimal, kind: str) -> Row:
    payment: Row = session.build(
        TransactionFactory,
        payer={"id": TREASURY, "created_at": user["created_at"]},
        payee=user,
        limit=amount,
        percent=100,
        transaction_type=kind,
    )
    return payment
