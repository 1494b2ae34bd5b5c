"""Why this exists: the fault of a network that has fallen apart into groups."""

from dataclasses import dataclass
from itertools import permutations

from harness.core.errors import UsageError
from harness.faults.base import TESTS, Ground, Heal, lay
from harness.faults.cut import Hold
from harness.faults.link import Link
from harness.faults.rule import Direction


@dataclass(frozen=True, slots=True)
class Partition:
    """Nothing gets from one group to another, in either direction; within a group all is well.

    Args:
        groups: Names of components in each, and TESTS. Who is in none reaches everybody, and is reached.
    """

    groups: tuple[tuple[str, ...], ...]

    @property
    def components(self) -> tuple[str, ...]:
        """All who are in a group."""
        return tuple(name for group in self.groups for name in group)

    async def inject(self, ground: Ground) -> Heal:
        """From now on, also on open connections; in a cluster, where its network plugin cuts those."""
        if len(self.groups) < 2 or len(set(self.components)) < len(self.components):  # noqa: PLR2004 - it takes two
            raise UsageError("a partition takes two groups or more, and nobody in two of them")
        separated = await ground.separate(self.groups)
        return separated or await lay(Hold(set(Direction)), self._links(ground))

    def _links(self, ground: Ground) -> tuple[Link, ...]:
        return tuple(
            link
            for here, there in permutations(self.groups, 2)
            for component in there
            if component != TESTS
            for link in ground.links(component, here)
        )
