"""Why this exists: how long a person waits for `harness test`, all five suites, from the shell's point of view."""

import subprocess
import sys
import time
from pathlib import Path

from bench.figures import Figure, conditions, median

HARNESS = Path(sys.executable).with_name("harness")
RUNS = 5


def measure() -> list[Figure]:
    """Seconds of the whole main job."""
    runs = []
    for _ in range(RUNS):
        began = time.monotonic()
        subprocess.run([HARNESS, "test"], cwd=Path(__file__).parent.parent, capture_output=True, check=True)
        runs.append(time.monotonic() - began)
    value = median(runs)
    return [Figure("main_job.duration", value, "s", "<= 60", value <= 60, {}, conditions({"duration": runs}))]
