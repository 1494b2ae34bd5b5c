"""Why this exists: which of several workers works in which world, and how worlds are asked for."""

from collections.abc import Iterable

from harness.keeper.client import Lease

FIRST = "gw0"  # works in the environment itself


def world_of(worker: str) -> str:
    """The world that an xdist worker's tests run in; empty for the environment itself."""
    return "" if worker == FIRST else worker


def prepare_worlds(lease: Lease, workers: Iterable[str], *, waits: bool = False) -> None:
    """Let each worker's world be opened, which is there for as long as the lease is connected.

    Args:
        lease: Who asks for them.
        workers: All of them.
        waits: Until every world is open, and not only begun with.

    Raises:
        HarnessError: the provider has none, the seeded state cannot be copied, or one that was waited for failed.
    """
    if names := [world for worker in workers if (world := world_of(worker))]:
        lease.ask("prepare_worlds", names=names, waits=waits)
