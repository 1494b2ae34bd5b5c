"""Why this exists: tests about processes need real ones, that say when they are there and are gone afterwards."""

import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# Says who it is and sleeps; given the options of a child (as Popen takes them) it first starts one of its kind.
_SLEEPER = """
import os, signal, subprocess, sys
if len(sys.argv) > 2:
    subprocess.Popen([sys.executable, "-S", "-c", sys.argv[1], sys.argv[1]], **eval(sys.argv[2]))
print(os.getpid(), flush=True)
signal.pause()
"""


@dataclass(frozen=True, slots=True)
class Sleeper:
    """A process that sleeps, and its child."""

    process: subprocess.Popen[bytes]
    pids: tuple[int, ...]

    @property
    def pid(self) -> int:
        """Its id."""
        return self.process.pid

    @property
    def child(self) -> int:
        """Its child's id."""
        return next(pid for pid in self.pids if pid != self.pid)


@contextmanager
def sleeper(environment: Mapping[str, str], child: Mapping[str, Any] | None = None) -> Iterator[Sleeper]:
    """A sleeping process with exactly `environment`, in a session of its own.

    Args:
        environment: Its variables.
        child: What `Popen` is told about a child that it has; None for no child.
    """
    options = [] if child is None else [repr(dict(child))]
    process = subprocess.Popen(  # noqa: S603 - the program above
        [sys.executable, "-S", "-c", _SLEEPER, _SLEEPER, *options],
        env=dict(environment),
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stdout is not None
    pids = tuple(int(process.stdout.readline()) for _ in range(1 + len(options)))
    try:
        yield Sleeper(process, pids)
    finally:
        process.stdout.close()
        process.kill()
        process.wait()
        for pid in pids:
            if is_alive(pid):
                os.kill(pid, signal.SIGKILL)


def has_ended(pid: int, timeout: float = 5.0) -> bool:
    """Whether a process ends within `timeout` seconds: what was killed takes a moment to go."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    try:
        return bool(poll.poll(timeout * 1000))
    finally:
        os.close(descriptor)


def is_alive(pid: int) -> bool:
    """Whether a process runs; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False
