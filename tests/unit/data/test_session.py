"""The same seed gives the same objects, whatever runs before or in between."""

# mypy: disallow-untyped-calls=False
# factory_boy announces types and has few.

import random
import sys
from typing import Any

import faker
import pytest
from factory.base import Factory
from factory.declarations import LazyAttribute, Sequence, SubFactory
from factory.faker import Faker
from factory.fuzzy import FuzzyChoice
from factory.random import randgen

from harness.core.errors import UsageError
from harness.data import DataSession


class MakerFactory(Factory[dict[str, Any]]):
    """Draws on everything that could make a difference: a sequence, Faker, factory_boy's own generator."""

    class Meta:
        """What is made."""

        model = dict

    number = Sequence(lambda number: number)
    name = Faker("name")
    colour = FuzzyChoice(["red", "green", "blue"])


class WorkFactory(Factory[dict[str, Any]]):
    """Has another object inside."""

    class Meta:
        """What is made."""

        model = dict

    maker = SubFactory(MakerFactory)
    price = Faker("pydecimal", left_digits=3, right_digits=2, positive=True)


def made(session: DataSession) -> list[Any]:
    """A mixture of objects."""
    return [*session.build_batch(MakerFactory, 3), session.build(WorkFactory), session.random.random()]


def disturb() -> None:
    """What other tests may do to the process-wide generators."""
    faker.Faker().name()
    faker.Faker.seed(5)
    random.seed(6)
    randgen.seed(7)
    MakerFactory.build_batch(4)


def test_same_seed_same_objects() -> None:
    """What ran before makes no difference."""
    first = made(DataSession(42))
    disturb()
    assert made(DataSession(42)) == first


def test_sessions_do_not_disturb_each_other() -> None:
    """Interleaved sessions make what they would have made alone."""
    alone = [[made(session) for _ in range(3)] for session in (DataSession(1), DataSession(2))]
    one, two = DataSession(1), DataSession(2)
    interleaved: list[list[Any]] = [[], []]
    for _ in range(3):
        interleaved[0].append(made(one))
        disturb()
        interleaved[1].append(made(two))
    assert interleaved == alone


def test_a_session_goes_on_where_it_stopped() -> None:
    """Later objects of a session differ from its earlier ones, and sequences go on counting."""
    session = DataSession(42)
    assert session.build_batch(MakerFactory, 2) + session.build_batch(MakerFactory, 2) == DataSession(
        42
    ).build_batch(MakerFactory, 4)


def test_streams_of_one_seed_have_different_objects() -> None:
    """Another stream, or another seed, gives other objects."""
    seen = [repr(made(DataSession(*key))) for key in [(1, ""), (1, "tests"), (2, "")]]
    assert len(set(seen)) == 3


def test_others_are_not_disturbed() -> None:
    """What is drawn outside a session does not depend on whether one was used meanwhile."""

    def draw() -> list[Any]:
        return [faker.Faker().name(), randgen.random(), MakerFactory.build()["number"]]

    disturb()
    expected = [draw(), draw()]
    disturb()
    MakerFactory.reset_sequence(4)
    found = [draw()]
    made(DataSession(3))
    found.append(draw())
    assert [row[:2] for row in found] == [row[:2] for row in expected]
    assert [row[2] for row in found] == [4, 5]


def test_an_error_inside_leaves_no_trace_outside() -> None:
    """A factory that fails gives the generators back as they were."""
    disturb()
    state = randgen.getstate()
    with pytest.raises(ZeroDivisionError):
        DataSession(1).build(MakerFactory, name=LazyAttribute(lambda _maker: 1 / 0))
    assert randgen.getstate() == state


def test_missing_libraries_are_named_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the extra, a person reads what to install."""
    for name in ("factory", "factory.random"):
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "path", [])
    monkeypatch.setattr(sys, "path_importer_cache", {})
    with pytest.raises(UsageError, match="factory is not installed") as caught:
        DataSession(1)
    assert caught.value.hint == "pip install ecosystem-harness[data]"
