"""Why this exists: when each user sends its next request; the closed and the open model of load."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from harness.load.histogram import LatencyHistogram

_SHORTEST_TICK = 0.001  # the resolution of the loop's timers


class Sender(Protocol):
    """What pacing knows of a user. It is an object that can be told apart from others."""

    @property
    def sent(self) -> int:
        """Requests begun so far."""
        ...

    @property
    def is_exhausted(self) -> bool:
        """Whether it has nothing more to send."""
        ...

    def begin(self, due: float) -> bool:
        """Send the next request, due at that instant; False when there is none left."""
        ...


@dataclass(frozen=True, slots=True)
class Time:
    """Where pacing takes time from: `now` in seconds, and a call after some seconds."""

    now: Callable[[], float]
    call_later: Callable[[float, Callable[[], None]], Any]


class Pacing(Protocol):
    """Decides who sends when. It calls `finished` once, when no request is under way or to come."""

    def start(self) -> None:
        """Begin to send."""
        ...

    def ended(self, user: Sender) -> None:
        """A user's request ended; the user is free."""
        ...

    def stop(self) -> None:
        """Send nothing more; what is under way may end."""
        ...

    def unsent(self) -> int:
        """How many of the planned requests were not sent."""
        ...


class ClosedModel:
    """Every user sends its next request as soon as the last one has ended.

    Args:
        users: All users.
        requests_per_user: The most that each sends; None for no limit.
        finished: Called once, when all is done.
        time: What time it is.
    """

    def __init__(
        self,
        users: Sequence[Sender],
        requests_per_user: int | None,
        finished: Callable[[], None],
        time: Time,
    ) -> None:
        self._users = users
        self._now = time.now
        self._requests_per_user = requests_per_user
        self._finished = finished
        self._active = len(users)
        self._is_stopping = False

    def start(self) -> None:
        """Let every user send its first request."""
        for user in self._users:
            self.ended(user)

    def ended(self, user: Sender) -> None:
        """Let the user go on, or count it out."""
        if self._is_stopping or user.sent == self._requests_per_user or not user.begin(self._now()):
            self._active -= 1
            if not self._active:
                self._finished()

    def stop(self) -> None:
        """Let no user send again."""
        self._is_stopping = True

    def unsent(self) -> int:
        """What the users had left; a user whose iterator ended had nothing left."""
        if self._requests_per_user is None:
            return 0
        return sum(self._requests_per_user - user.sent for user in self._users if not user.is_exhausted)


class OpenModel:
    """Requests fall due at a constant rate; each is sent by the user that has been free longest.

    When no user is free, requests queue, and their latency counts from when they were due all the same.

    Args:
        users: All users; the most requests under way at once.
        rate: Requests per second.
        total: How many fall due altogether; the first at the start.
        finished: Called once, when all is done.
        lag: Takes how late each request was noticed to be due: the generator's own lateness.
        time: What time it is.
    """

    def __init__(
        self,
        users: Sequence[Sender],
        rate: float,
        total: int,
        finished: Callable[[], None],
        lag: LatencyHistogram,
        time: Time,
    ) -> None:
        self._time = time
        self._free = deque(users)
        self._rate = rate
        self._total = total
        self._finished = finished
        self._lag = lag
        self._busy = 0
        self._due_count = 0
        self._sent = 0
        self._left_out = 0
        self._start = 0.0
        self._is_finished = False

    def start(self) -> None:
        """Begin the schedule."""
        self._start = self._time.now()
        self._tick()

    def ended(self, user: Sender) -> None:
        """Give the user the longest waiting request."""
        self._busy -= 1
        self._free.append(user)
        self._dispatch()

    def stop(self) -> None:
        """Send what is due and has a free user; the rest of the schedule is left out."""
        self._notice_due()
        self._dispatch()
        self._leave_out_rest()

    def unsent(self) -> int:
        """What was left out."""
        return self._left_out

    def _due(self, number: int) -> float:
        return self._start + number / self._rate

    def _tick(self) -> None:
        self._notice_due()
        self._dispatch()
        if self._due_count < self._total:
            delay = max(self._due(self._due_count) - self._time.now(), _SHORTEST_TICK)
            self._time.call_later(delay, self._tick)

    def _notice_due(self) -> None:
        now = self._time.now()
        while self._due_count < self._total and (due := self._due(self._due_count)) <= now:
            self._lag.record(now - due)
            self._due_count += 1

    def _dispatch(self) -> None:
        while self._free and self._sent < self._due_count:
            user = self._free.popleft()
            if user.begin(self._due(self._sent)):
                self._sent += 1
                self._busy += 1
        if not self._free and not self._busy:  # every user's iterator has ended
            self._leave_out_rest()
        if not self._busy and self._sent == self._total:
            self._finish()

    def _leave_out_rest(self) -> None:
        self._left_out += self._total - self._sent
        self._total = self._due_count = self._sent
        if not self._busy:
            self._finish()

    def _finish(self) -> None:
        if not self._is_finished:
            self._is_finished = True
            self._finished()
