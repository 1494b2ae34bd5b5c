"""Why this exists: how long RuneFrameOS takes in containers, beside testcontainers and beside its longest chain alone.

All three are whole commands, timed from the start of their process, on the same images, one after another in each
round: `harness up --provider docker`, `peer_testcontainers.py`, `floor_docker.py`. The second of ours and every later
one begin with what the first has left migrated and seeded, as those of a user do; `--fresh` is measured beside it.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import docker

from bench.figures import Figure, conditions, median
from harness.containers.engine import missing

ROOT = Path(__file__).parent.parent
HARNESS = Path(sys.executable).with_name("harness")
PROJECT = "runeframeos-test"
ROUNDS = 5


def measure() -> list[Figure]:
    """Ready in containers, and how that compares; nothing where no container can run."""
    lacking = missing()
    if lacking is not None:
        print(f"docker_start is not measured: {lacking}", file=sys.stderr)
        return []
    _up_down()  # builds what has to be built, and leaves a template
    baked = _baked_image()
    rounds = [(_up_down(), _up_down("--fresh")[0], _script("peer_testcontainers.py", PROJECT),
               _script("floor_docker.py", baked, PROJECT)) for _ in range(ROUNDS)]  # fmt: skip
    ours, anew, peers, floors = zip(*((up, *others) for (up, _), *others in rounds), strict=True)
    downs = [down for (_, down), *_ in rounds]
    faster = [peer / up for up, peer in zip(ours, peers, strict=True)]
    slower = [up / floor for up, floor in zip(ours, floors, strict=True)]
    told = conditions({"ours": ours, "fresh": anew, "testcontainers": peers, "floor": floors, "down": downs})
    beside = {
        "ours, fresh": median(anew),
        "testcontainers": median(peers),
        "longest chain alone": median(floors),
    }
    return [
        Figure("docker.ready", median(ours), "s", "", ok=True, peers=beside, conditions=told),
        Figure(
            "docker.faster_than_testcontainers", median(faster), "x", ">= 3", median(faster) >= 3, {}, told
        ),
        Figure(
            "docker.ratio_to_longest_chain", median(slower), "x", "<= 1.2", median(slower) <= 1.2, {}, told
        ),
        Figure("docker.teardown", median(downs), "s", "", ok=True, conditions=told),
    ]


def _up_down(*options: str) -> tuple[float, float]:
    """Seconds of `harness up`, and of the teardown that follows, as the keeper states it."""
    with tempfile.TemporaryDirectory() as results:
        environment = os.environ | {"XDG_RUNTIME_DIR": results}
        began = time.monotonic()
        command = [str(HARNESS), "up", "--provider", "docker", "--results", results, *options]
        up = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        ready = time.monotonic() - began
        if up.returncode:
            sys.exit(f"harness up failed:\n{up.stderr}")
        subprocess.run([HARNESS, "down"], cwd=ROOT, env=environment, capture_output=True, check=True)
        events = (Path(results) / "latest" / "events.ndjson").read_text().splitlines()
    stopped = [json.loads(line) for line in events if '"EnvironmentStopped"' in line]
    return ready, stopped[-1]["duration"]


def _baked_image() -> str:
    """The image of Postgres that our own containers are made from: the newest of those baked for this ecosystem."""
    engine = docker.from_env()
    try:
        names = [tag for image in engine.images.list("ecosystem-harness/baked") for tag in image.tags]
    finally:
        engine.close()
    return names[0]


def _script(name: str, *arguments: str) -> float:
    """Seconds until ready, as the script says."""
    command = [sys.executable, str(ROOT / "bench" / name), *arguments]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if ended.returncode:
        sys.exit(f"{name} failed:\n{ended.stderr}")
    ready: float = json.loads(ended.stdout)["ready"]
    return ready
