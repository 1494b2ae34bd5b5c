"""Images of seeded stores that somebody still uses stay; the others make room."""

from typing import Any

from harness.providers.docker.labels import OWNER, owner
from harness.providers.docker.seeded import note_use, remove_unused
from tests.doubles.images import FakeEngine

NAME = "ecosystem-harness/seeded"


def engine_with(count: int, whose: str = "") -> Any:
    """Images that were used an hour after one another, the first one first."""
    engine = FakeEngine()
    for hour in range(count):
        engine.now = f"2026-11-21T{hour:02}:00:00Z"
        engine.add(f"{NAME}:{hour}", **{OWNER: whose or owner()})
    return engine


def test_those_that_were_used_last_stay() -> None:
    """Eight of them."""
    engine = engine_with(10)
    remove_unused(engine)
    assert engine.tags() == {f"{NAME}:{hour}" for hour in range(2, 10)}


def test_one_that_is_used_again_is_no_old_one() -> None:
    """The engine takes note."""
    engine = engine_with(10)
    note_use(engine, f"{NAME}:0")
    remove_unused(engine)
    assert engine.tags() == {f"{NAME}:{hour}" for hour in (0, *range(3, 10))}


def test_those_of_other_users_stay() -> None:
    """And whatever has another name."""
    engine = engine_with(10, "1@elsewhere")
    engine.add("ecosystem-harness/baked:1", **{OWNER: owner()})
    before = engine.tags()
    remove_unused(engine)
    assert engine.tags() == before


def test_what_may_be_used_at_this_moment_stays() -> None:
    """A container may be about to be made of it; and what does is in use stays anyway."""
    engine = engine_with(10)
    engine.used = {engine.get(f"{NAME}:0").id}
    for minute in range(10):
        engine.now = f"2026-11-21T09:{minute:02}:30Z"
        engine.add(f"{NAME}:more-{minute}", **{OWNER: owner()})
    remove_unused(engine)
    assert engine.tags() == {f"{NAME}:0", f"{NAME}:9", *(f"{NAME}:more-{minute}" for minute in range(10))}


def test_an_engine_that_does_not_note_uses() -> None:
    """When they were made counts there, which is long ago for one of them."""
    engine = engine_with(9)
    engine.get(f"{NAME}:3").named = ""
    remove_unused(engine)
    assert engine.tags() == {f"{NAME}:{hour}" for hour in range(9) if hour != 3}
