"""Why this exists: the fault of a thin line."""

from dataclasses import dataclass

from harness.core.errors import UsageError
from harness.faults.base import Ground, Heal, lay
from harness.faults.rule import Direction, Rule


@dataclass(frozen=True, slots=True)
class Bandwidth:
    """Each connection to a component carries only so much, in each direction.

    Args:
        component: Whose connections.
        rate: Bytes per second.
        sources: Who is to feel it: components, TESTS; everybody when empty.
    """

    component: str
    rate: float
    sources: tuple[str, ...] = ()

    @property
    def components(self) -> tuple[str, ...]:
        """Whom it is done to."""
        return (self.component,)

    async def inject(self, ground: Ground) -> Heal:
        """From now on, also on open connections."""
        if self.rate <= 0:
            raise UsageError(
                f"{self.rate:g} bytes per second is no rate", hint="use Cut to let nothing through"
            )
        return await lay(_Thin(self.rate), ground.links(self.component, self.sources))


@dataclass(eq=False)
class _Thin(Rule):
    bytes_per_second: float

    def rate(self, _direction: Direction) -> float:
        """The same in both directions."""
        return self.bytes_per_second
