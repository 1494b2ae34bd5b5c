"""Why this exists: runs a scenario in its own thread and event loop, so that nothing else slows it down."""

import asyncio
import threading
from collections.abc import Callable, Iterator, Sequence
from itertools import cycle
from time import perf_counter, thread_time
from typing import Any

import uvloop

from harness.load.certificate import certify
from harness.load.histogram import LatencyHistogram
from harness.load.pacing import ClosedModel, OpenModel, Pacing, Time
from harness.load.recorder import Recorder
from harness.load.result import LoadResult
from harness.load.scenario import Request, Requests, Scenario
from harness.load.user import User

_PULSE = 0.01  # seconds between two looks at how late timers are
_SWEEPS_PER_TIMEOUT = 20
_LONGEST_SWEEP = 0.1  # seconds; also how long a cancellation goes unnoticed
_LAST_CALL = 1.0  # seconds after the last timeout at which a run ends whatever its users do
_MILLISECONDS = 1000.0


async def run(scenario: Scenario, requests: Requests, *, allow_remote: bool = False) -> LoadResult:
    """Make load and return what it found, within about `duration_seconds + timeout + 1` seconds.

    Works from any event loop, which stays free meanwhile. Cancelling ends the load first.

    Args:
        scenario: How much, for how long.
        requests: What each user asks for.
        allow_remote: Whether hosts that are not this machine may be loaded.

    Raises:
        UsageError: a request cannot be sent, or leads to another machine without leave.
        EnvironmentFailedError: this machine has no file descriptors left.
        Exception: whatever `requests` raised.
    """
    cancelled = threading.Event()

    def generate() -> LoadResult:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(_execute(scenario, requests, cancelled, allow_remote=allow_remote))

    work = asyncio.ensure_future(asyncio.to_thread(generate))
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        cancelled.set()
        await asyncio.wait([work])
        raise


async def _execute(
    scenario: Scenario, requests: Requests, cancelled: threading.Event, *, allow_remote: bool
) -> LoadResult:
    load = _Run(scenario, requests, cancelled, allow_remote=allow_remote)
    try:
        return await load.result()
    finally:
        await load.aclose()


class _Run:
    """One run, inside the loop it is made in."""

    def __init__(
        self, scenario: Scenario, requests: Requests, cancelled: threading.Event, *, allow_remote: bool
    ) -> None:
        self._scenario = scenario
        self._cancelled = cancelled
        self._loop = asyncio.get_running_loop()
        self._done: asyncio.Future[None] = self._loop.create_future()
        self._recorder = Recorder()
        self._lag = LatencyHistogram()
        self._users = [
            User(_endless(requests(index)), self._recorder, self._ended, allow_remote=allow_remote)
            for index in range(scenario.concurrent_users)
        ]
        self._pacing = self._new_pacing()

    async def result(self) -> LoadResult:
        """Run the scenario."""
        self._loop.set_exception_handler(self._abort)
        began, cpu_began = perf_counter(), thread_time()
        self._start_timers()
        self._pacing.start()
        await self._done
        cpu_share = (thread_time() - cpu_began) / (perf_counter() - began)
        return self._frozen(self._recorder.last_end - began, cpu_share)

    async def aclose(self) -> None:
        """Return when every connection is gone."""
        await asyncio.gather(*(user.aclose() for user in self._users))

    def _new_pacing(self) -> Pacing:
        scenario = self._scenario
        time = Time(perf_counter, self._loop.call_later)
        if scenario.rate is None:
            return ClosedModel(self._users, scenario.requests_per_user, self._finish, time)
        total = max(1, round(scenario.rate * scenario.duration_seconds))
        if scenario.requests_per_user is not None:
            total = min(total, scenario.requests_per_user * scenario.concurrent_users)
        return OpenModel(self._users, scenario.rate, total, self._finish, self._lag, time)

    def _start_timers(self) -> None:
        duration, timeout = self._scenario.duration_seconds, self._scenario.timeout
        self._loop.call_later(duration, self._pacing.stop)
        self._loop.call_later(duration + timeout + _LAST_CALL, self._finish)
        self._every(min(timeout / _SWEEPS_PER_TIMEOUT, _LONGEST_SWEEP), self._sweep)
        self._every(_PULSE, lambda: None)

    def _every(self, seconds: float, act: Callable[[], None]) -> None:
        due = perf_counter() + seconds

        def tick() -> None:
            self._lag.record(perf_counter() - due)
            act()
            self._every(seconds, act)

        self._loop.call_later(seconds, tick)

    def _sweep(self) -> None:
        if self._cancelled.is_set():
            self._finish()
            return
        limit = perf_counter() - self._scenario.timeout
        for user in self._users:
            user.expire(limit)

    def _ended(self, user: User) -> None:
        self._pacing.ended(user)

    def _finish(self) -> None:
        if not self._done.done():
            self._done.set_result(None)

    def _abort(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        # Nothing else lives in this loop: an error in any of its callbacks is an error of the run.
        if not self._done.done():
            self._done.set_exception(context.get("exception") or RuntimeError(context["message"]))

    def _frozen(self, elapsed: float, cpu_share: float) -> LoadResult:
        total = self._recorder.total()
        certificate = certify(
            cpu_share=cpu_share,
            lag_p99=self._lag.percentile(99) * _MILLISECONDS,
            lag_max=self._lag.longest * _MILLISECONDS,
            latency_p99=total.latency.p99,
        )
        return LoadResult(
            total=total,
            by_name=self._recorder.by_name(),
            elapsed=elapsed,
            unsent=self._pacing.unsent(),
            examples=dict(self._recorder.examples),
            certificate=certificate,
        )


def _endless(requests: Sequence[Request] | Iterator[Request]) -> Iterator[Request]:
    return cycle(requests) if isinstance(requests, Sequence) else requests
