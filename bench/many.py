"""Why this exists: many environments at once on one machine must not meet: no port, name, folder or process is shared.

Twenty clients start at the same moment, each the same small ecosystem in a project of its own. When all are ready,
each is asked over HTTP whose it is; then all are torn down at once.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bench.figures import Figure, conditions

HARNESS = Path(sys.executable).with_name("harness")
ENVIRONMENTS = 20
TIMEOUT = 120.0  # seconds for all to be ready
FILE = """
name: many
services:
  cache:
    image: redis:7
    ports: ["6379"]
  web:
    image: python:3.11-slim
    ports: ["8000"]
    depends_on: {cache: {condition: service_started}}
    x-harness:
      process: {command: [python3, -S, -m, http.server, "{port}", --bind, 127.0.0.1]}
      ready: {http: /name}
      exports: {TEST_WEB_URL: "{url}"}
"""


class Project:
    """One of the many: the same file, a name of its own that its web component serves."""

    def __init__(self, folder: Path, runtime: Path, name: str) -> None:
        self.folder = folder
        self.name = name
        self.runtime = runtime
        folder.mkdir()
        (folder / "name").write_text(name)
        (folder / "docker-compose.test.yml").write_text(FILE)

    def run(self, *command: str) -> "subprocess.CompletedProcess[str]":
        """A command of ours, all in the runtime folder of one user."""
        variables = os.environ | {
            "XDG_RUNTIME_DIR": str(self.runtime),
            "HARNESS_CACHE_DIR": str(self.runtime.parent / "cache"),
        }
        return subprocess.run(
            [HARNESS, *command],
            cwd=self.folder,
            env=variables,
            capture_output=True,
            text=True,
            check=False,
            timeout=TIMEOUT,
        )

    def up(self) -> float:
        """Start it; seconds that took. Raises RuntimeError with what was told when it did not."""
        began = time.monotonic()
        up = self.run("up", "--provider", "process")
        if up.returncode:
            raise RuntimeError(f"{self.name} did not start:\n{up.stderr}")
        return time.monotonic() - began

    def is_its_own(self) -> bool:
        """Whether what answers at its address is this very environment."""
        url = json.loads(self.run("env", "--json").stdout)["TEST_WEB_URL"]
        with urllib.request.urlopen(f"{url}/name", timeout=TIMEOUT) as answer:  # noqa: S310 - our own address
            said: str = answer.read().decode()
        return said == self.name


def together(count: int) -> tuple[int, float, list[float]]:
    """How many of so many were ready and their own; seconds until the last was; seconds each took."""
    with tempfile.TemporaryDirectory(dir="/var/tmp", prefix="bench-many-") as folder:
        root = Path(folder)
        root.chmod(0o755)
        runtime = root / "run"
        runtime.mkdir(mode=0o700)
        projects = [Project(root / f"project-{n}", runtime, f"number {n}") for n in range(count)]
        with ThreadPoolExecutor(count) as threads:
            began = time.monotonic()
            took = list(threads.map(Project.up, projects))
            ready = time.monotonic() - began
            own = sum(threads.map(Project.is_its_own, projects))
            downs = list(threads.map(lambda project: project.run("down"), projects))
        left = [str(path) for path in runtime.rglob("*")]
        if left or any(down.returncode for down in downs):
            sys.exit("not everything was torn down:\n" + "\n".join([*left, *(down.stderr for down in downs)]))
    return own, ready, took


def measure(count: int = ENVIRONMENTS) -> list[Figure]:
    """How many environments are ready at once, and how long that takes."""
    own, ready, took = together(count)
    told = conditions({"each": took}) | {"ready": round(ready, 3)}
    return [
        Figure("many.environments_ready", own, "", f"{count}", own == count, {}, told),
        Figure("many.ready", round(ready, 3), "s", f"<= {TIMEOUT:g}", ready <= TIMEOUT, {}, told),
    ]
