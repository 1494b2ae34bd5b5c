"""Why this exists: the contract of a store whose state was kept, so that a world knows neither Postgres nor Redis."""

from typing import Protocol


class KeptStore(Protocol):
    """One store (a database, a cache) as it was at a moment, and the way back there."""

    @property
    def component(self) -> str:
        """The component whose state it is."""
        ...

    async def reset(self) -> tuple[str, ...]:
        """Put back what has changed since; returns what that was (tables, keys), nothing when nothing had.

        Raises:
            WorldError: it cannot be put back, or somebody holds on to it.
        """
        ...

    async def aclose(self) -> None:
        """Let go of the store; what was kept in it stays."""
        ...
