"""Why this exists: the fault of a line that is dead in one direction: what is asked arrives, and no answer comes."""

from dataclasses import dataclass

from harness.core.errors import UsageError
from harness.faults.base import Ground, Heal, lay
from harness.faults.rule import Direction, Rule


@dataclass(frozen=True, slots=True)
class Cut:
    """Nothing gets through in one direction. As with lost packets of TCP, it arrives when the line is healed.

    Args:
        component: Whose connections.
        direction: `requests`, towards the component, or `answers`, from it.
        sources: Who is to feel it: components, TESTS; everybody when empty.
    """

    component: str
    direction: str = Direction.ANSWERS
    sources: tuple[str, ...] = ()

    @property
    def components(self) -> tuple[str, ...]:
        """Whom it is done to."""
        return (self.component,)

    async def inject(self, ground: Ground) -> Heal:
        """From now on, also on open connections."""
        if self.direction not in set(Direction):
            raise UsageError(
                f"there is no direction {self.direction!r}", hint=f"there are {', '.join(Direction)}"
            )
        links = ground.links(self.component, self.sources)
        return await lay(Hold({Direction(self.direction)}), links)


@dataclass(eq=False)
class Hold(Rule):
    """Lets nothing through in some directions."""

    directions: set[Direction]

    def holds(self, direction: Direction) -> bool:
        """Whether it is one of them."""
        return direction in self.directions
