"""Why this exists: the contract of a store that keeps snapshots, so that a world knows neither Postgres nor Redis."""

from collections.abc import Callable
from typing import Protocol

from harness.core.data_files import DataFiles

IsComponents = Callable[[str, int], bool]
"""Whether a connection that comes from an address and a port is a component's."""

SEEDED = "seeded"  # the snapshot that tests start from


def nobodys(_host: str, _port: int) -> bool:
    """Where nobody can tell components from tests."""
    return False


class Store(Protocol):
    """One store (a database, a cache): its snapshots, and the way back to each."""

    @property
    def component(self) -> str:
        """The component whose state it is."""
        ...

    async def activity(self) -> object:
        """Something that is equal when it is asked for again, as long as nothing is written meanwhile.

        Raises:
            WorldError: the store is not reached.
        """
        ...

    async def keep(self, snapshot: str) -> None:
        """Keep the state as it is now, in place of what was kept under that name.

        Raises:
            WorldError: it cannot be kept.
        """
        ...

    async def reset(self, snapshot: str) -> tuple[str, ...]:
        """Put back what differs; returns what that was (tables, keys), nothing when nothing did.

        Raises:
            WorldError: it cannot be put back, or somebody holds on to it.
        """
        ...

    async def differences(self, snapshot: str) -> tuple[str, ...]:
        """What is not as it was kept, found by comparing all of it; slower than `reset`, and independent of it.

        Raises:
            WorldError: the store is not reached.
        """
        ...

    async def write_down(self) -> DataFiles:
        """Write what it holds in memory to its files, and tell where those are.

        What is copied of them while the server stands still has all of it.

        Raises:
            WorldError: it cannot, or its files are not in one place.
        """
        ...

    async def aclose(self) -> None:
        """Let go of the store; what was kept in it stays."""
        ...
