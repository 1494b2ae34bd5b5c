"""Why this exists: start-up, teardown and the open environment work on the same few parts, made in one place."""

from dataclasses import dataclass
from typing import Self

from harness.core.clock import Clock
from harness.engine.lifecycle import Lifecycle
from harness.engine.stating import Stating
from harness.engine.stopwatch import Stopwatch
from harness.engine.supervision import Supervision
from harness.events.log import Emit
from harness.plan.model import Plan
from harness.providers.base import Place, Provider


@dataclass(frozen=True, slots=True)
class Parts:
    """What the engine holds for one environment."""

    plan: Plan
    place: Place
    provider: Provider
    clock: Clock
    emit: Emit
    lifecycle: Lifecycle
    supervision: Supervision
    stopwatch: Stopwatch

    @classmethod
    def make(cls, plan: Plan, place: Place, provider: Provider, clock: Clock, emit: Emit) -> Self:
        """The parts of an environment of which nothing has started. A fact that `emit` cannot take breaks it."""
        state = Stating(emit)
        lifecycle = Lifecycle((step.name for step in plan.steps), clock, state)
        supervision = Supervision(plan, place, lifecycle, clock, state)
        state.on_failure = supervision.break_with
        return cls(
            plan=plan,
            place=place,
            provider=provider,
            clock=clock,
            emit=state,
            lifecycle=lifecycle,
            supervision=supervision,
            stopwatch=Stopwatch(clock, state),
        )
