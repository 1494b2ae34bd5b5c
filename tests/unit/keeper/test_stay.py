"""How long others leave alone what cannot be looked at follows from how long it can last."""

import pytest

from harness.keeper.stay import Stay

HOUR = 3600.0


@pytest.mark.parametrize(
    ("stay", "hours"),
    [
        (Stay(), 1),
        (Stay(ttl=8 * HOUR), 1),  # only what is kept has that
        (Stay(is_kept=True), 24),
        (Stay(is_kept=True, ttl=8 * HOUR), 8),
        (Stay(is_kept=True, ttl=60.0), 1),
        (Stay(is_kept=True, ttl=100 * HOUR), 24),
    ],
)
def test_a_term(stay: Stay, hours: float) -> None:
    """A run pauses for no hour; a machine with a kept environment may sleep over night."""
    assert stay.term == hours * HOUR
