"""Why this exists: a replica that keeps dying must not be restarted in a busy loop."""

from dataclasses import dataclass

FIRST_DELAY = 0.5
LONGEST_DELAY = 60.0


@dataclass(slots=True)
class Backoff:
    """When the next replacement may start: at once after the first failure, then 0.5 s, 1 s, 2 s … 60 s.

    Instants are seconds on one monotonic clock, given by the caller.
    """

    failures: int = 0
    not_before: float = 0.0
    _failed_at: float = 0.0

    def fail(self, now: float) -> None:
        """A replica exited unexpectedly. A quiet stretch of the longest delay forgives what came before."""
        if now - self._failed_at > LONGEST_DELAY:
            self.failures = 0
        self.failures += 1
        self._failed_at = now
        self.not_before = now + delay(self.failures)

    def remaining(self, now: float) -> float:
        """Seconds until a replacement may start; zero when it may start now."""
        return max(0.0, self.not_before - now)


def delay(failures: int) -> float:
    """Seconds to wait after that many failures in a row."""
    if failures <= 1:
        return 0.0
    return min(LONGEST_DELAY, FIRST_DELAY * 2.0 ** min(failures - 2, 32))
