"""Why this exists: the seed set many times over: as many more of each kind, related as in `tests.data.relations`.

What the documents name is there once; the factories are those of the seed set and of the tests.
"""

# mypy: disallow-untyped-calls=False
# factory_boy announces types and has few.

from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from typing import Any

from factory import declarations as declared
from factory.fuzzy import FuzzyChoice

from harness.data.population import Population, Rows, Table
from tests.data import relations, seed_set
from tests.data.factories import (
    BEGINNING,
    AccountFactory,
    AnnouncementFactory,
    DeliveryFactory,
    ItemFactory,
    ListingFactory,
    MessageFactory,
    PostingFactory,
    Row,
    SimulationFactory,
    TransactionFactory,
    UserFactory,
)
from tests.data.stores import TREASURY

_USERS = len(seed_set.NAMED) + seed_set.GENERATED_USERS
_PAYER = {"id": TREASURY, "created_at": BEGINNING}


class Seen:
    """Rows of an earlier table, seen in another way, as often as somebody goes through them."""

    def __init__(self, rows: list[Any], seen: Callable[[list[Any]], Iterable[Row]]) -> None:
        self._rows = rows
        self._seen = seen

    def __iter__(self) -> Iterator[Row]:
        return iter(self._seen(self._rows))


def population(seed: int, times: int) -> Population:
    """As much as `times` seed sets hold, beside the one that is there.

    Args:
        seed: What everything follows from.
        times: At least one.
    """
    made = Population(seed, "at scale")
    users = made.add("distilera.users", Rows(UserFactory, _USERS * times), keep=["id", "created_at"])
    made.add("mercatrix.accounts", Rows(AccountFactory, users.count, user=declared.Iterator(users.kept)))
    simulations = _add_simulations(made, times)
    _add_transactions(made, users, simulations, times)
    _add_messages(made, users, simulations, times)
    _add_listings(made, times)
    return made


def _add_simulations(made: Population, times: int) -> Table:
    """Each of some user; the statuses in turn."""
    told = ["elements", "reaction_type", "target_result", "result", "reason"]
    return made.add(
        "distilera.simulations",
        Rows(SimulationFactory, seed_set.SIMULATIONS * times, status=declared.Iterator(relations.STATUSES)),
        keep=["id", "user_id", "status", "created_at", "started_at", "finished_at", *told],
    )


def _add_transactions(made: Population, users: Table, simulations: Table, times: int) -> None:
    """Everybody is funded, completed simulations are rewarded, nobody pays twice, or more than the least funding."""
    completed = sum(
        relations.STATUSES[number % len(relations.STATUSES)] == "completed"
        for number in range(simulations.count)
    )
    transactions = made.add(
        "mercatrix.transactions",
        Rows(
            TransactionFactory,
            users.count,
            payer=_PAYER,
            payee=declared.Iterator(users.kept),
            limit=FuzzyChoice(relations.OPENING_AMOUNTS),
            percent=100,
            transaction_type="funding",
        ),
        Rows(
            TransactionFactory,
            completed,
            payer=_PAYER,
            payee=declared.Iterator(Seen(simulations.kept, _rewarded)),
            limit=relations.SIMULATION_REWARD,
            percent=100,
            transaction_type=relations.REWARD_TYPE,
        ),
        Rows(
            TransactionFactory,
            seed_set.PAYMENTS * times,
            payer=declared.Iterator(users.kept),
            payee=declared.Iterator(Seen(users.kept, _next)),
            limit=Decimal(min(relations.OPENING_AMOUNTS)),
        ),
        keep=["id", "from_user", "to_user", "amount"],
    )
    sides = [
        Rows(PostingFactory, transactions.count, transaction=declared.Iterator(transactions.kept), sign=sign)
        for sign in (-1, 1)
    ]
    made.add("mercatrix.postings", *sides)


def _add_messages(made: Population, users: Table, simulations: Table, times: int) -> None:
    """What was told of the simulations, and what everybody's predecessor wrote."""
    announcements = sum(
        1
        for _ in relations.announced(
            {"status": relations.STATUSES[number % len(relations.STATUSES)]}
            for number in range(simulations.count)
        )
    )
    messages = made.add(
        "hoardwell.messages",
        Rows(
            AnnouncementFactory,
            announcements,
            simulation=declared.Iterator(Seen(simulations.kept, relations.announced), getter=_simulation_of),
            event=declared.Iterator(Seen(simulations.kept, relations.announced), getter=_event_of),
        ),
        Rows(
            MessageFactory,
            seed_set.MESSAGES * times,
            sender=declared.Iterator(users.kept),
            recipient=declared.Iterator(Seen(users.kept, _next)),
        ),
        keep=["id", "user_id"],
    )
    made.add(
        "hoardwell.deliveries",
        Rows(DeliveryFactory, messages.count, message=declared.Iterator(messages.kept)),
    )


def _add_listings(made: Population, times: int) -> None:
    """Open offers of some users, and the view that Distilera has of them."""
    seen = ["id", "item_type", "quantity", "price_per_unit", "seller", "created_at"]
    listings = made.add("mercatrix.listings", Rows(ListingFactory, seed_set.LISTINGS * times), keep=seen)
    made.add(
        "distilera.marketplace_items",
        Rows(ItemFactory, listings.count, listing=declared.Iterator(listings.kept)),
    )


def _rewarded(simulations: list[Any]) -> Iterator[Row]:
    """Whose simulation was completed."""
    done = (made for made in simulations if made["status"] == "completed")
    return ({"id": made["user_id"], "created_at": made["created_at"]} for made in done)


def _next(users: list[Any]) -> list[Any]:
    """Whoever comes after each: never the same user."""
    return users[1:] + users[:1]


def _simulation_of(told: Row) -> Row:
    simulation: Row = told["simulation"]
    return simulation


def _event_of(told: Row) -> str:
    return str(told["event"])
