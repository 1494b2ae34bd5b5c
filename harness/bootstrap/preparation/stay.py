"""Why this exists: how long an environment stays after its tests, as a person says it at either front end."""

from enum import StrEnum

from harness.core.errors import ExitCode, UsageError
from harness.keeper.stay import Stay
from harness.spec.units import seconds

DEFAULT_TTL = 3600.0
"""Seconds that an environment stays which its tests left behind, unless told otherwise."""


class Keep(StrEnum):
    """Whether an environment outlives its tests."""

    NEVER = "never"
    ON_FAILURE = "on failure"
    ALWAYS = "always"

    def is_wanted(self, code: ExitCode) -> bool:
        """Whether it does after a run that ends with `code`: a failed case or a broken environment is a failure."""
        has_failed = code in {ExitCode.SUITE_FAILED, ExitCode.ENVIRONMENT}
        return self is Keep.ALWAYS or (self is Keep.ON_FAILURE and has_failed)


def keep_of(*, always: bool, on_failure: bool) -> Keep:
    """What two switches amount to."""
    if always:
        return Keep.ALWAYS
    return Keep.ON_FAILURE if on_failure else Keep.NEVER


def stay_of(keep: Keep, ttl: str | None, grace: float) -> Stay:
    """How long an environment stays that tests run against.

    Args:
        keep: Whether it may outlive them.
        ttl: For how long then, as `30m`; None for the usual time.
        grace: Seconds that it waits for another holder when it is not kept.

    Raises:
        UsageError: a time is none, or would have no effect.
    """
    if ttl is not None and keep is Keep.NEVER:
        raise UsageError(
            f"--ttl {ttl} says how long a kept environment stays, and none is kept", hint="add --keep"
        )
    if not 0 <= grace < float("inf"):
        raise UsageError(
            f"a grace of {grace:g} s cannot be waited for", hint="0 or more seconds, such as 2.5"
        )
    return Stay(ttl=DEFAULT_TTL if ttl is None else duration(ttl), grace=grace)


def duration(text: str) -> float:
    """`30m`, `1h30m`, `90s` as seconds.

    Raises:
        UsageError: it is none, or nothing would be left of it.
    """
    try:
        found = seconds(text)
    except ValueError:
        found = 0.0
    if found <= 0:
        raise UsageError(
            f"{text!r} is no duration", hint="write a number with a unit, such as 90s, 30m or 1h30m"
        )
    return found
