"""Why this exists: a task that is no longer wanted is always waited for, so that none outlives its owner."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from harness.core.clock import Clock

T = TypeVar("T")


async def cancel_and_wait(*tasks: asyncio.Future[Any]) -> None:
    """Cancel what has not ended and return when all have; how they ended is not looked at."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def within(seconds: float, clock: Clock, work: Coroutine[Any, Any, T]) -> T:
    """The result of `work`, which is cancelled when `seconds` of `clock` have passed.

    Raises:
        TimeoutError: it did not end in time.
    """
    working = asyncio.create_task(work)
    deadline = asyncio.create_task(clock.sleep(seconds))
    try:
        await asyncio.wait({working, deadline}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise TimeoutError(f"not done within {seconds:g} s")
        return working.result()
    finally:
        await cancel_and_wait(working, deadline)


async def run_to_end(work: Coroutine[Any, Any, T]) -> T:
    """The result of `work`, which is finished even when the caller is cancelled meanwhile.

    Raises:
        asyncio.CancelledError: the caller was cancelled; raised after `work` has ended.
    """
    working = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    while not working.done():
        try:
            await asyncio.wait({working})
        except asyncio.CancelledError as request:
            cancelled = request
    if cancelled is not None:
        working.exception()  # looked at, so that it is not reported as lost: being cancelled comes first
        raise cancelled
    return working.result()
