"""Why this exists: imports dominate a start, so the process that imports for all begins before the file is read.

What it imports is known from the last time: `HeadStart` remembers it in the cache and begins with that. Once the
file is read, what was begun is used if it is exactly what is wanted now, and otherwise ended: a guess costs a little
computing time when it is wrong, and can never change what runs.

Light to import, like `spawn`.
"""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.providers.process.children.spawn import spawn
from harness.providers.process.storage.partials import PARTIAL

_SCRIPT = Path(__file__).with_name("preloader.py")


@dataclass(frozen=True, slots=True)
class Imports:
    """What a preloader imports, and where.

    Args:
        modules: In this order.
        environment: Its variables, PYTHONPATH among them; the marks of ownership come on top.
        directory: Where it works.
        coverage: The folder for coverage data, or None.
        packages: What is measured.
    """

    modules: tuple[str, ...]
    environment: Mapping[str, str]
    directory: Path
    coverage: Path | None = None
    packages: tuple[str, ...] = ()

    def first_message(self) -> dict[str, Any]:
        """As `preloader.py` expects it."""
        folder = self.coverage
        coverage = {"folder": str(folder), "packages": list(self.packages)} if folder else None
        return {"preload": list(self.modules), "coverage": coverage}


@dataclass(frozen=True, slots=True)
class Preloading:
    """A preloader that runs. `output` is the reading end of what it writes."""

    process: "subprocess.Popen[bytes]"
    channel: socket.socket
    output: int

    def end(self) -> None:
        """End it at once, and give everything back."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.channel.close()
        os.close(self.output)


def begin(imports: Imports, marks: Mapping[str, str]) -> Preloading:
    """Start the interpreter and hand it its orders; it imports while we go on.

    Raises:
        EnvironmentFailedError: it cannot be started.
    """
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    output, writing = os.pipe()
    try:
        process = spawn(
            [sys.executable, "-P", str(_SCRIPT), str(theirs.fileno())],
            environment={**imports.environment, **marks},
            directory=imports.directory,
            output=writing,
            inherit=(theirs.fileno(),),
        )
    except BaseException:
        ours.close()
        os.close(output)
        raise
    finally:
        theirs.close()
        os.close(writing)
    ours.send(json.dumps(imports.first_message()).encode())
    return Preloading(process, ours, output)


class HeadStart:
    """Begins what was imported last time, if there was one; `file` is where that is remembered."""

    def __init__(self, file: Path, marks: Mapping[str, str]) -> None:
        self._file = file
        self._remembered = _recall(file)
        self._begun: Preloading | None = None
        if self._remembered is not None:
            # A guess that fails is no fault: it is made anew, and told, in time.
            with contextlib.suppress(Exception):
                self._begun = begin(self._remembered, marks)

    def take(self, wanted: Imports) -> Preloading | None:
        """What has begun, if it is what is wanted; it is the caller's then. Remembers it for the next time."""
        if wanted == self._remembered:
            begun, self._begun = self._begun, None
            return begun
        self.close()
        if wanted.coverage is None:
            _remember(self._file, wanted)
        return None

    def close(self) -> None:
        """End what nobody took. Idempotent."""
        if self._begun is not None:
            self._begun.end()
            self._begun = None


def _recall(file: Path) -> Imports | None:
    try:
        told = json.loads(file.read_text())
        return Imports(tuple(told["modules"]), dict(told["environment"]), Path(told["directory"]))
    except (OSError, ValueError, KeyError, TypeError):  # the first time, or a file that is not ours
        return None


def _remember(file: Path, imports: Imports) -> None:
    told = {
        "modules": imports.modules,
        "environment": dict(imports.environment),
        "directory": str(imports.directory),
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", prefix=PARTIAL, dir=file.parent, delete=False) as partial:
        json.dump(told, partial)
    Path(partial.name).rename(file)
