"""Why this exists: what the harness costs every test: the same trivial tests with its plugin recording, and without."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.figures import Figure, conditions, median

TESTS = 2000
PAIRS = 5
SOURCE = f"import pytest\n\n@pytest.mark.parametrize('n', range({TESTS}))\ndef test_nothing(n):\n    pass\n"


def measure() -> list[Figure]:
    """Milliseconds a test."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "tests" / "test_nothing.py"
        file.parent.mkdir()
        file.write_text(SOURCE)
        _run(Path(folder), recording=True)
        pairs = [
            (_run(Path(folder), recording=True), _run(Path(folder), recording=False)) for _ in range(PAIRS)
        ]
    ours = [1000 * (a - b) / TESTS for a, b in pairs]
    bare = [1000 * b / TESTS for _, b in pairs]
    told = conditions({"overhead": ours, "pytest alone": bare}) | {"tests": TESTS}
    value = median(ours)
    return [
        Figure("overhead.per_test", value, "ms", "<= 2", value <= 2, {"pytest alone": median(bare)}, told)
    ]


def _run(folder: Path, *, recording: bool) -> float:
    """Seconds of one pytest process; recording goes to a log as in `harness test`."""
    variables = {"HARNESS_RUN": str(folder), "HARNESS_SOCKET": str(folder / "none.sock")} if recording else {}
    switch = [] if recording else ["-p", "no:harness"]
    began = time.monotonic()
    subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *switch, "tests"],
        cwd=folder,
        env=os.environ | variables,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=True,
    )
    return time.monotonic() - began
