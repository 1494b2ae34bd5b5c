"""Why this exists: of all that happens at once during start-up, only one chain decides how long it takes."""

from collections.abc import Iterable
from dataclasses import dataclass

from harness.plan.model import Plan, Step
from harness.spec.model import Condition

PREPARING = "preparing"
WAITING = "waiting"
STARTING = "starting"
PROBING = "probing"
COMPLETING = "completing"
SEEDING = "seeding"
KEEPING = "keeping"

Link = tuple[str, str, float]
"""A component, what it did, and for how many seconds."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """What one component did from `start` to `end`, instants on the monotonic clock."""

    component: str
    what: str
    start: float
    end: float

    @property
    def duration(self) -> float:
        """Seconds."""
        return self.end - self.start


def critical_path(plan: Plan, stretches: Iterable[Stretch]) -> tuple[Link, ...]:
    """The chain of stretches that decided the duration of the start-up, in order of time.

    It is found backwards: from what ended last, through whatever that had to wait for longest. Waiting itself is
    not part of it, for the time is spent by what was waited for. Stretches of nothing in the plan (preparing the
    provider; seeding, keeping the stores' state) stand before and after: they all wait for, or are waited for by,
    everything.
    """
    recorded = sorted(stretches, key=lambda s: s.start)
    before = [s for s in recorded if s.what == PREPARING]
    after = [s for s in recorded if s.what in (SEEDING, KEEPING)]
    work = _work_by_component(plan, recorded)
    chain = _chain(plan, work)
    return tuple((s.component, s.what, s.duration) for s in (*before, *chain, *after))


def _work_by_component(plan: Plan, recorded: list[Stretch]) -> dict[str, list[Stretch]]:
    """Each component's own stretches, in order of time as `recorded` is, without its waiting."""
    work: dict[str, list[Stretch]] = {step.name: [] for step in plan.steps}
    for stretch in recorded:
        if stretch.component in work and stretch.what in (STARTING, PROBING, COMPLETING):
            work[stretch.component].append(stretch)
    return work


def _chain(plan: Plan, work: dict[str, list[Stretch]]) -> list[Stretch]:
    """Backwards from the component that ended last."""
    ends = {name: done[-1].end for name, done in work.items() if done}
    if not ends:
        return []
    name: str | None = max(ends, key=lambda n: ends[n])
    condition = Condition.HEALTHY
    chain: list[Stretch] = []
    while name is not None:
        chain[:0] = _until(condition, work[name])
        name, condition = _longest_awaited(plan.step(name), work)
    return chain


def _longest_awaited(step: Step, work: dict[str, list[Stretch]]) -> tuple[str | None, Condition]:
    """What `step` had to wait for until last, and for what of it; None when it waited for nothing."""
    met = [
        (done[-1].end, wait)
        for wait in step.waits_for
        if (done := _until(wait.condition, work.get(wait.component, [])))
    ]
    if not met:
        return None, Condition.HEALTHY
    _, last = max(met, key=lambda pair: pair[0])
    return last.component, last.condition


def _until(condition: Condition, done: list[Stretch]) -> list[Stretch]:
    """The stretches that had to end before `condition` was met."""
    return [s for s in done if s.what == STARTING or condition is not Condition.STARTED]
