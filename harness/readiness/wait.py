"""Why this exists: the one loop around every probe, quick to notice and patient to wait."""

import asyncio
from typing import Any

from harness.core.clock import Clock
from harness.core.errors import NotReadyError
from harness.core.tasks import cancel_and_wait
from harness.readiness.base import Answer, Probe

SHORTEST_PAUSE = 0.005  # seconds
LONGEST_PAUSE = 0.25
PATIENCE = 4  # pauses are this many times as long as what a check takes


async def wait_until_ready(
    component: str,
    probe: Probe,
    clock: Clock,
    timeout: float,
    exited: asyncio.Future[Any],
) -> Answer | None:
    """Check until the component is ready.

    A pause is four times as long as the check before it took, between 5 and 250 ms: whatever a check costs, a fifth
    of a core is the most that goes into it, and what is cheap to see is seen at once, however long it took to come.

    Args:
        component: Its name, for the message.
        probe: What to check.
        clock: Where pauses and the deadline come from.
        timeout: Seconds from now until giving up.
        exited: Done when the component has ended. It is neither cancelled nor consumed.

    Returns:
        The answer that showed readiness, or None when the component ended first.

    Raises:
        NotReadyError: the deadline passed; names the component, what is checked and what was seen last.
    """
    start = clock.monotonic()
    polling = _Polling(probe, clock)
    asked = asyncio.create_task(polling.run(), name=f"probe {component}")
    deadline = asyncio.create_task(clock.sleep(timeout), name=f"deadline {component}")
    try:
        await asyncio.wait({asked, deadline, exited}, return_when=asyncio.FIRST_COMPLETED)
        if exited.done():
            return None
        if asked.done():
            return asked.result()
    finally:
        await cancel_and_wait(asked, deadline)
    raise _not_ready(component, probe, polling, clock.monotonic() - start)


class _Polling:
    """The checks of one wait, and what they saw."""

    def __init__(self, probe: Probe, clock: Clock) -> None:
        self._probe = probe
        self._clock = clock
        self.last: Answer | None = None
        self.checks = 0

    async def run(self) -> Answer:
        """Check and pause until an answer says ready."""
        while True:
            asked = self._clock.monotonic()
            self.last = answer = await self._probe.check()
            self.checks += 1
            if answer.is_ready:
                return answer
            taken = self._clock.monotonic() - asked
            await self._clock.sleep(min(max(taken * PATIENCE, SHORTEST_PAUSE), LONGEST_PAUSE))


def _not_ready(component: str, probe: Probe, polling: _Polling, elapsed: float) -> NotReadyError:
    times = "once" if polling.checks == 1 else f"{polling.checks} times"
    last = polling.last.seen if polling.last else "the first check has not answered"
    return NotReadyError(
        f"{component} was not ready after {elapsed:.1f} s: {last}",
        hint=f"Look at the log of {component}; if it only needs longer, raise its x-harness.ready.timeout.",
        evidence=(f"checked {times}: {probe.describe()}", f"last answer: {last}"),
    )
