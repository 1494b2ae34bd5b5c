"""The life of a listing."""

from itertools import product

import pytest

from kernel.errors import ApiError
from mercatrix.listings import TRANSITIONS, State, ensure_may_become

ALLOWED = {(State.OPEN, State.CLOSED)}


def test_every_state_says_what_may_follow() -> None:
    """No state is forgotten in the table."""
    assert set(TRANSITIONS) == set(State)


@pytest.mark.parametrize(("old", "new"), list(product(State, State)))
def test_transitions(old: State, new: State) -> None:
    """Open listings close, and that is all that ever happens to them."""
    if (old, new) in ALLOWED:
        ensure_may_become("lst_1", old, new)
        return
    with pytest.raises(ApiError) as refused:
        ensure_may_become("lst_1", old, new)
    assert (refused.value.status, refused.value.code) == (422, f"listing_{old}")
