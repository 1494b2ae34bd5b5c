"""Both models of load against users and a clock that only move when told."""

import heapq
from collections.abc import Callable
from itertools import count

from hypothesis import given
from hypothesis import strategies as st

from harness.load.histogram import LatencyHistogram
from harness.load.pacing import ClosedModel, OpenModel, Pacing, Time

counts = st.integers(min_value=1, max_value=20)


class FakeTime:
    """A clock that jumps to the next call that is due."""

    def __init__(self) -> None:
        self.instant = 0.0
        self._calls: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = count()

    def now(self) -> float:
        return self.instant

    def call_later(self, delay: float, call: Callable[[], None]) -> None:
        heapq.heappush(self._calls, (self.instant + delay, next(self._numbers), call))

    def run(self) -> None:
        """Make every call, in order, until none is left."""
        while self._calls:
            self.instant, _, call = heapq.heappop(self._calls)
            call()

    @property
    def time(self) -> Time:
        return Time(self.now, self.call_later)


class FakeUser:
    """Takes `duration` for each of its `stock` requests, and notes when each was due and begun."""

    def __init__(self, time: FakeTime, stock: int, duration: float) -> None:
        self.sent = 0
        self.is_exhausted = False
        self.dues: list[tuple[float, float]] = []
        self.pacing: Pacing | None = None
        self._time = time
        self._stock = stock
        self._duration = duration

    def begin(self, due: float) -> bool:
        if self.sent == self._stock:
            self.is_exhausted = True
            return False
        self.sent += 1
        self.dues.append((due, self._time.now()))
        self._time.call_later(self._duration, self._end)
        return True

    def _end(self) -> None:
        assert self.pacing is not None
        self.pacing.ended(self)


class Finish:
    """Counts how often a run was said to be over."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> None:
        self.times += 1


def users_of(time: FakeTime, number: int, stock: int, duration: float) -> list[FakeUser]:
    """That many users who are all alike."""
    return [FakeUser(time, stock, duration) for _ in range(number)]


def drive(time: FakeTime, users: list[FakeUser], pacing: Pacing) -> None:
    """Run a model to its end."""
    for user in users:
        user.pacing = pacing
    pacing.start()
    time.run()


def closed(users: list[FakeUser], each: int | None, finish: Finish, time: FakeTime) -> ClosedModel:
    """The closed model over those users."""
    return ClosedModel(users, each, finish, time.time)


@given(counts, counts, counts, st.floats(min_value=0, max_value=5))
def test_closed_users_send_all_they_may(number: int, each: int, stock: int, duration: float) -> None:
    """Every user sends as many requests as it may and has, one after the other, and the end is told once."""
    time, finish = FakeTime(), Finish()
    users = users_of(time, number, stock, duration)
    pacing = closed(users, each, finish, time)
    drive(time, users, pacing)
    assert [user.sent for user in users] == [min(each, stock)] * number
    assert all(due == begun for user in users for due, begun in user.dues)
    assert (finish.times, pacing.unsent()) == (1, 0)


@given(counts, counts, st.floats(min_value=0.01, max_value=10))
def test_closed_stop_leaves_the_rest_unsent(number: int, each: int, at: float) -> None:
    """After the stop nothing more begins, what is under way ends, and the rest is counted."""
    time, finish = FakeTime(), Finish()
    users = users_of(time, number, each, 1.0)
    pacing = closed(users, each, finish, time)
    time.call_later(at, pacing.stop)
    drive(time, users, pacing)
    assert all(begun <= at for user in users for _, begun in user.dues)
    assert pacing.unsent() == number * each - sum(user.sent for user in users)
    assert finish.times == 1


@given(
    counts, st.integers(1, 60), st.floats(min_value=0.5, max_value=500), st.floats(min_value=0, max_value=2)
)
def test_open_schedule_is_kept_whatever_the_answers_take(
    number: int, total: int, rate: float, duration: float
) -> None:
    """Each request is due at its place in the schedule, is sent once, and never before it is due."""
    time, finish, lag = FakeTime(), Finish(), LatencyHistogram()
    users = users_of(time, number, total, duration)
    pacing = OpenModel(users, rate, total, finish, lag, time.time)
    drive(time, users, pacing)
    noted = sorted(note for user in users for note in user.dues)
    assert [due for due, _ in noted] == [index / rate for index in range(total)]
    assert all(begun >= due for due, begun in noted)
    assert (finish.times, pacing.unsent(), lag.count) == (1, 0, total)


def test_open_with_free_users_sends_within_a_tick() -> None:
    """While users are free, a request is sent at most one timer tick after it was due."""
    time, finish, lag = FakeTime(), Finish(), LatencyHistogram()
    users = users_of(time, 50, 1000, 0.01)
    drive(time, users, OpenModel(users, 3000, 600, finish, lag, time.time))
    assert max(begun - due for user in users for due, begun in user.dues) <= 0.001
    assert lag.longest <= 0.001


def test_open_with_one_slow_user_keeps_the_due_times() -> None:
    """One user of 1 s each at 10 requests a second falls behind by the schedule, not by its own pace."""
    time, finish, lag = FakeTime(), Finish(), LatencyHistogram()
    users = users_of(time, 1, 100, 1.0)
    drive(time, users, OpenModel(users, 10, 5, finish, lag, time.time))
    assert [round(begun - due, 6) for due, begun in users[0].dues] == [0.0, 0.9, 1.8, 2.7, 3.6]
    assert lag.longest <= 0.001


@given(counts, st.integers(1, 60), st.floats(min_value=0.01, max_value=3))
def test_open_stop_leaves_the_rest_unsent(number: int, total: int, at: float) -> None:
    """The stop cuts the schedule and its queue; what was sent and what was not add up."""
    time, finish = FakeTime(), Finish()
    users = users_of(time, number, total, 0.5)
    pacing = OpenModel(users, 20, total, finish, LatencyHistogram(), time.time)
    time.call_later(at, pacing.stop)
    drive(time, users, pacing)
    assert sum(user.sent for user in users) + pacing.unsent() == total
    assert all(begun <= at for user in users for _, begun in user.dues)
    assert finish.times == 1


def test_open_ends_when_the_users_have_nothing_left() -> None:
    """Users that run dry end the run; the rest of the schedule counts as unsent."""
    time, finish = FakeTime(), Finish()
    users = users_of(time, 3, 2, 0.1)
    pacing = OpenModel(users, 10, 100, finish, LatencyHistogram(), time.time)
    drive(time, users, pacing)
    assert (sum(user.sent for user in users), pacing.unsent(), finish.times) == (6, 94, 1)
