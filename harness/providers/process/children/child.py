"""Why this exists: one started process, its end noticed the moment it happens, ended with all its session."""

import asyncio
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from harness.providers.process.children.spawn import spawn
from harness.providers.process.storage.account import Account


class Child(Protocol):
    """A process that leads its own session. `ended` resolves to its exit code, negative for a signal."""

    pid: int
    ended: asyncio.Future[int]

    def send(self, number: signal.Signals) -> None:
        """Signal its whole process group; nothing happens once it has ended."""
        ...


class ExecutedChild:
    """A child of this process, started by exec; the kernel's pidfd tells when it ends (pidfd_open(2))."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self.pid = process.pid
        self._loop = asyncio.get_running_loop()
        self.ended: asyncio.Future[int] = self._loop.create_future()
        self._pidfd = os.pidfd_open(process.pid)
        self._loop.add_reader(self._pidfd, self._reap)

    def send(self, number: signal.Signals) -> None:
        """Signal the group. The child is not reaped before `ended` is set, so the id cannot be another's."""
        if not self.ended.done():
            os.killpg(self.pid, number)

    def _reap(self) -> None:
        self._loop.remove_reader(self._pidfd)
        os.close(self._pidfd)
        self.ended.set_result(self._process.wait())


def execute(
    argv: Sequence[str],
    *,
    environment: Mapping[str, str],
    directory: Path,
    output: int,
    account: Account | None = None,
) -> ExecutedChild:
    """Start `argv` as a child whose end is noticed, and which adopts its orphans as process 1 of a container does.

    Raises:
        EnvironmentFailedError: the program is missing or may not be run.
    """
    process = spawn(
        argv, environment=environment, directory=directory, output=output, account=account, adopts=True
    )
    return ExecutedChild(process)
