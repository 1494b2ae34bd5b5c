"""Why this exists: every run has a folder of its own, and `latest` is always the newest of them."""

import contextlib
import os
import tempfile
from pathlib import Path

from harness.core.clock import Clock
from harness.core.errors import DISK_FULL, ROOM, EnvironmentFailedError, UsageError
from harness.core.ids import new_run_id

EVENTS = "events.ndjson"
LOGS = "logs"
KEEPER_LOG = "keeper.log"  # beside the logs, not among them: a component may be called keeper
COVERAGE = "coverage"


def new_run_folder(results: Path, clock: Clock) -> Path:
    """Where a run that begins now will keep everything; not made yet."""
    return results.absolute() / new_run_id(clock.now())


def make_run_folder(folder: Path) -> Path:
    """Make a run's folder and let `latest` beside it point to it.

    Raises:
        FileExistsError: the run has begun already.
        UsageError: the folder of results cannot be written to.
        EnvironmentFailedError: its disk is full.
    """
    results = folder.parent
    try:
        results.mkdir(parents=True, exist_ok=True)
        folder.mkdir()
        (folder / LOGS).mkdir()
        _point(results / "latest", folder.name)
    except OSError as error:
        if folder.is_dir() and isinstance(error, FileExistsError):
            raise
        line = f"results cannot be written to {results}: {error.strerror}"
        if error.errno in DISK_FULL:  # no fault of the request: the same one works where there is room
            raise EnvironmentFailedError(line, hint=ROOM) from error
        raise UsageError(line, hint="choose another folder with --results") from error
    return folder


def borrow_logs(folder: Path, results: Path) -> None:
    """The logs of a run are those of another one, whose components its tests use.

    Args:
        folder: The run's folder, as it was made.
        results: The folder of the other run.
    """
    (folder / LOGS).rmdir()
    (folder / LOGS).symlink_to(os.path.relpath(results / LOGS, folder))


def temporary_folder(environment_id: str) -> Path:
    """Where the tests of an environment have their temporary files: whoever outlives a killed client finds them."""
    return Path(tempfile.gettempdir()) / f"harness-{environment_id}-pytest"


def _point(link: Path, target: str) -> None:
    """Replace a symbolic link in one step, so that it always leads somewhere."""
    fresh = link.with_name(f".latest-{os.getpid()}")
    with contextlib.suppress(FileNotFoundError):
        fresh.unlink()
    fresh.symlink_to(target)
    fresh.rename(link)
