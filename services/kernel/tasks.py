"""Why this exists: ending background work for certain, although one cancellation can get lost."""

import asyncio
from collections.abc import Collection
from typing import Any

ASK_AGAIN_AFTER = 0.05  # seconds


async def end(tasks: Collection["asyncio.Task[Any]"]) -> None:
    """Cancel `tasks` and return when every one has ended; what they raised stays with them.

    Asked again until then: before Python 3.12 `asyncio.wait_for`, which redis-py sends with, forgets a cancellation
    that comes in the moment its inner task is done (bpo-37658). A consumer would then run on, and the service with it.
    """
    while pending := [task for task in tasks if not task.done()]:
        for task in pending:
            task.cancel()
        await asyncio.wait(pending, timeout=ASK_AGAIN_AFTER)
    await asyncio.gather(*tasks, return_exceptions=True)  # so that no failure counts as unseen
