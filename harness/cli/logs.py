"""Why this exists: `harness logs`: what the components of a run wrote and write, merged by time."""

import heapq
import sys
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from threading import Event, Thread
from typing import Annotated

import typer

from harness.bootstrap.preparation.request import DEFAULT_RESULTS
from harness.bootstrap.runs.run_folder import LOGS
from harness.cli.environments import find
from harness.cli.options import Components, EnvironmentName, Results
from harness.core.errors import HarnessError, UsageError
from harness.keeper import folders
from harness.keeper.client import Lease
from harness.results.growing import GrowingLog

Line = tuple[float, str, str]  # when, who, what

_LATEST = "latest"
_LISTED = 10  # runs, where the one asked for is not there
_LOOK = 0.2  # seconds between two looks at what has been written


def logs(
    components: Components = None,
    environment: EnvironmentName = None,
    results: Results = DEFAULT_RESULTS,
    run: Annotated[
        str, typer.Option(help="Which run: its folder below the results folder.", metavar="RUN")
    ] = _LATEST,
    tail: Annotated[
        int, typer.Option("--tail", "-n", help="Only the last N lines; 0 for all.", metavar="N", min=0)
    ] = 0,
    follow: Annotated[
        bool, typer.Option("--follow", help="Go on with what is written, until the environment ends.")
    ] = False,
) -> None:
    """Print what the components of a run wrote, merged by time, secrets masked.

    Of the newest run here, also when it goes on or has failed; or of an environment that runs, or a world of one:
    harness logs db web -e 4f --tail 20 --follow
    """
    name, _, world = (environment or "").partition("@")
    folder = Path(find(name)[1].results) if name else _run_folder(results, run)
    with ExitStack() as open_files:
        merged = _Merged(_logs_of(world, folder / LOGS), components or (), open_files)
        over = _over(folder) if follow else None
        lines = merged.more(is_over=over is None)
        merged.show(deque(lines, maxlen=tail) if tail else lines)
        while over is not None and not over.wait(_LOOK):
            merged.show(merged.more(is_over=False))
        merged.show(merged.more(is_over=True))


def _run_folder(results: Path, run: str) -> Path:
    """Raises UsageError when there is no such run, with the newest there are."""
    folder = results / run
    if folder.is_dir():
        return folder
    folders_of_runs = {logs.parent.name for logs in results.glob(f"*/{LOGS}")}
    runs = sorted(folders_of_runs - {_LATEST}, reverse=True)
    if not runs:
        raise UsageError(f"no run in {results}", hint="--results names the folder that holds runs")
    raise UsageError(
        f"no run {run} in {results}",
        evidence=runs[:_LISTED],
        hint="--run takes one of these, of which the newest comes first",
    )


def _logs_of(world: str, logs: Path) -> Path:
    """Where a world's components write. Raises UsageError when there is none of that name."""
    worlds = sorted(folder.name for folder in logs.iterdir() if folder.is_dir()) if world else ()
    if world and world not in worlds:
        raise UsageError(
            f"no world {world!r} has written anything", hint=f"there are: {', '.join(worlds) or 'none'}"
        )
    return logs / world


class _Merged:
    """The logs of a folder as one. Raises UsageError when there are none, or not all that are asked for."""

    def __init__(self, folder: Path, components: Sequence[str], open_files: ExitStack) -> None:
        self._folder = folder
        self._components = components
        self._open_files = open_files
        self._logs: dict[str, GrowingLog] = {}
        known = [file.stem for file in sorted(folder.glob("*.log"))]
        unknown = [name for name in components if name not in known]
        if unknown or not known:
            what = f"no log of {', '.join(unknown)}" if unknown else "no logs"
            raise UsageError(f"{what} in {folder}", hint=f"there are: {', '.join(known) or 'none'}")

    def more(self, *, is_over: bool) -> Iterator[Line]:
        """What has come since the last call, by time; also of components that have only just started."""
        for file in sorted(self._folder.glob("*.log")):
            if file.stem not in self._logs and (not self._components or file.stem in self._components):
                self._logs[file.stem] = log = GrowingLog(file)
                self._open_files.callback(log.close)
        return heapq.merge(*(_named(log, is_over) for log in self._logs.values()))

    def show(self, lines: Iterable[Line]) -> None:
        """Print them."""
        width = max(map(len, self._logs))
        for at, name, text in lines:
            stamp = time.strftime("%H:%M:%S", time.localtime(at)) + f"{at % 1:.3f}"[1:]
            sys.stdout.write(f"{stamp} {name:{width}} {text}\n")
        sys.stdout.flush()


def _named(log: GrowingLog, is_over: bool) -> Iterator[Line]:
    for line in log.more(is_over=is_over):
        yield line.at, log.component, line.text


def _over(run_folder: Path) -> Event:
    """Set when the environment of a run has ended."""
    over = Event()
    run = run_folder.resolve()
    kept = next((folder for folder, about in folders.known() if Path(about.results).resolve() == run), None)
    if kept is None:
        over.set()
    else:
        Thread(target=_wait_over, args=(kept, over), name="end of the environment", daemon=True).start()
    return over


def _wait_over(folder: Path, over: Event) -> None:
    with suppress(HarnessError), Lease.attach(folders.socket_path(folder), None, hold=False) as lease:
        lease.wait_ended()
    over.set()
