"""Why this exists: every run has a folder of its own, and `latest` is always the newest of them."""

import contextlib
import os
from pathlib import Path

from harness.core.clock import Clock
from harness.core.ids import new_run_id

EVENTS = "events.ndjson"
LOGS = "logs"
COVERAGE = "coverage"


def make_run_folder(results: Path, clock: Clock) -> Path:
    """A new folder below `results`, with `results/latest` pointing to it."""
    folder = results.absolute() / new_run_id(clock.now())
    (folder / LOGS).mkdir(parents=True)
    _point(results.absolute() / "latest", folder.name)
    return folder


def _point(link: Path, target: str) -> None:
    """Replace a symbolic link in one step, so that it always leads somewhere."""
    fresh = link.with_name(f".latest-{os.getpid()}")
    with contextlib.suppress(FileNotFoundError):
        fresh.unlink()
    fresh.symlink_to(target)
    fresh.rename(link)
