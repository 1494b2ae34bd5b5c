"""Why this exists: what one user, simulation, transaction, message or listing of RuneFrameOS looks like.

Each stands on its own, and takes what it belongs to as a parameter: `SimulationFactory.build(user=user)`. The related
and the affordable is put together in `tests.data.relations`. Nothing here asks for the time or the time zone.
"""

# mypy: disallow-untyped-calls=False, disable-error-code=assignment
# factory_boy announces types and has few; a factory derived from another declares the same things in other ways.

import datetime as dt
import re
from decimal import ROUND_DOWN, Decimal
from functools import lru_cache
from typing import Any

from factory.base import Factory
from factory.declarations import LazyAttribute, SelfAttribute, SubFactory
from factory.faker import Faker

from distilera.domain.reactions import REACTIONS
from hoardwell.wording import draft

Row = dict[str, Any]

BEGINNING = dt.datetime(2025, 1, 1, tzinfo=dt.UTC)
HALF_A_YEAR = 182 * 24 * 3600
CENT = Decimal("0.01")


def _id(prefix: str) -> Any:
    return Faker("hexify", text=f"{prefix}_{'^' * 16}")


def _seconds() -> Any:
    return Faker("random_int", min=0, max=HALF_A_YEAR)


def _after(*instants: dt.datetime, seconds: int) -> dt.datetime:
    return max(instants) + dt.timedelta(seconds=seconds)


@lru_cache(maxsize=4096)
def _mailbox(name: str) -> str:
    return re.sub(r"[^a-z]+", ".", name.lower()).strip(".")


class RowFactory(Factory[Row]):
    """Makes rows of a table."""

    class Meta:
        """Not made itself; those that derive from it make what it says."""

        abstract = True
        model = dict


class UserFactory(RowFactory):
    """A row of `distilera.users`; the id makes its e-mail address unique."""

    class Params:
        """What it is made from."""

        seconds = _seconds()

    id = _id("user")
    name = Faker("name")
    email = LazyAttribute(lambda user: f"{_mailbox(user.name)}.{user.id[-16:]}@example.com")
    role = "user"
    is_active = True
    avatar = LazyAttribute(lambda user: f"https://avatars.example.com/{user.id}.png")
    bio = Faker("sentence")
    created_at = LazyAttribute(lambda user: _after(BEGINNING, seconds=user.seconds))
    updated_at = SelfAttribute("created_at")


class SimulationFactory(RowFactory):
    """A row of `distilera.simulations`: elements that do react, and the result they come to."""

    class Params:
        """What it is made from."""

        user = SubFactory(UserFactory)
        reaction = Faker("random_element", elements=REACTIONS)
        seconds = _seconds()

    id = _id("sim")
    user_id = LazyAttribute(lambda simulation: simulation.user["id"])
    elements = LazyAttribute(lambda simulation: sorted(simulation.reaction.ingredients))
    reaction_type = LazyAttribute(lambda simulation: simulation.reaction.kind)
    target_result = LazyAttribute(lambda simulation: simulation.reaction.result)
    status = "pending"
    result = LazyAttribute(lambda made: made.target_result if made.status == "completed" else None)
    reason = LazyAttribute(lambda made: "the crucible cracked" if made.status == "failed" else None)
    created_at = LazyAttribute(lambda made: _after(made.user["created_at"], seconds=made.seconds))
    started_at = LazyAttribute(lambda made: None if made.status == "pending" else made.created_at)
    finished_at = LazyAttribute(
        lambda made: _after(made.created_at, seconds=90) if made.status in ("completed", "failed") else None
    )


class TransactionFactory(RowFactory):
    """A completed row of `mercatrix.transactions`, over at most `limit`."""

    class Params:
        """What it is made from: `percent` of `limit` goes from `payer` to `payee`."""

        payer = SubFactory(UserFactory)
        payee = SubFactory(UserFactory)
        limit = Decimal(100)
        percent = Faker("random_int", min=1, max=100)
        seconds = _seconds()

    id = _id("txn")
    from_user = LazyAttribute(lambda transaction: transaction.payer["id"])
    to_user = LazyAttribute(lambda transaction: transaction.payee["id"])
    amount = LazyAttribute(
        lambda made: max((made.limit * made.percent / 100).quantize(CENT, ROUND_DOWN), CENT)
    )
    currency = "essence_coins"
    transaction_type = Faker("random_element", elements=("payment", "refund", "service_payment"))
    status = "completed"
    requested_by = SelfAttribute("from_user")
    created_at = LazyAttribute(
        lambda made: _after(made.payer["created_at"], made.payee["created_at"], seconds=made.seconds)
    )


class MessageFactory(RowFactory):
    """A row of `hoardwell.messages`: by default what one user writes to another."""

    class Params:
        """What it is made from."""

        sender = SubFactory(UserFactory)
        recipient = SubFactory(UserFactory)
        seconds = _seconds()

    id = _id("msg")
    kind = "direct"
    content = Faker("sentence", nb_words=8)
    subject_id = None
    simulation_id = None
    transaction_id = None
    sender_id = LazyAttribute(lambda message: message.sender["id"])
    user_id = LazyAttribute(lambda message: message.recipient["id"])
    created_at = LazyAttribute(
        lambda made: _after(made.sender["created_at"], made.recipient["created_at"], seconds=made.seconds)
    )


class ListingFactory(RowFactory):
    """An open row of `mercatrix.listings`: something that a reaction makes."""

    class Params:
        """What it is made from."""

        owner = SubFactory(UserFactory)
        cents = Faker("random_int", min=100, max=25_000)
        seconds = _seconds()

    id = _id("lst")
    item_type = Faker("random_element", elements=[reaction.result for reaction in REACTIONS])
    quantity = Faker("random_int", min=1, max=20)
    price_per_unit = LazyAttribute(lambda listing: listing.cents * CENT)
    currency = "essence_coins"
    seller = LazyAttribute(lambda listing: listing.owner["id"])
    status = "open"
    created_at = LazyAttribute(lambda made: _after(made.owner["created_at"], seconds=made.seconds))


class AccountFactory(RowFactory):
    """A row of `mercatrix.accounts`: what Mercatrix opens for a user."""

    class Params:
        """What it is made from."""

        user = SubFactory(UserFactory)

    id = LazyAttribute(lambda account: account.user["id"])
    opened_at = LazyAttribute(lambda account: account.user["created_at"])


class PostingFactory(RowFactory):
    """A row of `mercatrix.postings`: what a transaction gives to one account, or takes from the other (`sign` -1)."""

    class Params:
        """What it is made from."""

        transaction = SubFactory(TransactionFactory)
        sign = 1

    transaction_id = LazyAttribute(lambda posting: posting.transaction["id"])
    account_id = LazyAttribute(
        lambda posting: posting.transaction["from_user" if posting.sign < 0 else "to_user"]
    )
    currency = "essence_coins"
    amount = LazyAttribute(lambda posting: posting.sign * posting.transaction["amount"])


class AnnouncementFactory(MessageFactory):
    """A message that Hoardwell wrote, in its own words, when a simulation started or ended."""

    class Params:
        """What it is made from: the simulation, and the event that it tells of."""

        simulation = SubFactory(SimulationFactory)
        event = "simulation.started"
        words = LazyAttribute(
            lambda its: draft(its.event, its.simulation["id"], its.simulation["user_id"], its.simulation)
        )

    kind = LazyAttribute(lambda announcement: announcement.words.kind)
    content = LazyAttribute(lambda announcement: announcement.words.content)
    subject_id = LazyAttribute(lambda announcement: announcement.words.subject_id)
    simulation_id = LazyAttribute(lambda announcement: announcement.simulation["id"])
    sender_id = None
    user_id = LazyAttribute(lambda announcement: announcement.words.user_id)
    created_at = LazyAttribute(
        lambda its: its.simulation["started_at" if its.event.endswith("started") else "finished_at"]
    )


class DeliveryFactory(RowFactory):
    """A row of `hoardwell.deliveries`: a message in the inbox of whom it concerns."""

    class Params:
        """What it is made from."""

        message = SubFactory(MessageFactory)

    user_id = LazyAttribute(lambda delivery: delivery.message["user_id"])
    message_id = LazyAttribute(lambda delivery: delivery.message["id"])


class ItemFactory(RowFactory):
    """A row of `distilera.marketplace_items`: the view that Distilera has of a listing."""

    class Params:
        """What it is made from."""

        listing = SubFactory(ListingFactory)

    id = LazyAttribute(lambda item: item.listing["id"])
    item_type = LazyAttribute(lambda item: item.listing["item_type"])
    quantity = LazyAttribute(lambda item: item.listing["quantity"])
    price_per_unit = LazyAttribute(lambda item: item.listing["price_per_unit"])
    seller = LazyAttribute(lambda item: item.listing["seller"])
    listed_at = LazyAttribute(lambda item: item.listing["created_at"])
