"""Why this exists: how late the harness notices that a component is ready, and that one has died, on each provider.

The components say themselves, in their logs, when they began to listen and when they are about to exit, by the same
clock as the harness's events: the difference is what is measured. Each becomes ready at a random time.
"""

import json
import os
import random
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from bench.figures import Figure, conditions, median
from harness.containers.engine import missing

HARNESS = Path(sys.executable).with_name("harness")
COMPONENTS = 8  # a start
STARTS = 4
SEED = 20240320
LATE = (1.5, 3.0)  # seconds until a component listens, or dies: after the last has been started
READY_GOAL, DEAD_GOAL = 0.020, 0.200  # seconds, p95

PROGRAM = """
import os, socket, sys, time
time.sleep(float(sys.argv[2]))
print("listens at", time.time(), flush=True)  # said before it is done, so that it is in the log for certain
server = socket.create_server(("", int(sys.argv[1])))
if len(sys.argv) > 3:
    time.sleep(float(sys.argv[3]))
    print("exits at", time.time(), flush=True)
    os._exit(7)
held = []
while True:
    held.append(server.accept())
"""
_SAID = re.compile(r"(listens|exits) at ([\d.]+)")


def measure() -> list[Figure]:
    """The 95th percentile of both delays, for each provider that can be used here."""
    figures: list[Figure] = []
    for provider in ("process", "docker"):
        lacking = missing() if provider == "docker" else None
        if lacking is not None:
            print(f"notice is not measured on docker: {lacking}", file=sys.stderr)
            continue
        figures += _figures(provider)
    return figures


def _figures(provider: str) -> Iterator[Figure]:
    chance = random.Random(SEED)  # noqa: S311 - delays, not secrets
    ready = [delay for _ in range(STARTS) for delay in _readiness(provider, chance)]
    dead = [_death(provider, chance) for _ in range(STARTS)]
    told = conditions({"ready": ready, "dead": dead})
    late = _p95(ready)
    yield Figure(
        f"notice.{provider}_ready_p95",
        late,
        "s",
        "<= 0.02",
        late <= READY_GOAL,
        {"median": median(ready)},
        told,
    )
    worst = round(max(dead), 4)
    yield Figure(
        f"notice.{provider}_dead_max",
        worst,
        "s",
        "<= 0.2",
        worst <= DEAD_GOAL,
        {"median": median(dead)},
        told,
    )


def _p95(delays: list[float]) -> float:
    return round(sorted(delays)[int(len(delays) * 0.95)], 4)


def _readiness(provider: str, chance: random.Random) -> list[float]:
    """For each component of one start: seconds from listening to the event that says so."""
    late = {f"web{n}": (chance.uniform(*LATE),) for n in range(COMPONENTS)}
    events, said = _start(provider, late)
    return [
        event["at"] - said[event["component"]]["listens"]
        for event in events
        if event.get("new") == "ready" and event["component"] in said
    ]


def _death(provider: str, chance: random.Random) -> float:
    """Seconds from one component's last words to the event that says that it ended."""
    late = {"web0": (0.0, chance.uniform(*LATE)), "web1": (LATE[1] * 2,)}  # the second keeps the start open
    events, said = _start(provider, late)
    (ended,) = [e["at"] for e in events if e.get("component") == "web0" and "exit_code" in e]
    return float(ended) - said["web0"]["exits"]


def _start(
    provider: str, late: Mapping[str, tuple[float, ...]]
) -> tuple[list[dict[str, Any]], dict[str, dict[str, float]]]:
    """The events of one `harness up`, and what each component said about itself."""
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder)
        (project / "docker-compose.test.yml").write_text(json.dumps(_compose(late)))
        environment = os.environ | {"XDG_RUNTIME_DIR": folder}
        up = [str(HARNESS), "up", "--provider", provider]
        subprocess.run(up, cwd=folder, env=environment, capture_output=True, check=False)
        subprocess.run([str(HARNESS), "down"], cwd=folder, env=environment, capture_output=True, check=False)
        latest = project / "results" / "latest"
        events = [json.loads(line) for line in (latest / "events.ndjson").read_text().splitlines()]
        said = {name: _said(latest / "logs" / f"{name}.log") for name in late}
    return events, said


def _said(log: Path) -> dict[str, float]:
    return {what: float(at) for what, at in _SAID.findall(log.read_text())}


def _compose(late: Mapping[str, tuple[float, ...]]) -> dict[str, Any]:
    """YAML understands JSON."""

    def service(delays: tuple[float, ...]) -> dict[str, Any]:
        argv = [*map(str, delays)]
        return {
            "image": "python:3.11-slim",
            "command": ["python3", "-S", "-c", PROGRAM, "8000", *argv],
            "expose": ["8000"],
            "x-harness": {"process": {"command": ["python3", "-S", "-c", PROGRAM, "{port}", *argv]}},
        }

    return {"name": "notice", "services": {name: service(delays) for name, delays in late.items()}}
