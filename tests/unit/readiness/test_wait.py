"""The wait notices readiness quickly, an exit at once, and gives up in time."""

import asyncio
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core.errors import NotReadyError
from harness.readiness.base import Answer
from harness.readiness.wait import LONGEST_PAUSE, SHORTEST_PAUSE, wait_until_ready
from tests.doubles.clock import FakeClock, in_virtual_time


class Seen:
    """A probe that sees one thing after another, and then the last one for ever. "ready" is ready."""

    def __init__(self, clock: FakeClock, seen: Sequence[str], takes: float = 0.0) -> None:
        self._clock = clock
        self._seen = list(seen)
        self._takes = takes
        self.instants: list[float] = []

    def describe(self) -> str:
        return "it says ready"

    async def check(self) -> Answer:
        self.instants.append(self._clock.monotonic())
        await self._clock.sleep(self._takes)
        seen = self._seen.pop(0) if len(self._seen) > 1 else self._seen[0]
        return Answer(is_ready=seen == "ready", seen=seen)

    @property
    def pauses(self) -> list[float]:
        return [later - earlier for earlier, later in pairwise(self.instants)]


def running() -> asyncio.Future[int]:
    """A component that does not end."""
    return asyncio.get_running_loop().create_future()


@in_virtual_time
async def test_what_is_ready_is_noticed_at_the_first_look() -> None:
    """No time passes."""
    clock = FakeClock()
    answer = await wait_until_ready("api", Seen(clock, ["ready"]), clock, 60, running())
    assert answer == Answer(is_ready=True, seen="ready")
    assert clock.monotonic() == 0


@in_virtual_time
@pytest.mark.parametrize(("takes", "pause"), [(0.0, 0.005), (0.002, 0.008), (0.03, 0.12), (0.5, 0.25)])
async def test_a_pause_is_as_long_as_a_check_is_dear(takes: float, pause: float) -> None:
    """Four times as long, between 5 ms and a quarter of a second, from the first to the last."""
    clock = FakeClock()
    probe = Seen(clock, ["no"] * 20 + ["ready"], takes=takes)
    await wait_until_ready("api", probe, clock, 60, running())
    assert probe.pauses == pytest.approx([takes + pause] * 20)


@in_virtual_time
async def test_an_exit_ends_the_wait_at_once() -> None:
    """Also in the middle of a pause or of a check that hangs, and even if an answer came with it."""
    clock = FakeClock()
    exited = running()
    asyncio.get_running_loop().call_later(0.2, exited.set_result, 3)
    assert await wait_until_ready("api", Seen(clock, ["ready"], takes=9), clock, 60, exited) is None
    assert clock.monotonic() == pytest.approx(0.2)
    assert await wait_until_ready("api", Seen(clock, ["ready"]), clock, 60, exited) is None
    assert len(asyncio.all_tasks()) == 1


@in_virtual_time
async def test_the_deadline_tells_what_was_seen() -> None:
    """Component, time, check, last answer and what to do."""
    clock = FakeClock()
    with pytest.raises(NotReadyError) as caught:
        await wait_until_ready("api", Seen(clock, ["refused", "HTTP 503: no db"]), clock, 2, running())
    assert clock.monotonic() == pytest.approx(2)
    assert caught.value.message == "api was not ready after 2.0 s: HTTP 503: no db"
    assert caught.value.evidence == ("checked 401 times: it says ready", "last answer: HTTP 503: no db")
    assert "x-harness.ready.timeout" in caught.value.hint
    assert len(asyncio.all_tasks()) == 1


@in_virtual_time
async def test_a_first_check_that_hangs_does_not_outlast_the_deadline() -> None:
    """A probe that breaks its promise to be quick is said to have said nothing."""
    clock = FakeClock()
    with pytest.raises(NotReadyError, match="the first check has not answered"):
        await wait_until_ready("api", Seen(clock, ["ready"], takes=99), clock, 2, running())
    assert clock.monotonic() == pytest.approx(2)


@in_virtual_time
async def test_a_mistake_in_a_probe_comes_out() -> None:
    """An exception of a check is not taken for "not yet"."""

    class Mistaken(Seen):
        async def check(self) -> Answer:
            raise ZeroDivisionError

    clock = FakeClock()
    with pytest.raises(ZeroDivisionError):
        await wait_until_ready("api", Mistaken(clock, []), clock, 2, running())


@given(st.lists(st.sampled_from(["refused", "503", "loading"]), max_size=30))
@in_virtual_time
async def test_readiness_is_noticed_within_the_longest_pause(seen: list[str]) -> None:
    """Whatever was seen before, no pause is longer than the limit or shorter than the first."""
    clock = FakeClock()
    probe = Seen(clock, [*seen, "ready"])
    await wait_until_ready("api", probe, clock, 60, running())
    assert len(probe.instants) == len(seen) + 1
    assert all(SHORTEST_PAUSE - 1e-9 <= pause <= LONGEST_PAUSE + 1e-9 for pause in probe.pauses)
