"""How long a replacement waits."""

from hypothesis import given
from hypothesis import strategies as st

from jonar.backoff import LONGEST_DELAY, Backoff, delay


def test_delays_double_up_to_the_longest() -> None:
    """The first replacement starts at once."""
    assert [delay(n) for n in range(1, 7)] == [0.0, 0.5, 1.0, 2.0, 4.0, 8.0]
    assert delay(500) == LONGEST_DELAY


@given(st.integers(0, 100))
def test_delays_never_shrink(failures: int) -> None:
    """One more failure never means less patience."""
    assert delay(failures) <= delay(failures + 1) <= LONGEST_DELAY


def test_remaining_counts_down_to_zero() -> None:
    """What is left is measured on the caller's clock."""
    backoff = Backoff()
    assert backoff.remaining(5.0) == 0.0
    for _ in range(3):
        backoff.fail(5.0)
    assert backoff.remaining(5.0) == 1.0
    assert backoff.remaining(5.75) == 0.25
    assert backoff.remaining(7.0) == 0.0


def test_a_quiet_stretch_forgives() -> None:
    """A replica that ran well for a minute is replaced at once again."""
    backoff = Backoff()
    for second in range(5):
        backoff.fail(float(second))
    assert backoff.failures == 5
    backoff.fail(4.0 + LONGEST_DELAY + 0.1)
    assert backoff.failures == 1
    assert backoff.remaining(100.0) == 0.0
