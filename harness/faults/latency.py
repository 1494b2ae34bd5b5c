"""Why this exists: the fault of a slow network, or of a component that takes its time."""

from dataclasses import dataclass
from random import Random

from harness.core.errors import UsageError
from harness.faults.base import Ground, Heal, lay
from harness.faults.rule import Direction, Exchange, Rule


@dataclass(frozen=True, slots=True)
class Latency:
    """Answers of a component arrive later.

    Args:
        component: Whose answers.
        delay: Seconds more for each answer.
        jitter: Seconds by which the delay differs, up or down, from answer to answer. Which answer gets which delay
            follows from the environment's seed and this one: the n-th answer on the m-th connection always the same.
        sources: Who is to feel it: components, TESTS; everybody when empty.
        seed: Another one for other delays.
    """

    component: str
    delay: float
    jitter: float = 0.0
    sources: tuple[str, ...] = ()
    seed: int = 0

    @property
    def components(self) -> tuple[str, ...]:
        """Whom it is done to."""
        return (self.component,)

    async def inject(self, ground: Ground) -> Heal:
        """From now on, also on open connections."""
        if not 0 <= self.jitter <= self.delay:
            raise UsageError(
                f"a delay of {self.delay:g} s cannot differ by {self.jitter:g} s",
                hint="jitter lies between 0 and delay",
            )
        links = ground.links(self.component, self.sources)
        return await lay(_Later(self.delay, self.jitter, f"{ground.seed}/{self.seed}"), links)


@dataclass(eq=False)
class _Later(Rule):
    seconds: float
    jitter: float
    stream: str

    def delay(self, direction: Direction, exchange: Exchange) -> float:
        """The same for all portions of one answer, whenever it is asked."""
        if direction is Direction.REQUESTS:
            return 0.0
        drawn = Random(f"{self.stream}/{exchange}").uniform(-self.jitter, self.jitter)  # noqa: S311 - no secret
        return self.seconds + drawn
