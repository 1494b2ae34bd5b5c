"""Factories read as columns: the same rows whatever the size of portions, and the rows that factory_boy would build."""

# mypy: disallow-untyped-calls=False
# factory_boy announces types and has few.

import operator
from collections.abc import Mapping
from typing import Any

import pytest
from factory.declarations import Iterator, LazyAttribute, SelfAttribute
from factory.errors import CyclicDefinitionError
from factory.fuzzy import FuzzyChoice
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.core.errors import UsageError
from harness.data import DataSession
from harness.data.columns import Columns
from tests.unit.data.shop_factories import CustomerFactory, EverythingFactory, MarkedFactory, OrderFactory


def taken(factory: Any, *counts: int, seed: int = 1, **declared: Any) -> list[dict[str, Any]]:
    """Rows of a factory, made in portions of these sizes."""
    columns = Columns(factory, seed, "test", declared)
    rows: list[dict[str, Any]] = []
    for count in counts:
        portion = columns.take(count)
        rows += [dict(zip(portion, values, strict=True)) for values in zip(*portion.values(), strict=True)]
    return rows


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(1, 40), min_size=1, max_size=6), st.integers(0, 3))
def test_rows_do_not_depend_on_portions(counts: list[int], seed: int) -> None:
    """Whatever is drawn, counted or called: the rows are those of one large portion."""
    for factory in (EverythingFactory, MarkedFactory):
        together = taken(factory, sum(counts), seed=seed)
        assert taken(factory, *counts, seed=seed) == together
    assert taken(EverythingFactory, 20, seed=seed) != taken(EverythingFactory, 20, seed=seed + 1)


def test_other_work_in_between_changes_nothing() -> None:
    """The generators and sequences of the process are as they were."""
    before = DataSession(5).build(CustomerFactory)
    session = DataSession(5)
    taken(EverythingFactory, 50)
    assert session.build(CustomerFactory) == before


def test_what_follows_from_other_columns_is_as_factory_boy_has_it() -> None:
    """Sequences, iterators, copies, functions, nested forms and traits hold in each row."""
    for number, row in enumerate(taken(EverythingFactory, 7, 30)):
        turn = number % 3 + 1
        assert (row["count"], row["index"], row["name"]) == (2 * number, 2 * number + 3, "plain")
        assert (row["turn"], row["ten"], row["form"], row["many"]) == (
            turn,
            10 * turn,
            {"a": turn, "b": 2},
            [turn, 5],
        )
        assert (row["both"], row["loud"], row["contained"]) == (f"plain {number} {turn}", "QUIET", turn)
        assert row["drawn"] < row["lazy_drawn"] <= row["drawn"] + 1000
        assert row["maybe"] == -1 or 1 <= row["maybe"] <= 9
        assert (row["inner_id"], row["inner_name"]) == ("inner", "none")
        assert not {"hidden", "renamed", "fancy", "flag", "inner"} & set(row)


def test_the_same_columns_as_objects_have() -> None:
    """What one built object holds is what a row holds, in kind."""
    [row] = taken(EverythingFactory, 1)
    built = DataSession(1).build(EverythingFactory).__dict__
    assert {name: type(value) for name, value in row.items()} == {name: type(built[name]) for name in row}
    assert set(row) == set(built)


def test_identities_have_the_form_of_fakers() -> None:
    """What is drawn without Faker looks as Faker's does, and no two are equal."""
    rows = taken(EverythingFactory, 3000)
    assert len({row["hexed"] for row in rows}) == len({row["key"] for row in rows}) == 3000
    for row in rows[:50]:
        assert len(row["hexed"]) == len("id-^^^^^^^^^-x")
        assert row["hexed"].removeprefix("id-").removesuffix("-x").isalnum()
        assert (len(row["key"]), row["key"][14], row["key"][19] in "89ab") == (36, "4", True)
    assert {row["element"] for row in rows} == {"a", "b", "c"}
    share = sum(row["maybe"] == -1 for row in rows) / len(rows)
    assert 0.65 < share < 0.75


@pytest.mark.parametrize("is_rich", [True, False])
def test_traits(is_rich: bool) -> None:
    """A trait that holds for all rows costs nothing per row."""
    columns = Columns(CustomerFactory, 1, "test", {"rich": is_rich})
    assert columns.slow == {}
    assert ("title" in columns.names) == is_rich
    assert ([*columns.take(2)["tags"]] == [["rich"], ["rich"]]) == is_rich


def test_names_that_python_has_other_uses_for() -> None:
    """What cannot be an attribute in a line of code can still be read."""
    named: dict[str, Any] = {"from": Iterator([1, 2, 3, 4])}
    rows = taken(OrderFactory, 2, 2, **named, shop=SelfAttribute("from"))
    assert [row["shop"] for row in rows] == [1, 2, 3, 4]
    rows = taken(OrderFactory, 2, 2, **named, shop=LazyAttribute(operator.attrgetter("from")))
    assert [row["shop"] for row in rows] == [1, 2, 3, 4]


def test_what_is_slow_is_named() -> None:
    """What factory_boy evaluates itself, and pools, are no secret."""
    columns = Columns(EverythingFactory, 1, "test", {})
    assert columns.slow == {
        "inner": "SubFactory",
        "digits": "Faker('numerify')",
        "both": "LazyAttributeSequence",
        "maybe": "Maybe",
        "text": "FuzzyText",
        "price": "FuzzyDecimal",
        "form": "Dict",
        "many": "List",
        "loud": "Transformer",
        "contained": "ContainerAttribute",
        "inner_name": "SelfAttribute",
    }
    assert Columns(MarkedFactory, 1, "test", {}).slow == {"*": "mark: done to objects after they are built"}
    assert Columns(CustomerFactory, 1, "test", {}).pooled == {"name", "tags"}


def test_hooks_see_each_object() -> None:
    """Where objects are changed after they are built, objects are built."""
    rows = taken(MarkedFactory, 3, 2)
    assert [row["name"] for row in rows] == [f"marked customer {number}" for number in range(5)]
    assert [row["credit"] for row in rows] == [1, 2, 3, 1, 2]


def test_sub_factories_take_rows_that_are_there() -> None:
    """A child belongs to one of its factory's kept rows; where more is asked of it, to one of its own."""
    kept: Mapping[Any, Any] = {CustomerFactory: [{"id": "ada"}, {"id": "bob"}]}
    columns = Columns(OrderFactory, 1, "test", {}, kept)
    assert set(columns.take(50)["customer"]) == {"ada", "bob"}
    assert columns.slow == {}
    particular = Columns(OrderFactory, 1, "test", {"buyer__id": "eve"}, kept)
    assert set(particular.take(3)["customer"]) == {"eve"}


@pytest.mark.parametrize(
    ("declared", "said"),
    [
        ({"buyer": FuzzyChoice([])}, "OrderFactory.buyer is to be chosen among nothing"),
        ({"buyer": Iterator([{"id": "ada"}], cycle=False)}, "OrderFactory.buyer ends after 1 rows"),
    ],
)
def test_too_few_to_refer_to(declared: dict[str, Any], said: str) -> None:
    """Which declaration lacks something to take is said."""
    with pytest.raises(UsageError, match=said):
        taken(OrderFactory, 2, **declared)


def test_what_is_not_declared_is_told_as_factory_boy_tells_it() -> None:
    """An unknown attribute is an AttributeError, a circle the library's own error."""
    with pytest.raises(AttributeError, match="nothing"):
        taken(OrderFactory, 1, shop=LazyAttribute(lambda order: order.nothing))
    with pytest.raises(CyclicDefinitionError):
        taken(
            OrderFactory, 1, shop=LazyAttribute(lambda o: o.follows), follows=LazyAttribute(lambda o: o.shop)
        )
