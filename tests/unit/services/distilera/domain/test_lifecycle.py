"""States change along one table, and asking for the state that is there is no change."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distilera.domain.lifecycle import FINISHED, TRANSITIONS, State, TransitionError, has_to_change

STATES = st.sampled_from(list(State))


@given(wishes=st.lists(STATES))
def test_work_that_ended_stays_as_it_ended(wishes: list[State]) -> None:
    """Whatever is asked for, in whatever order."""
    state, ended = State.PENDING, None
    for wish in wishes:
        try:
            if has_to_change("it", state, wish):
                assert wish in TRANSITIONS[state]
                state = wish
        except TransitionError:
            assert wish not in TRANSITIONS[state]
        if ended is not None:
            assert state == ended
        ended = state if state in FINISHED else None


@given(state=STATES)
def test_asking_again_changes_nothing(state: State) -> None:
    """And is no error: the answer may have been lost on its way."""
    assert not has_to_change("it", state, state)


def test_completed_and_failed_are_ends() -> None:
    """And the only ones."""
    assert {State.COMPLETED, State.FAILED} == FINISHED


def test_a_forbidden_change_says_what_it_is_and_what_was_asked() -> None:
    """Pending work has to run first."""
    with pytest.raises(TransitionError, match="simulation sim_1 is pending; it cannot become completed"):
        has_to_change("simulation sim_1", State.PENDING, State.COMPLETED)
