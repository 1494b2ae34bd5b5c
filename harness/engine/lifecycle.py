"""Why this exists: one table of the states a component may go through, and one function that changes them."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from harness.core.clock import Clock
from harness.events.facts import ComponentChanged, State
from harness.events.log import Emit

TRANSITIONS: Mapping[State, frozenset[State]] = MappingProxyType(
    {
        State.PLANNED: frozenset({State.WAITING, State.STARTING, State.SKIPPED}),
        State.WAITING: frozenset({State.STARTING, State.SKIPPED}),
        State.STARTING: frozenset({State.PROBING, State.FAILED, State.STOPPING}),
        State.PROBING: frozenset({State.READY, State.COMPLETED, State.FAILED, State.STOPPING}),
        State.READY: frozenset({State.STARTING, State.COMPLETED, State.FAILED, State.STOPPING}),
        State.STOPPING: frozenset({State.STOPPED, State.FAILED}),
        State.COMPLETED: frozenset(),
        State.STOPPED: frozenset({State.STARTING}),
        State.FAILED: frozenset(),
        State.SKIPPED: frozenset(),
    }
)
"""Which state may follow which. READY to STARTING is a restart, STOPPED to STARTING the return of what a fault
has killed; the other ends are final."""


FINAL = frozenset({State.COMPLETED, State.STOPPED, State.FAILED, State.SKIPPED})
"""What components end in."""


class IllegalTransitionError(RuntimeError):
    """A state was to follow another that it cannot follow: a mistake of the harness itself."""


class Lifecycle:
    """The state of every component of one environment."""

    def __init__(self, components: Iterable[str], clock: Clock, emit: Emit) -> None:
        self._states = dict.fromkeys(components, State.PLANNED)
        self._clock = clock
        self._emit = emit

    @property
    def states(self) -> Mapping[str, State]:
        """The current state of each component, in the order of the plan."""
        return MappingProxyType(self._states)

    def move(self, component: str, new: State, detail: str = "") -> None:
        """Change the state of `component` and say so.

        Args:
            component: Which one.
            new: Its next state.
            detail: What it waits for, answers on, or failed with; no secrets.

        Raises:
            IllegalTransitionError: `new` cannot follow the current state.
        """
        old = self._states[component]
        if new not in TRANSITIONS[old]:
            raise IllegalTransitionError(f"{component} cannot go from {old} to {new}")
        self._states[component] = new
        at = self._clock.now()
        self._emit(ComponentChanged(at=at, component=component, old=old, new=new, detail=detail))
