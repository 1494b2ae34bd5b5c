"""Why this exists: a cluster tells that it has scaled, and why, on two ways; either may come first, one not at all."""

import asyncio
from typing import Any

from jonar.clock import Clock

PATIENCE = 2.0  # seconds within which a HorizontalPodAutoscaler tells why it has scaled
UNKNOWN = "changed in the cluster, by nobody who has told why"


class Reasons:
    """Why one deployment was scaled, by the number of replicas that it was scaled to."""

    def __init__(self) -> None:
        self._told: dict[int, asyncio.Future[str]] = {}

    def tell(self, replicas: int, reason: str) -> None:
        """Somebody says why there are to be so many."""
        told = self._of(replicas)
        if not told.done():
            told.set_result(reason)

    async def find(self, replicas: int, clock: Clock) -> str:
        """Why there are to be so many, as soon as that is told, if it is within a moment."""
        told, waiting = self._of(replicas), asyncio.ensure_future(clock.sleep(PATIENCE))
        either: set[asyncio.Future[Any]] = {told, waiting}
        try:
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()
            self._told.pop(replicas, None)
        return told.result() if told.done() else UNKNOWN

    def _of(self, replicas: int) -> "asyncio.Future[str]":
        return self._told.setdefault(replicas, asyncio.get_running_loop().create_future())
