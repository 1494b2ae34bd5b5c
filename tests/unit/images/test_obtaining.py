"""What is there stays, what is missing is pulled, else made; an official image is never replaced."""

from typing import Any

import pytest

from harness.core.errors import EnvironmentFailedError
from harness.images import debian
from harness.images.inventory import Kind
from harness.images.labels import CONTENT, STAND_IN
from harness.images.needs import Need
from harness.images.obtaining import Source, obtain
from harness.images.recipes import recipe_for
from tests.doubles.images import FakeEngine

POSTGRES = Need("postgres:15", ("db",))
OTHER = Need("rabbitmq:4", ("queue",))


@pytest.fixture(autouse=True)
def base(monkeypatch: pytest.MonkeyPatch) -> None:
    """A base that is there already."""
    monkeypatch.setattr(debian, "ensure", lambda _engine, _tell: debian.REFERENCE)


def got(engine: FakeEngine, need: Need, source: Source = Source.AUTO) -> tuple[Kind, list[str]]:
    """What is there afterwards, and what was done for it."""
    told: list[str] = []
    (item,) = obtain(_as_client(engine), [need], told.append, source)
    assert item.need is need
    return item.kind, engine.done


def _as_client(engine: FakeEngine) -> Any:
    return engine


def stand_in(engine: FakeEngine) -> None:
    """The stand-in, made from the recipe as it is today."""
    recipe = recipe_for(POSTGRES.reference)
    assert recipe is not None
    engine.add(POSTGRES.reference, **{STAND_IN: POSTGRES.reference, CONTENT: recipe.digest})


@pytest.mark.parametrize("source", [Source.AUTO, Source.HERE])
def test_an_official_image_stays(source: Source) -> None:
    """No registry is asked, and nothing is made over it."""
    engine = FakeEngine()
    engine.add(POSTGRES.reference)
    assert got(engine, POSTGRES, source) == (Kind.OFFICIAL, [])


def test_a_stand_in_stays() -> None:
    """Until somebody asks for the official one."""
    engine = FakeEngine({POSTGRES.reference})
    stand_in(engine)
    assert got(engine, POSTGRES) == (Kind.STAND_IN, [])
    assert got(engine, POSTGRES, Source.REGISTRY) == (Kind.OFFICIAL, ["pull postgres:15"])


def test_a_stand_in_of_another_recipe_is_made_anew() -> None:
    """Without asking a registry: it was a stand-in before."""
    engine = FakeEngine({POSTGRES.reference})
    engine.add(POSTGRES.reference, **{STAND_IN: POSTGRES.reference, CONTENT: "of last year"})
    assert got(engine, POSTGRES) == (Kind.STAND_IN, ["build postgres:15"])


def test_what_is_built_upon_a_stand_in_is_none() -> None:
    """Labels are inherited."""
    engine = FakeEngine()
    engine.add(POSTGRES.reference, **{STAND_IN: "python:3.11-slim"})
    assert got(engine, POSTGRES) == (Kind.OFFICIAL, [])


def test_what_is_missing_is_pulled() -> None:
    """The official image is the best."""
    assert got(FakeEngine({"postgres:15"}), POSTGRES) == (Kind.OFFICIAL, ["pull postgres:15"])


def test_without_a_registry_it_is_made() -> None:
    """With a label that says so."""
    engine = FakeEngine()
    assert got(engine, POSTGRES) == (Kind.STAND_IN, ["pull postgres:15", "build postgres:15"])
    assert engine.args["postgres:15"] == {"BASE": debian.REFERENCE}


def test_no_registry_is_asked_when_none_is_wanted() -> None:
    """`--no-pull`."""
    assert got(FakeEngine({"postgres:15"}), POSTGRES, Source.HERE) == (Kind.STAND_IN, ["build postgres:15"])


def test_no_stand_in_when_the_official_one_is_wanted() -> None:
    """`--pull` fails rather than giving something else."""
    with pytest.raises(EnvironmentFailedError, match=r"postgres:15 cannot be pulled: .*no such host"):
        got(FakeEngine(), POSTGRES, Source.REGISTRY)


@pytest.mark.parametrize("source", Source)
def test_what_can_neither_be_pulled_nor_made(source: Source) -> None:
    """It is named, with who needs it, and how to get that very image; not with others that nobody asked for."""
    with pytest.raises(EnvironmentFailedError, match="rabbitmq:4") as caught:
        got(FakeEngine(), OTHER, source)
    assert caught.value.evidence == ("needed by queue",)
    assert "`docker save -o image.tar rabbitmq:4`" in caught.value.hint
    assert "postgres" not in caught.value.hint
