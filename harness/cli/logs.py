"""Why this exists: `harness logs`: what the components of a run wrote, merged by time."""

import heapq
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from harness.bootstrap.request import DEFAULT_RESULTS
from harness.cli.options import Components, Results
from harness.core.errors import UsageError
from harness.results.excerpts import read_log

Line = tuple[float, str, str]


def logs(
    components: Components = None,
    results: Results = DEFAULT_RESULTS,
    run: Annotated[
        str, typer.Option(help="Which run: its folder below the results folder.", metavar="RUN")
    ] = "latest",
    tail: Annotated[
        int, typer.Option("--tail", "-n", help="Only the last N lines; 0 for all.", metavar="N")
    ] = 0,
) -> None:
    """Print what the components of a run wrote, merged by time, secrets masked.

    Also of a run that goes on, or has failed: harness logs db web --tail 20
    """
    folder = results / run / "logs"
    files = sorted(folder.glob("*.log"))
    known = {file.stem: file for file in files}
    unknown = [name for name in components or () if name not in known]
    if not files or unknown:
        what = f"no log of {', '.join(unknown)}" if unknown else "no logs"
        raise UsageError(f"{what} in {folder}", hint=f"there are: {', '.join(known) or 'none'}")
    chosen = [known[name] for name in components or known]
    merged = list(heapq.merge(*(_read(file) for file in chosen)))
    width = max(len(file.stem) for file in chosen)
    for at, name, text in merged[-tail:]:
        stamp = time.strftime("%H:%M:%S", time.localtime(at)) + f"{at % 1:.3f}"[1:]
        sys.stdout.write(f"{stamp} {name:{width}} {text}\n")


def _read(file: Path) -> Iterator[Line]:
    for line in read_log(file):
        yield line.at, file.stem, line.text
