"""What the code was yesterday goes; nothing that somebody may still make a container from does."""

from typing import Any

import pytest
from docker.errors import APIError

from harness.images.labels import CONTENT
from harness.images.outdated import remove_outdated
from tests.doubles.images import FakeEngine, FakeImage, refusal

NOON = "2026-11-21T12:00:00.123456789Z"
LONG_AGO = "2026-11-20T11:59:59Z"
THIS_MORNING = "2026-11-21T08:00:00.5Z"
NEWEST = "shop-api:0123456789ab"


def engine_with(tag: str, when: str = LONG_AGO, content: str = "ab" * 32) -> tuple[FakeEngine, FakeImage]:
    """An engine that has just built the newest, and another one of a name."""
    engine = FakeEngine()
    engine.now = when
    other = engine.add(tag, **{CONTENT: content})
    engine.now = NOON
    engine.add(NEWEST, **{CONTENT: "0123456789ab" + "0" * 52})
    return engine, other


def removed(engine: Any, other: FakeImage) -> bool:
    """Whether the other one goes; the newest never does."""
    remove_outdated(engine, NEWEST)
    assert NEWEST in engine.tags()
    return other not in engine.all


def test_what_was_not_used_for_a_day_goes() -> None:
    """The engine's clock tells, not ours."""
    assert removed(*engine_with("shop-api:abababababab"))


@pytest.mark.parametrize("when", [THIS_MORNING, NOON, "", "0001-01-01T00:00:00Z"])
def test_what_may_still_be_used_stays(when: str) -> None:
    """Within a day, and where the engine does not tell when."""
    assert not removed(*engine_with("shop-api:abababababab", when))


@pytest.mark.parametrize(
    "tag", ["shop-api:mine", "shop-api:latest", "shop-api:cdcdcdcdcdcd", "shop-web:abababababab"]
)
def test_what_somebody_else_named_stays(tag: str) -> None:
    """Only tags by content are ours, and only of this repository."""
    assert not removed(*engine_with(tag))


def test_what_has_another_name_keeps_that() -> None:
    """Such as one that somebody has given to it."""
    engine, other = engine_with("shop-api:abababababab")
    other.tags.append("shop-api:mine")
    assert not removed(engine, other)
    assert other.tags == ["shop-api:mine"]


def test_what_a_container_uses_stays() -> None:
    """The engine refuses, and that is right."""
    engine, other = engine_with("shop-api:abababababab")
    engine.used.add(other.id)
    assert not removed(engine, other)


def test_another_refusal_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is none of ours to hide."""
    engine, other = engine_with("shop-api:abababababab")

    def fail(_tag: str) -> None:
        raise refusal(500, "the disk is gone")

    monkeypatch.setattr(engine, "remove", fail)
    with pytest.raises(APIError, match="the disk is gone"):
        removed(engine, other)


def test_an_engine_that_does_not_tell_times() -> None:
    """Nothing goes."""
    engine, other = engine_with("shop-api:abababababab")
    engine.get(NEWEST).named = ""
    assert not removed(engine, other)
