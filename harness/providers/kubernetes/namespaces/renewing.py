"""Why this exists: as long as an environment is kept, its namespace says so, to who cannot look at its keeper."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

from harness.core.errors import HarnessError

_TIMES = 4  # in each term, so that three may fail


async def renew_for_ever(renew: Callable[[], Awaitable[None]], term: float) -> None:
    """Renew it well before its term is over, again and again; a failure is for the next time to make good.

    Args:
        renew: Says that it is still needed. Raises HarnessError: that could not be said.
        term: Seconds that one renewal lasts.
    """
    while True:
        await asyncio.sleep(term / _TIMES)
        with contextlib.suppress(HarnessError):
            await renew()
