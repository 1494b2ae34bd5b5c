"""Why this exists: whether more users make throughput collapse, told apart from what other programs take away."""

from collections.abc import Awaitable, Callable, Mapping
from typing import NamedTuple

LEAST_KEPT = 0.8  # of the best throughput at any lower level
REPEATS = 2  # of a level that seems to collapse


class Level(NamedTuple):
    """What one level of load came to: requests a second, milliseconds, shares."""

    throughput: float
    avg: float
    p95: float
    error_rate: float


class Step(NamedTuple):
    """A level of `users`, beside the throughputs of the lower level that it is compared with, oldest first.

    The last of these was measured right before the level itself. Without a lower one there are none.
    """

    users: int
    level: Level
    compared_with: int = 0
    compared: tuple[float, ...] = ()

    @property
    def least(self) -> float:
        """The throughput that it must have."""
        return LEAST_KEPT * self.compared[-1] if self.compared else 0.0

    @property
    def is_kept(self) -> bool:
        """Whether it has that."""
        return self.level.throughput >= self.least

    @property
    def is_measured(self) -> bool:
        """Whether a collapse can be told from noise: one level, measured again and again, must stay within the rule."""
        return self.is_kept or min(self.compared) >= LEAST_KEPT * max(self.compared)

    @property
    def reason(self) -> str:
        """Why it cannot."""
        return (
            f"{self.users} users seem to collapse, but {self.compared_with} users alone had between "
            f"{min(self.compared):.0f} and {max(self.compared):.0f} requests/s: other programs keep the machine busy"
        )


async def climb(measure: Callable[[int], Awaitable[Level]], users: int, lower: Mapping[int, Level]) -> Step:
    """Measure the next level; one that seems to collapse again, each time right after the best of the lower ones."""
    level = await measure(users)
    if not lower:
        return Step(users, level)
    best = max(lower, key=lambda few: lower[few].throughput)
    step = Step(users, level, best, (lower[best].throughput,))
    for _ in range(REPEATS):
        if step.is_kept:
            break
        compared = (*step.compared, (await measure(best)).throughput)
        again = await measure(users)
        worst = max(step.level.error_rate, again.error_rate)  # no error is left out
        step = Step(users, again._replace(error_rate=worst), best, compared)
    return step
