"""Until when a namespace may be left alone is written and read by the cluster's clock, in RFC 3339."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core.errors import EnvironmentFailedError
from harness.providers.kubernetes.namespaces.marks import EXPIRES, cluster_time, expiry, has_expired

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def test_an_expiry_is_an_instant_that_others_can_read() -> None:
    """In UTC, whatever zone the clock is in."""
    assert expiry(NOON, 3600) == {EXPIRES: "2026-11-22T13:00:00Z"}
    assert expiry(NOON.astimezone(timezone(timedelta(hours=5))), 60) == {EXPIRES: "2026-11-22T12:01:00Z"}


@given(st.floats(min_value=1, max_value=1e7), st.floats(min_value=-1e7, max_value=1e7))
def test_it_expires_when_its_term_is_over(term: float, elapsed: float) -> None:
    """And not a second before."""
    marks = expiry(NOON, term)
    is_over = has_expired(marks, NOON + timedelta(seconds=elapsed))
    if abs(elapsed - term) > 1:
        assert is_over == (elapsed > term)


@pytest.mark.parametrize("told", [{}, {EXPIRES: "tomorrow"}, {EXPIRES: ""}, {EXPIRES: "2020-01-01T00:00:00"}])
def test_what_names_no_instant_does_not_expire(told: dict[str, str]) -> None:
    """Nor what names one that depends on where it is read."""
    assert not has_expired(told, NOON)


def test_the_time_is_the_clusters() -> None:
    """As every answer tells it (RFC 9110)."""
    assert cluster_time({"Date": "Sun, 22 Nov 2026 12:00:00 GMT"}) == NOON


@pytest.mark.parametrize("headers", [{}, {"Date": "noon"}])
def test_a_cluster_that_tells_no_time_is_told(headers: dict[str, str]) -> None:
    """Nothing is judged by another clock then."""
    with pytest.raises(EnvironmentFailedError, match="what time it is"):
        cluster_time(headers)
