"""The rule on throughput fails where it should, passes where it should, and knows when it can say neither."""

from collections.abc import Awaitable, Callable, Sequence

import pytest

from tests.performance.levels import Level, climb


def _level(throughput: float, error_rate: float = 0.0) -> Level:
    return Level(throughput, 1.0, 2.0, error_rate)


def _machine(*given: tuple[int, Level]) -> Callable[[int], Awaitable[Level]]:
    """Measurements in the order in which they must be asked for."""
    rest = list(given)

    async def measure(users: int) -> Level:
        asked, level = rest.pop(0)
        assert asked == users
        return level

    return measure


LOWER = {10: _level(500.0), 50: _level(1000.0), 100: _level(900.0)}


async def test_the_first_level_has_no_limit() -> None:
    """There is nothing to compare it with."""
    step = await climb(_machine((10, _level(1.0))), 10, {})
    assert (step.least, step.is_kept, step.is_measured) == (0.0, True, True)


async def test_a_level_that_keeps_up_is_measured_once() -> None:
    """Compared with the best of the lower levels, not with the last."""
    step = await climb(_machine((200, _level(800.0))), 200, LOWER)
    assert (step.least, step.is_kept, step.is_measured) == (800.0, True, True)


async def test_a_dent_is_measured_again() -> None:
    """Both levels, one right after the other; an error of the first time is not forgotten."""
    machine = _machine((200, _level(400.0, 0.5)), (50, _level(600.0)), (200, _level(500.0)))
    step = await climb(machine, 200, LOWER)
    assert (step.is_kept, step.is_measured, step.level.error_rate) == (True, True, 0.5)


@pytest.mark.parametrize(
    ("compared", "is_measured"), [((1000.0, 1100.0), True), ((990.0, 850.0), True), ((600.0, 900.0), False)]
)
async def test_a_collapse_is_one_on_a_steady_machine(compared: Sequence[float], is_measured: bool) -> None:
    """On one where the lower level itself comes and goes by more than the rule allows, nobody knows."""
    first, second = compared
    machine = _machine(
        (200, _level(400.0)),
        *((50, _level(first)), (200, _level(400.0))),
        *((50, _level(second)), (200, _level(400.0))),
    )
    step = await climb(machine, 200, LOWER)
    assert (step.is_kept, step.is_measured) == (False, is_measured)
    assert "200 users seem to collapse, but 50 users alone" in step.reason
