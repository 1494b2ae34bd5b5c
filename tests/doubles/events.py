"""Why this exists: tests look at the facts that were stated, in order."""

from typing import TypeVar

from harness.events.facts import ComponentChanged, Event, State

E = TypeVar("E", bound=Event)


class FakeEmit(list[Event]):
    """An `Emit` that keeps what it is given."""

    def __call__(self, event: Event) -> None:
        """Keep one fact."""
        self.append(event)

    def of(self, kind: type[E]) -> list[E]:
        """The facts of one kind."""
        return [event for event in self if isinstance(event, kind)]

    def states(self, component: str) -> list[State]:
        """The states a component went through, the first one included."""
        changes = [e for e in self.of(ComponentChanged) if e.component == component]
        return [State.PLANNED, *(change.new for change in changes)]
