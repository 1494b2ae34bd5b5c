"""Stores are kept together, put back together, and let go of together."""

from dataclasses import dataclass, field

import pytest

from harness.core.data_files import DataFiles
from harness.core.errors import UsageError
from harness.worlds.base import SEEDED
from harness.worlds.error import WorldError
from harness.worlds.world import World


@dataclass
class FakeStore:
    """A store in which that has changed, or that cannot do what is asked of it."""

    component: str
    changed: tuple[str, ...] = ()
    error: WorldError | None = None
    journal: list[str] = field(default_factory=list)

    async def open(self) -> "FakeStore":
        """Itself, or the error."""
        self._do("opened")
        return self

    async def keep(self, snapshot: str) -> None:
        """Remember that, or raise the error."""
        self._do(f"keep {snapshot}")

    async def reset(self, snapshot: str) -> tuple[str, ...]:
        """What has changed, or the error."""
        self._do(f"reset {snapshot}")
        return self.changed

    async def activity(self) -> object:
        """Nothing is ever written."""
        return 0

    async def differences(self, snapshot: str) -> tuple[str, ...]:
        """What has not been put back."""
        return self.changed if self.journal[-1:] != [f"reset {snapshot}"] else ()

    async def write_down(self) -> DataFiles:
        """In a folder of its name."""
        self._do("written down")
        return DataFiles(f"/data/{self.component}")

    async def aclose(self) -> None:
        """Remember that."""
        self.journal.append("closed")

    def _do(self, what: str) -> None:
        self.journal.append(what)
        if self.error is not None:
            raise self.error


async def test_every_store_tells_where_its_files_are() -> None:
    """Those that were joined as well; one that cannot write them is the error."""
    world = await World.open([FakeStore("db").open()], (FakeStore("cache"),))
    assert await world.write_down() == {"cache": DataFiles("/data/cache"), "db": DataFiles("/data/db")}
    broken = World([FakeStore("db"), FakeStore("full", error=WorldError("no room"))])
    with pytest.raises(WorldError, match="no room"):
        await broken.write_down()


async def test_only_what_has_changed_is_named() -> None:
    """By component."""
    world = await World.open([FakeStore("db", ("users",)).open(), FakeStore("cache").open()])
    await world.keep(SEEDED)
    assert world.components == ("db", "cache")
    assert await world.reset(SEEDED) == {"db": ("users",)}


async def test_one_that_cannot_be_opened_lets_go_of_the_others() -> None:
    """Nobody else would."""
    good, bad = FakeStore("db"), FakeStore("cache", error=WorldError("no"))
    with pytest.raises(WorldError, match="no"):
        await World.open([bad.open(), good.open()])
    assert good.journal == ["opened", "closed"]


async def test_one_that_cannot_be_put_back_does_not_keep_the_others_from_it() -> None:
    """Its error is told."""
    good, bad = FakeStore("db"), FakeStore("cache")
    world = World([bad, good])
    await world.keep(SEEDED)
    bad.error = WorldError("no")
    with pytest.raises(WorldError, match="no"):
        await world.reset(SEEDED)
    assert good.journal == ["keep seeded", "reset seeded"]


async def test_a_snapshot_that_was_never_taken_is_told_with_those_that_were() -> None:
    """Also one that could be taken in some of the stores only: nothing is put back to that."""
    store = FakeStore("db")
    world = World([store])
    await world.keep(SEEDED)
    store.error = WorldError("no")
    with pytest.raises(WorldError):
        await world.keep("half")
    with pytest.raises(UsageError, match="there is no snapshot 'half'") as caught:
        await world.reset("half")
    assert caught.value.hint == "there are: seeded"
    assert "reset half" not in store.journal


async def test_what_is_not_as_it_was_kept_is_named() -> None:
    """By component; nothing once it is put back."""
    world = World([FakeStore("db", ("users",)), FakeStore("cache")])
    await world.keep(SEEDED)
    assert await world.differences(SEEDED) == {"db": ("users",)}
    await world.reset(SEEDED)
    assert await world.differences(SEEDED) == {}
