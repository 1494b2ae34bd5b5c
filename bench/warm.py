"""Why this exists: how long a first test waits for RuneFrameOS: where `harness up` keeps it, and where it has to start.

From the end of pytest's collection to the first line of the test, told by the session itself; the sessions are those of
a person, with every plugin that is installed. Both kinds alternate, because the machine's speed drifts. A third kind
finds that one service's code was written since.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.figures import Figure, conditions, median

ROOT = Path(__file__).parent.parent
FILE = ROOT / "docker-compose.test.yml"
EDITED = ROOT / "services" / "jonar" / "app.py"
SESSIONS = 7
SOURCE = """
import json, pathlib, time
def test_first(ecosystem):
    now = time.time()
    assert ecosystem.url("test-distilera")
    pathlib.Path("began").write_text(json.dumps(now))
"""
TELLING = """
import json, pathlib, time
import pytest
@pytest.hookimpl(trylast=True)
def pytest_collection_finish(session):
    pathlib.Path("collected").write_text(json.dumps(time.time()))
"""


def measure() -> list[Figure]:
    """Milliseconds until the first test, and seconds of whole sessions."""
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder)
        (project / "test_first.py").write_text(SOURCE)
        (project / "conftest.py").write_text(TELLING)
        with _Kept(project):
            _session(project)
            _session(project, "--harness-fresh")
            both = [(_session(project), _session(project, "--harness-fresh")) for _ in range(SESSIONS)]
            edited = [_session_after_an_edit(project) for _ in range(SESSIONS)]
    warm, fresh = zip(*both, strict=True)
    samples = {
        "warm": [waited for waited, _ in warm],
        "fresh": [waited for waited, _ in fresh],
        "one service started anew": [waited for waited, _ in edited],
        "whole session, warm": [1000 * whole for _, whole in warm],
        "whole session, fresh": [1000 * whole for _, whole in fresh],
    }
    peers = {name: median(values) for name, values in samples.items() if name != "warm"}
    value = median(samples["warm"])
    return [Figure("warm.first_test", value, "ms", "<= 150", value <= 150, peers, conditions(samples))]


class _Kept:
    """`harness up` for as long as a block lasts, in a runtime folder of its own."""

    def __init__(self, project: Path) -> None:
        self._project = project

    def __enter__(self) -> None:
        _harness(self._project, "up", "-f", str(FILE), "--results", str(self._project / "results"))

    def __exit__(self, *_: object) -> None:
        _harness(self._project, "down", "--all")


def _harness(project: Path, *words: str) -> None:
    subprocess.run(
        [Path(sys.executable).with_name("harness"), *words],
        env=_variables(project),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=True,
    )


def _variables(project: Path) -> dict[str, str]:
    return os.environ | {"XDG_RUNTIME_DIR": str(project)}


def _session(project: Path, *options: str) -> tuple[float, float]:
    """Milliseconds between the end of collection and the test; seconds of the whole."""
    began = time.monotonic()
    places = ["--harness-file", str(FILE), "--harness-results", str(project / "results")]
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *places, *options],
        cwd=project,
        env=_variables(project),
        capture_output=True,
        text=True,
        check=False,
    )
    whole = time.monotonic() - began
    if ended.returncode or ("\nran on " in ended.stdout) == bool(options):
        sys.exit(f"the session did not run as it was meant to:\n{ended.stdout}{ended.stderr}")
    collected, first = (json.loads((project / name).read_text()) for name in ("collected", "began"))
    return 1000 * (first - collected), whole


def _session_after_an_edit(project: Path) -> tuple[float, float]:
    """The same once a file of one service was written, with the content that it had."""
    os.utime(EDITED)
    return _session(project)
