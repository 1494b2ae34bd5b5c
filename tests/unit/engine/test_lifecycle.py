"""States change along the table and nowhere else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.engine.lifecycle import FINAL, TRANSITIONS, IllegalTransitionError, Lifecycle
from harness.events.facts import ComponentChanged, State
from tests.doubles.clock import FakeClock, in_virtual_time
from tests.doubles.events import FakeEmit


def test_every_state_has_its_transitions() -> None:
    """The table is complete, and of the states that a component ends in only one can be left: by a return."""
    assert set(TRANSITIONS) == set(State)
    left = {state: following for state, following in TRANSITIONS.items() if state in FINAL and following}
    assert left == {State.STOPPED: {State.STARTING}}
    assert all(TRANSITIONS[state] for state in set(State) - FINAL)


def test_every_state_can_be_reached() -> None:
    """No state of the enum is dead."""
    reached, edge = {State.PLANNED}, {State.PLANNED}
    while edge:
        edge = {following for state in edge for following in TRANSITIONS[state]} - reached
        reached |= edge
    assert reached == set(State)


@in_virtual_time
async def test_a_change_is_stated() -> None:
    """One fact per change, with the old and the new state and the reason."""
    emit = FakeEmit()
    lifecycle = Lifecycle(["db"], FakeClock(), emit)
    lifecycle.move("db", State.STARTING, "why")
    assert emit == [
        ComponentChanged(
            at=FakeClock.EPOCH, component="db", old=State.PLANNED, new=State.STARTING, detail="why"
        )
    ]
    assert lifecycle.states == {"db": State.STARTING}


@given(st.lists(st.sampled_from(State), max_size=12))
@in_virtual_time
async def test_only_listed_transitions_happen(wanted: list[State]) -> None:
    """Whatever is asked, a component follows the table; what is refused changes and states nothing."""
    emit = FakeEmit()
    lifecycle = Lifecycle(["db"], FakeClock(), emit)
    for new in wanted:
        old, stated = lifecycle.states["db"], len(emit)
        if new in TRANSITIONS[old]:
            lifecycle.move("db", new)
            assert lifecycle.states["db"] is new
            assert len(emit) == stated + 1
        else:
            with pytest.raises(IllegalTransitionError, match=f"db cannot go from {old} to {new}"):
                lifecycle.move("db", new)
            assert lifecycle.states["db"] is old
            assert len(emit) == stated
