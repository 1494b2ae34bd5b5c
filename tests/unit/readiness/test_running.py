"""What only has to run is ready."""

from harness.readiness.base import Answer
from harness.readiness.running import RunningProbe


async def test_running_is_ready() -> None:
    """At the first check."""
    assert await RunningProbe().check() == Answer(True, "running")
    assert RunningProbe().describe() == "it is running"
