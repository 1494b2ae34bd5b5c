"""How long an environment stays is what was asked for, and nothing is silently without effect."""

import pytest

from harness.bootstrap.preparation.stay import DEFAULT_TTL, Keep, duration, keep_of, stay_of
from harness.core.errors import ExitCode, UsageError
from harness.keeper.stay import Stay


@pytest.mark.parametrize(
    ("code", "on_failure"),
    [
        (ExitCode.OK, False),
        (ExitCode.SUITE_FAILED, True),
        (ExitCode.ENVIRONMENT, True),
        (ExitCode.INTERRUPTED, False),
        (ExitCode.USAGE, False),
    ],
)
def test_what_is_kept_after_which_end(code: ExitCode, on_failure: bool) -> None:
    """A failure is a failed case or a broken environment; always is always."""
    assert keep_of(always=False, on_failure=False).is_wanted(code) is False
    assert keep_of(always=False, on_failure=True).is_wanted(code) is on_failure
    assert keep_of(always=True, on_failure=True).is_wanted(code) is True


def test_a_kept_one_ends_some_time() -> None:
    """After an hour, or when it was told to."""
    assert stay_of(Keep.ALWAYS, None, 0.0) == Stay(ttl=DEFAULT_TTL)
    assert stay_of(Keep.ON_FAILURE, "1m30s", 2.0) == Stay(ttl=90.0, grace=2.0)
    assert stay_of(Keep.NEVER, None, 0.5) == Stay(ttl=DEFAULT_TTL, grace=0.5)


@pytest.mark.parametrize("text", ["", "soon", "30", "0", "0s", "-5m", "5 m"])
def test_what_is_no_duration_is_told(text: str) -> None:
    """With an example; a time to live of nothing is none."""
    with pytest.raises(UsageError, match="no duration") as caught:
        duration(text)
    assert "30m" in caught.value.hint


@pytest.mark.parametrize(
    ("keep", "ttl", "grace"),
    [(Keep.NEVER, "30m", 0), (Keep.ALWAYS, None, -1), (Keep.NEVER, None, float("nan"))],
)
def test_what_would_have_no_effect_is_told(keep: Keep, ttl: str | None, grace: float) -> None:
    """A time to live for what is not kept, and a grace that cannot be."""
    with pytest.raises(UsageError):
        stay_of(keep, ttl, grace)
