"""Why this exists: the state of all stores of an environment, kept together and put back together."""

import asyncio
from collections.abc import Awaitable, Iterable, Mapping, Sequence
from typing import Self

from harness.worlds.base import KeptStore


class World:
    """What tests start from. `World.keep` makes it."""

    def __init__(self, stores: Sequence[KeptStore]) -> None:
        self._stores = stores

    @property
    def components(self) -> tuple[str, ...]:
        """Whose state is kept."""
        return tuple(store.component for store in self._stores)

    @classmethod
    async def keep(cls, keeping: Iterable[Awaitable[KeptStore]]) -> Self:
        """Keep every store as it is now.

        Raises:
            WorldError: one of them cannot be kept; none is then.
        """
        kept = await asyncio.gather(*keeping, return_exceptions=True)
        stores = [store for store in kept if not isinstance(store, BaseException)]
        for failure in kept:
            if isinstance(failure, BaseException):
                await cls(stores).aclose()
                raise failure
        return cls(stores)

    async def reset(self) -> Mapping[str, tuple[str, ...]]:
        """Put back what has changed since; what that was, for each component in which anything had.

        Raises:
            WorldError: a store cannot be put back. The others are.
        """
        changed = await asyncio.gather(*(store.reset() for store in self._stores), return_exceptions=True)
        for failure in changed:
            if isinstance(failure, BaseException):
                raise failure
        named = zip(self.components, changed, strict=True)
        return {name: what for name, what in named if what and not isinstance(what, BaseException)}

    async def aclose(self) -> None:
        """Let go of every store."""
        await asyncio.gather(*(store.aclose() for store in self._stores))
