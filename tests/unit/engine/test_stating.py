"""A fact that cannot be kept breaks nothing off by itself; it is told once, and for a person."""

import errno

import pytest

from harness.core.errors import HarnessError
from harness.engine.stating import Stating
from harness.events.facts import EnvironmentFailed, Event

FACT = EnvironmentFailed(at=1.0, message="x", hint="", evidence=())


@pytest.mark.parametrize(
    ("reason", "message", "hint"),
    [
        (
            OSError(errno.ENOSPC, "No space left on device", "/r/events.ndjson"),
            "facts cannot be written",
            "room",
        ),
        (ValueError("a mistake of ours"), "unexpected ValueError: a mistake of ours", ""),
    ],
)
def test_the_first_failure_is_handed_on(reason: Exception, message: str, hint: str) -> None:
    """Also when handing it on states a fact itself; later ones are the same failure."""
    failures: list[HarnessError] = []

    def fail(_event: Event) -> None:
        raise reason

    def hear(failure: HarnessError) -> None:
        failures.append(failure)
        state(FACT)

    state = Stating(fail)
    state.on_failure = hear
    state(FACT)
    state(FACT)
    (failure,) = failures
    assert failure.message.startswith(message)
    assert hint in failure.hint
