"""Why this exists: where a store's files are, as the store tells it and as a provider copies them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DataFiles:
    """A folder in a component's own file system.

    Args:
        folder: Absolute; all that is kept from one start of the server to the next is below it.
        without: Names of files in it that stand for the very process that runs, such as its lock.
    """

    folder: str
    without: tuple[str, ...] = ()
