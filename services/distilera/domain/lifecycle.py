"""Why this exists: the states of simulations, coordinations and collaborations, and the one table of their changes."""

from enum import StrEnum


class State(StrEnum):
    """Where a piece of work stands."""

    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"


TRANSITIONS: dict[State, frozenset[State]] = {
    State.PENDING: frozenset({State.RUNNING, State.FAILED}),
    State.RUNNING: frozenset({State.COMPLETED, State.FAILED}),
    State.COMPLETED: frozenset(),
    State.FAILED: frozenset(),
}
FINISHED = frozenset(state for state, following in TRANSITIONS.items() if not following)


class TransitionError(Exception):
    """A change of state that the table does not allow; answered 409."""

    def __init__(self, what: str, old: State, new: State) -> None:
        super().__init__(f"{what} is {old}; it cannot become {new}.")


def has_to_change(what: str, old: State, new: State) -> bool:
    """Whether `what` has to be changed to reach `new`; False where it is there already (asking again is no error).

    Raises:
        TransitionError: the table does not allow the change.
    """
    if old == new:
        return False
    if new not in TRANSITIONS[old]:
        raise TransitionError(what, old, new)
    return True
