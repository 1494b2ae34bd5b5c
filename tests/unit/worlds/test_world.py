"""Stores are kept together, put back together, and let go of together."""

from dataclasses import dataclass, field

import pytest

from harness.worlds.error import WorldError
from harness.worlds.world import World


@dataclass
class FakeStore:
    """A store in which that has changed, or that cannot be put back."""

    component: str
    changed: tuple[str, ...] = ()
    error: WorldError | None = None
    journal: list[str] = field(default_factory=list)

    async def keep(self) -> "FakeStore":
        """Itself, or the error."""
        if self.error is not None:
            raise self.error
        return self

    async def reset(self) -> tuple[str, ...]:
        """What has changed, or the error."""
        self.journal.append("reset")
        if self.error is not None:
            raise self.error
        return self.changed

    async def aclose(self) -> None:
        """Remember that."""
        self.journal.append("closed")


async def test_only_what_has_changed_is_named() -> None:
    """By component."""
    world = await World.keep([FakeStore("db", ("users",)).keep(), FakeStore("cache").keep()])
    assert world.components == ("db", "cache")
    assert await world.reset() == {"db": ("users",)}


async def test_one_that_cannot_be_kept_lets_go_of_the_others() -> None:
    """Nobody else would."""
    good, bad = FakeStore("db"), FakeStore("cache", error=WorldError("no"))
    with pytest.raises(WorldError, match="no"):
        await World.keep([bad.keep(), good.keep()])
    assert good.journal == ["closed"]


async def test_one_that_cannot_be_put_back_does_not_keep_the_others_from_it() -> None:
    """Its error is told."""
    good, bad = FakeStore("db"), FakeStore("cache", error=WorldError("no"))
    with pytest.raises(WorldError, match="no"):
        await World([bad, good]).reset()
    assert good.journal == ["reset"]
