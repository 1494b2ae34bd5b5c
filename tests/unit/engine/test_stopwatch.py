"""Every stretch is recorded and stated, also one that fails."""

import pytest

from harness.core.tasks import within
from harness.engine.critical_path import PROBING, STARTING, Stretch
from harness.engine.stopwatch import Stopwatch
from harness.events.facts import TimeSpent
from tests.doubles.clock import FakeClock, in_virtual_time
from tests.doubles.events import FakeEmit


@in_virtual_time
async def test_stretches_are_recorded_and_stated() -> None:
    """With instants for the critical path, and as facts with durations."""
    clock, emit = FakeClock(), FakeEmit()
    stopwatch = Stopwatch(clock, emit)
    with stopwatch.stretch("db", STARTING):
        await clock.sleep(2)
    with pytest.raises(TimeoutError), stopwatch.stretch("db", PROBING):
        await within(1, clock, clock.sleep(9))
    assert stopwatch.stretches == [Stretch("db", STARTING, 0, 2), Stretch("db", PROBING, 2, 3)]
    assert stopwatch.elapsed == 3
    assert emit == [
        TimeSpent(at=clock.EPOCH + 2, component="db", what=STARTING, duration=2),
        TimeSpent(at=clock.EPOCH + 3, component="db", what=PROBING, duration=1),
    ]
