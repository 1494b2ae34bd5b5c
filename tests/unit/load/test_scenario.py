"""Scenarios that make no sense say so."""

import pytest

from harness.core.errors import UsageError
from harness.load.scenario import Scenario


def test_every_senseless_value_is_named_at_once() -> None:
    """A person corrects all of them in one go."""
    with pytest.raises(UsageError) as caught:
        Scenario(concurrent_users=0, requests_per_user=-1, duration_seconds=0, rate=float("nan"), timeout=-2)
    for name in ("concurrent_users", "requests_per_user", "duration_seconds", "rate", "timeout"):
        assert name in caught.value.message


def test_what_is_left_open_is_fine() -> None:
    """None means no limit of that kind."""
    scenario = Scenario(concurrent_users=100, requests_per_user=None, rate=None)
    assert scenario.requests_per_user is None
