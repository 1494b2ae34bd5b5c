"""Why this exists: facts reach the disk as they happen, so that a killed run loses none that were stated.

One line of JSON per fact. Several processes append to one file: each line is a single write(2) to a file
opened with O_APPEND, which Linux keeps whole. Lines are pure ASCII: whatever a test prints, lone surrogates
included, comes back as it was.
"""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from harness.events.facts import Event, decode, encode

Emit = Callable[[Event], None]

_HEAD = b'{"event":'  # how every line begins
_CLOSED = -1  # which no file has


def nobody(_event: Event) -> None:
    """Takes facts, for whoever has no use for them."""


class EventLog:
    """Appends facts to an `events.ndjson`. Call `close` when done."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)

    def __call__(self, event: Event) -> None:
        """Append one fact.

        Raises:
            OSError: it is not in the file, or not all of it; the file is named.
        """
        line = (json.dumps(encode(event), separators=(",", ":")) + "\n").encode()
        try:
            # Less than all is taken where the disk is full, and why is told to who tries the rest.
            while line:
                line = line[os.write(self._fd, line) :]
        except OSError as error:
            error.filename = str(self._path)
            raise

    def close(self) -> None:
        """Close the file; further facts raise OSError. Idempotent."""
        if self._fd != _CLOSED:
            os.close(self._fd)
            self._fd = _CLOSED  # its number may be another file's from now on


def read(path: Path) -> Iterator[Event]:
    """The facts of a log, in file order.

    Passed over: a torn line (its writer was killed) wherever it stands, and kinds this version does not know.
    """
    with path.open("rb") as lines:
        for line in lines:
            form = _parse(line)
            event = None if form is None else decode(form)
            if event is not None:
                yield event


def _parse(line: bytes) -> dict[str, Any] | None:
    """The JSON form on a line, or what another writer appended to a torn one; None for a torn end."""
    if not line.endswith(b"\n"):
        return None
    for start in (0, max(line.rfind(_HEAD), 0)):
        with suppress(ValueError):
            form: dict[str, Any] = json.loads(line[start:])
            return form
    return None


def fan_out(*sinks: Emit) -> Emit:
    """One sink that hands every fact to each of `sinks`, in order.

    What one of them raises comes out once all have had the fact; of several, the first.
    """

    def emit(event: Event) -> None:
        failures: list[Exception] = []
        for sink in sinks:
            try:
                sink(event)
            except Exception as failure:  # noqa: BLE001 - raised below
                failures.append(failure)
        if failures:
            raise failures[0]

    return emit
