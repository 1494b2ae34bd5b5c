"""Why this exists: a teardown is waited for, and who will not wait for it any longer can say so."""

from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from harness.cli.screen import people
from harness.keeper.client import Lease

T = TypeVar("T")


def patiently(lease: Lease, wait: Callable[[], T], *, is_interrupted: bool = False) -> T:
    """The result of `wait`, which waits for a teardown: in spite of one interrupt, but not of a second one.

    Args:
        lease: What is torn down.
        wait: Waits for that; called again after the first interrupt.
        is_interrupted: Whether the first one is why it is torn down.

    Raises:
        KeyboardInterrupt: the second. The lease is closed by then: nobody waits any more, so the keeper asks nothing
            to stop and ends all by force.
    """
    if not is_interrupted:
        with suppress(KeyboardInterrupt):
            return wait()
    people.print("interrupted; tearing down. Interrupt once more to have it done by force")
    try:
        return wait()
    except KeyboardInterrupt:
        lease.close()
        people.print("left: what still runs is ended by force now")
        raise
