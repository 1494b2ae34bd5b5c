"""Why this exists: a teardown is waited for, and who will not wait for it any longer can say so."""

from collections.abc import Callable
from typing import TypeVar

from harness.cli.screen import people
from harness.keeper.client import Lease

T = TypeVar("T")


def patiently(lease: Lease, wait: Callable[[], T]) -> T:
    """The result of `wait`, which waits for a teardown: in spite of one interrupt, but not of a second one.

    Raises:
        KeyboardInterrupt: the second. The lease is closed by then: nobody waits any more, so the keeper asks nothing
            to stop and ends all by force.
    """
    try:
        return wait()
    except KeyboardInterrupt:
        people.print("still tearing down; interrupt once more to have it done by force")
    try:
        return wait()
    except KeyboardInterrupt:
        lease.close()
        people.print("left: what still runs is ended by force now")
        raise
