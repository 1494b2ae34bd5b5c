"""Why this exists: time as a parameter, so that tests decide what time it is and never sleep."""

import time
from typing import Protocol


class Clock(Protocol):
    """Where the harness takes time from."""

    def now(self) -> float:
        """Seconds since the Unix epoch, for stamps that people and other processes read."""
        ...

    def monotonic(self) -> float:
        """Seconds on a clock that never goes back, for durations and deadlines."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return after `seconds` of this clock have passed."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> float:
        """Seconds since the Unix epoch."""
        return time.time()

    def monotonic(self) -> float:
        """Seconds on CLOCK_MONOTONIC, the same for every process of the machine."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Suspend the current task."""
        import asyncio  # noqa: PLC0415 - who only asks for the time, as commands do, needs no event loop

        await asyncio.sleep(seconds)
