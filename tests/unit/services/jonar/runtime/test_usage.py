"""What an engine's figures of a container mean."""

from typing import Any

import pytest

from jonar.runtime.base import Usage
from jonar.runtime.docker import usage_of

RUNNING = {
    "cpu_stats": {"cpu_usage": {"total_usage": 1_500_000_000}},
    "memory_stats": {"usage": 5000, "stats": {"total_inactive_file": 1000}},
}
NEWER = RUNNING | {"memory_stats": {"usage": 5000, "stats": {"inactive_file": 2000}}}
ENDED = {"cpu_stats": {"cpu_usage": {"total_usage": 0}}, "memory_stats": {}}


@pytest.mark.parametrize(
    ("told", "usage"),
    [(RUNNING, Usage(1.5, 4000)), (NEWER, Usage(1.5, 3000)), (ENDED, None), (None, None)],
    ids=["cgroup v1", "cgroup v2", "ended", "being removed"],
)
def test_usage(told: Any, usage: Usage | None) -> None:
    """CPU seconds and bytes without the page cache; nothing of what has ended, or goes at that moment."""
    assert usage_of(told) == usage
