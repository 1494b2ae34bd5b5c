"""What starts, in which order, what waits for what, and why the rest does not start. Pure."""

from harness.plan.planner import make

__all__ = ["make"]
