"""Background work ends, also where a cancellation got lost."""

import asyncio

from kernel.tasks import end


async def test_every_task_has_ended() -> None:
    """Idle, failed and finished tasks alike."""

    async def fail() -> None:
        raise ValueError

    tasks = [asyncio.create_task(work) for work in (asyncio.Event().wait(), fail(), asyncio.sleep(0))]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    await end(tasks)
    assert all(task.done() for task in tasks)
    assert isinstance(tasks[1].exception(), ValueError)


async def test_a_task_that_forgets_a_cancellation_is_cancelled_again() -> None:
    """As a reader does whose library swallows one."""
    swallowed = 0

    async def forgetful() -> None:
        nonlocal swallowed
        while swallowed < 2:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                swallowed += 1
        await asyncio.Event().wait()

    task = asyncio.create_task(forgetful())
    await asyncio.wait({task}, timeout=0)
    await end([task])
    assert (swallowed, task.cancelled()) == (2, True)


async def test_nothing_to_end() -> None:
    """No tasks are ended already."""
    await end([])
