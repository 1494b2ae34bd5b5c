"""Why this exists: who looks into components is served beside all else, and no longer than anybody waits for it."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from harness.core.errors import EnvironmentFailedError
from harness.core.tasks import cancel_and_wait
from harness.keeper.faults import Owner

T = TypeVar("T")


class Looks:
    """Commands that run in components, and copies out of them and in: the environment stays what it is."""

    def __init__(self) -> None:
        self._going_on: dict[asyncio.Task[Any], Owner] = {}

    async def take(self, client: Owner, work: Coroutine[Any, Any, T]) -> T:
        """The result of `work`, which is broken off when its client leaves, and by the end.

        Raises:
            EnvironmentFailedError: the client has left already.
        """
        if client.is_closing():  # before the one that ends its looks could know of this one
            work.close()
            raise EnvironmentFailedError("nobody waits for it any more")
        look = asyncio.ensure_future(work)
        self._going_on[look] = client
        look.add_done_callback(self._going_on.pop)
        return await look

    def end_those_of(self, client: Owner) -> None:
        """Nobody waits for them any more."""
        for look in [look for look, its in self._going_on.items() if its is client]:
            look.cancel()

    async def end(self) -> None:
        """All of them; who asked for them is answered."""
        await cancel_and_wait(*self._going_on)
