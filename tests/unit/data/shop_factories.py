"""Why this exists: factories as a team writes them, with every declaration that there is a rule for."""

# mypy: disallow-untyped-calls=False, disallow-untyped-decorators=False
# factory_boy announces types and has few.

import datetime as dt
from decimal import Decimal
from typing import Any

from factory.base import Factory
from factory.declarations import (
    ContainerAttribute,
    Dict,
    Iterator,
    LazyAttribute,
    LazyAttributeSequence,
    LazyFunction,
    List,
    Maybe,
    SelfAttribute,
    Sequence,
    SubFactory,
    Trait,
    Transformer,
)
from factory.faker import Faker
from factory.fuzzy import FuzzyChoice, FuzzyDecimal, FuzzyInteger, FuzzyText
from factory.helpers import post_generation
from factory.random import randgen

OPENED = dt.datetime(2025, 1, 1, tzinfo=dt.UTC)


class CustomerFactory(Factory[dict[str, Any]]):
    """A row of `shop.customers`."""

    class Meta:
        """What is made."""

        model = dict

    class Params:
        """What it is made from."""

        seconds = Faker("random_int", min=0, max=10_000_000)
        rich = Trait(credit=Decimal(1_000_000), tags=["rich"], title="Dr.")

    id = Sequence(lambda number: f"customer {number}")
    name = Faker("name")
    credit = FuzzyInteger(0, 100)
    tags = FuzzyChoice([[], ["new"], ["a,b", 'c"d', "e\\f"]])
    joined = LazyAttribute(lambda customer: OPENED + dt.timedelta(seconds=customer.seconds))


class OrderFactory(Factory[dict[str, Any]]):
    """A row of `shop.orders`."""

    class Meta:
        """What is made."""

        model = dict

    class Params:
        """What it is made from."""

        buyer = SubFactory(CustomerFactory)

    shop = 1
    number = Sequence(lambda number: number)
    customer = LazyAttribute(lambda order: order.buyer["id"])
    follows = None


class Anything:
    """An object, as models are."""

    def __init__(self, **values: Any) -> None:
        self.__dict__.update(values)


class EverythingFactory(Factory[Anything]):
    """One of each declaration; what is called draws from factory_boy's generator."""

    class Meta:
        """What is made."""

        model = Anything
        exclude = ("hidden",)
        rename = {"renamed": "name"}  # noqa: RUF012  factory_boy's form

    class Params:
        """What it is made from."""

        fancy = Trait(word="fancy")
        flag = Faker("boolean", chance_of_getting_true=30)
        inner = SubFactory(CustomerFactory, id="inner")

    hidden = 3
    renamed = SelfAttribute("word")
    count = Sequence(lambda number: 2 * number)
    index = LazyAttribute(lambda its: its.count + its.hidden)
    word = "plain"
    hexed = Faker("hexify", text="id-^^^^^^^^^-x")
    key = Faker("uuid4")
    element = Faker("random_element", elements=("a", "b", "c"))
    digits = Faker("numerify", text="%##-%##")
    turn = Iterator([1, 2, 3])
    ten = Iterator([1, 2, 3], getter=lambda number: 10 * number)
    drawn = LazyFunction(lambda: randgen.randint(1, 1000))
    lazy_drawn = LazyAttribute(lambda its: its.drawn + randgen.randint(1, 1000))
    both = LazyAttributeSequence(lambda its, number: f"{its.word} {number} {its.turn}")
    maybe = Maybe("flag", yes_declaration=Faker("random_int", min=1, max=9), no_declaration=-1)
    text = FuzzyText(length=5)
    price = FuzzyDecimal(1, 2)
    form = Dict({"a": SelfAttribute("..turn"), "b": 2})
    many = List([SelfAttribute("..turn"), 5])
    loud = Transformer("quiet", transform=str.upper)
    contained = ContainerAttribute(lambda its, _: its.turn, strict=False)
    inner_id = LazyAttribute(lambda its: its.inner["id"])
    inner_name = SelfAttribute("inner.missing", default="none")


class MarkedFactory(CustomerFactory):
    """Does something to what it has built."""

    credit = Iterator([Decimal(1), Decimal(2), Decimal(3)])  # type: ignore[assignment]  # in place of another one

    @post_generation
    def mark(self: Any, _create: bool, _extracted: Any, **_: Any) -> None:
        """Change the object afterwards."""
        self["name"] = f"marked {self['id']}"


class VisitFactory(Factory[dict[str, Any]]):
    """A row of `shop.visits`."""

    class Meta:
        """What is made."""

        model = dict

    who = Faker("name")
    at = OPENED
