"""Why this exists: what services still have in flight would arrive in the next test, so they finish it before a reset.

A service that wants to be asked has one small hook, named by `x-harness: {settle: /path}`. POST there is answered when
nothing is in flight: 204 when nothing was, any other 2xx when something had to be finished. That may have reached
others, so all are asked in rounds until one round has found nothing at all, and nothing was written to a store while
it lasted: an event could have moved from a service that was not asked yet to one that was. Where something writes all
the time (a poller), a few such rounds in a row have to do.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from harness.core.endpoint import Endpoint
from harness.readiness.connection import explain
from harness.readiness.http import ask
from harness.worlds.error import WorldError

TIMEOUT = 30.0  # seconds for all rounds together
_NO_CONTENT = 204
_QUIET_ROUNDS = 3


@dataclass(frozen=True, slots=True)
class Hook:
    """Where a component is asked to settle."""

    component: str
    endpoint: Endpoint
    path: str

    async def settle(self) -> bool:
        """Whether it had anything in flight; by now it has not.

        Raises:
            WorldError: it does not say so.
        """
        try:
            status, line = await ask("POST", self.endpoint, self.path, TIMEOUT)
        except OSError as error:
            raise self._unsettled(explain(error)) from error
        if not 200 <= status < 300:  # noqa: PLR2004 - success, as HTTP has it
            raise self._unsettled(f"HTTP {status}: {line}" if line else f"HTTP {status}")
        return status != _NO_CONTENT

    def _unsettled(self, seen: str) -> WorldError:
        return WorldError(
            f"{self.component} does not settle: POST {self.endpoint.http_url}{self.path}: {seen}",
            hint="what it has in flight would reach the next test; its log may say what that is",
        )


async def settle(hooks: Sequence[Hook], activity: Callable[[], Awaitable[object]]) -> None:
    """Return when no component has anything in flight.

    Args:
        hooks: Whom to ask.
        activity: Something that is another thing when a store was written to meanwhile.

    Raises:
        WorldError: one of them does not settle, or they keep each other busy.
    """
    if not hooks:
        return
    try:
        async with asyncio.timeout(TIMEOUT):
            quiet, after = 0, await activity()
            while quiet < _QUIET_ROUNDS:
                before, found = after, await asyncio.gather(*(hook.settle() for hook in hooks))
                after = await activity()
                if not any(found) and after == before:
                    return
                quiet = 0 if any(found) else quiet + 1
    except TimeoutError:
        names = ", ".join(hook.component for hook in hooks)
        raise WorldError(
            f"after {TIMEOUT:g} s there is still something in flight between {names}",
            hint="whenever they were asked, one of them had finished something; their logs may say what that is",
        ) from None
