"""Why this exists: asking a published port that nobody listens behind costs a forwarder its work, for nothing."""

from dataclasses import dataclass

from harness.readiness.base import Answer, Probe
from harness.readiness.tcp import Listens


@dataclass(frozen=True, slots=True)
class BehindProbe:
    """Asks only once somebody listens.

    Args:
        probe: What decides then, or where nothing can be seen.
        port: The component's own.
        listens: Whether somebody does.
    """

    probe: Probe
    port: int
    listens: Listens

    def describe(self) -> str:
        """What is checked in the end."""
        return self.probe.describe()

    async def check(self) -> Answer:
        """Look behind the port, then ask once."""
        if self.listens(self.port) is False:
            return Answer(is_ready=False, seen="nobody listens behind it")
        return await self.probe.check()
