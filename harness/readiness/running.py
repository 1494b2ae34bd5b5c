"""Why this exists: a component without a port, healthcheck or setting can only be asked to keep running."""

from dataclasses import dataclass

from harness.readiness.base import Answer


@dataclass(frozen=True, slots=True)
class RunningProbe:
    """Ready as soon as it runs: whoever waits sees by itself when the component ends."""

    def describe(self) -> str:
        """What is checked."""
        return "it is running"

    async def check(self) -> Answer:
        """Nothing more to look at."""
        return Answer(is_ready=True, seen="running")
