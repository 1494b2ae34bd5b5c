"""Why this exists: a fault is a value that says what goes wrong where; the ground it is laid on does the work."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Protocol

from harness.core.errors import UsageError
from harness.faults.link import Link
from harness.faults.rule import Rule

TESTS = "tests"
"""The source of what does not come from a component: the tests, and whatever else uses the exported addresses."""

Heal = Callable[[], Awaitable[None]]


class Ground(Protocol):
    """A running environment, as far as faults change it.

    Everything raises UsageError where the provider cannot do it, or the component is not in a state for it.
    """

    @property
    def seed(self) -> int:
        """What everything random in the environment is drawn from."""
        ...

    async def kill(self, component: str) -> None:
        """End a component by force; the environment does not count as broken by that."""
        ...

    async def bring_back(self, component: str) -> None:
        """Start a killed component in its place; returns when it is ready."""
        ...

    async def crash(self, component: str) -> None:
        """End a component by force and have it started at once; returns when it is ready."""
        ...

    async def scale_to_zero(self, component: str) -> None:
        """End all of a component politely; returns when nothing of it runs."""
        ...

    async def restart(self, component: str) -> None:
        """Stop a component politely and start it in its place; returns when it is ready."""
        ...

    async def suspend(self, component: str) -> None:
        """Let all processes of a component stand still; its connections stay open."""
        ...

    async def resume(self, component: str) -> None:
        """Let a suspended component go on; returns when it is ready."""
        ...

    async def fill_disk(self, component: str, path: str | None) -> str:
        """Leave no room on a file system of a component, its only one for None; gives where it is mounted."""
        ...

    async def free_disk(self, component: str, path: str) -> None:
        """Give the room back."""
        ...

    async def separate(self, groups: Sequence[Collection[str]]) -> Heal | None:
        """Keep groups of components, and TESTS, apart in the network they are in; None where proxies are to do it."""
        ...

    def links(self, component: str, sources: Collection[str] = ()) -> tuple[Link, ...]:
        """The ways that lead to a component from some sources (other components, TESTS); from all when none is named.

        Empty for a component that listens nowhere.

        Raises:
            UsageError: somebody named does not exist, or the component is reached without a proxy.
        """
        ...


class Fault(Protocol):
    """Something that goes wrong. A frozen dataclass whose fields are str, int, float, tuples of them, or None."""

    @property
    def components(self) -> tuple[str, ...]:
        """Whom it is done to."""
        ...

    async def inject(self, ground: Ground) -> Heal:
        """Make it go wrong. What is returned undoes it; it is called again only after it was broken off.

        Raises:
            UsageError: this ground cannot do that; nothing has changed.
        """
        ...


async def lay(rule: Rule, links: Collection[Link]) -> Heal:
    """Put one rule on several links; healing takes it off again.

    Raises:
        UsageError: there are no links.
    """
    if not links:
        raise UsageError("this fault would change nothing: nobody named there listens")
    for link in links:
        link.add(rule)

    async def heal() -> None:
        for link in links:
            link.remove(rule)

    return heal
