"""Tasks that are no longer wanted end before their owner goes on."""

import asyncio

import pytest

from harness.core.tasks import cancel_and_wait, run_to_end, within
from tests.doubles.clock import FakeClock, in_virtual_time


@in_virtual_time
async def test_cancelled_tasks_have_ended() -> None:
    """What a task does on its way out is done when `cancel_and_wait` returns."""
    cleaned = []

    async def work() -> None:
        try:
            await asyncio.sleep(10)
        finally:
            await asyncio.sleep(1)
            cleaned.append(True)

    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    await cancel_and_wait(task)
    assert cleaned == [True]


@in_virtual_time
async def test_work_within_its_time_gives_its_result() -> None:
    """The result comes through, and no virtual time is spent on the deadline."""
    clock = FakeClock()
    assert await within(5, clock, asyncio.sleep(1, "done")) == "done"
    assert clock.monotonic() == pytest.approx(1)


@in_virtual_time
async def test_work_beyond_its_time_is_cancelled() -> None:
    """The error comes at the deadline and says how long that was."""
    clock = FakeClock()
    with pytest.raises(TimeoutError, match="not done within 5 s"):
        await within(5, clock, asyncio.sleep(60))
    assert clock.monotonic() == pytest.approx(5)


@in_virtual_time
async def test_work_that_must_end_does_so_under_repeated_cancellation() -> None:
    """Cancelling the caller twice neither stops the work nor is forgotten."""
    ended = []

    async def work() -> None:
        await asyncio.sleep(1)
        ended.append(True)

    caller = asyncio.create_task(run_to_end(work()))
    for _ in range(2):
        await asyncio.sleep(0.1)
        caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    assert ended == [True]


@in_virtual_time
async def test_work_that_must_end_gives_its_result_or_error() -> None:
    """Without a cancellation it is as if the work were awaited."""

    async def fail() -> None:
        raise ValueError("no")

    assert await run_to_end(asyncio.sleep(1, "done")) == "done"
    with pytest.raises(ValueError, match="no"):
        await run_to_end(fail())
