"""Why this exists: facts reach the disk as they happen, so that a killed run loses none that were stated.

One line of JSON per fact. Several processes append to one file: each line is a single write(2) to a file
opened with O_APPEND, which Linux keeps whole.
"""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from harness.events.facts import Event, decode, encode

Emit = Callable[[Event], None]


class EventLog:
    """Appends facts to an `events.ndjson`. Call `close` when done."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)

    def __call__(self, event: Event) -> None:
        """Append one fact."""
        line = json.dumps(encode(event), ensure_ascii=False, separators=(",", ":")) + "\n"
        os.write(self._fd, line.encode())

    def close(self) -> None:
        """Close the file; further facts raise OSError."""
        os.close(self._fd)


def read(path: Path) -> Iterator[Event]:
    """The facts of a log, in file order; a torn last line (a writer killed mid-write) and unknown kinds are passed over."""
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            if not line.endswith("\n"):
                return
            event = decode(json.loads(line))
            if event is not None:
                yield event


def fan_out(*sinks: Emit) -> Emit:
    """One sink that hands every fact to each of `sinks`, in order."""

    def emit(event: Event) -> None:
        for sink in sinks:
            sink(event)

    return emit
