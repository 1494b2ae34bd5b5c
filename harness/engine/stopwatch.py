"""Why this exists: every stretch of the start-up is timed in one way and stated as a fact."""

from collections.abc import Iterator
from contextlib import contextmanager

from harness.core.clock import Clock
from harness.engine.critical_path import Stretch
from harness.events.facts import TimeSpent
from harness.events.log import Emit


class Stopwatch:
    """Times what components do, side by side."""

    def __init__(self, clock: Clock, emit: Emit) -> None:
        self._clock = clock
        self._emit = emit
        self.start = clock.monotonic()
        self.stretches: list[Stretch] = []

    @property
    def elapsed(self) -> float:
        """Seconds since this stopwatch was made."""
        return self._clock.monotonic() - self.start

    @contextmanager
    def stretch(self, component: str, what: str) -> Iterator[None]:
        """Time the body, also when it fails: how long something failed for is worth knowing."""
        start = self._clock.monotonic()
        try:
            yield
        finally:
            done = Stretch(component, what, start, self._clock.monotonic())
            self.stretches.append(done)
            at = self._clock.now()
            self._emit(TimeSpent(at=at, component=component, what=what, duration=done.duration))
