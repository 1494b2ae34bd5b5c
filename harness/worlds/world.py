"""Why this exists: the state of all stores of an environment, kept together and put back together."""

import asyncio
from collections.abc import Awaitable, Iterable, Mapping, Sequence
from typing import Self

from harness.core.data_files import DataFiles
from harness.core.errors import UsageError
from harness.worlds.base import Store


class World:
    """What tests start from, and further snapshots by name. `World.open` makes it."""

    def __init__(self, stores: Sequence[Store]) -> None:
        self._stores = stores
        self._snapshots = set[str]()

    @property
    def components(self) -> tuple[str, ...]:
        """Whose state is kept."""
        return tuple(store.component for store in self._stores)

    @classmethod
    async def open(cls, opening: Iterable[Awaitable[Store]], joined: Sequence[Store] = ()) -> Self:
        """Every store; nothing is kept yet.

        Args:
            opening: Those that are still to be opened.
            joined: Those that are open.

        Raises:
            WorldError: one of them cannot be opened; none is then.
        """
        opened = await asyncio.gather(*opening, return_exceptions=True)
        world = cls([*joined, *(store for store in opened if not isinstance(store, BaseException))])
        try:
            _raise_first(opened)
        except BaseException:
            await world.aclose()
            raise
        return world

    async def activity(self) -> Sequence[object]:
        """What is equal when it is asked for again, as long as nothing is written to a store meanwhile.

        Raises:
            WorldError: a store is not reached.
        """
        activity = await asyncio.gather(*(store.activity() for store in self._stores), return_exceptions=True)
        _raise_first(activity)
        return activity

    async def keep(self, snapshot: str) -> None:
        """Keep every store as it is now, in place of what was kept under that name.

        Raises:
            WorldError: one of them cannot be kept; there is no such snapshot then.
        """
        self._snapshots.discard(snapshot)
        keeping = (store.keep(snapshot) for store in self._stores)
        _raise_first(await asyncio.gather(*keeping, return_exceptions=True))
        self._snapshots.add(snapshot)

    async def reset(self, snapshot: str) -> Mapping[str, tuple[str, ...]]:
        """Put back what differs; what that was, for each component in which anything did.

        Raises:
            UsageError: there is no such snapshot.
            WorldError: a store cannot be put back. The others are.
        """
        if snapshot not in self._snapshots:
            known = ", ".join(sorted(self._snapshots)) or "none"
            raise UsageError(f"there is no snapshot {snapshot!r}", hint=f"there are: {known}")
        putting_back = (store.reset(snapshot) for store in self._stores)
        return self._named(await asyncio.gather(*putting_back, return_exceptions=True))

    def _named(self, told: Sequence[tuple[str, ...] | BaseException]) -> Mapping[str, tuple[str, ...]]:
        """What each store told, where it is anything. Raises the first error."""
        _raise_first(told)
        named = zip(self.components, told, strict=True)
        return {name: what for name, what in named if what and not isinstance(what, BaseException)}

    async def differences(self, snapshot: str) -> Mapping[str, tuple[str, ...]]:
        """What is not as it was kept, by component, found by comparing all of it.

        Raises:
            WorldError: a store is not reached.
        """
        comparing = (store.differences(snapshot) for store in self._stores)
        return self._named(await asyncio.gather(*comparing, return_exceptions=True))

    async def write_down(self) -> Mapping[str, DataFiles]:
        """Let every store write what it holds in memory; where the files of each are, by component.

        Raises:
            WorldError: a store cannot.
        """
        files = await asyncio.gather(*(store.write_down() for store in self._stores), return_exceptions=True)
        _raise_first(files)
        told = zip(self.components, files, strict=True)
        return {name: where for name, where in told if not isinstance(where, BaseException)}

    async def aclose(self) -> None:
        """Let go of every store."""
        await asyncio.gather(*(store.aclose() for store in self._stores))


def _raise_first(outcomes: Iterable[object]) -> None:
    """All have come to an end; the first that failed is what failed."""
    for outcome in outcomes:
        if isinstance(outcome, BaseException):
            raise outcome
