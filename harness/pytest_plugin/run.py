"""Why this exists: a pytest session's share in a run: inside one that `harness test` began, or one of its own."""

import os
import time
from pathlib import Path
from typing import Protocol

import pytest

from harness.core.clock import SystemClock
from harness.core.errors import ExitCode, HarnessError
from harness.events.facts import Event, RunFinished, RunStarted
from harness.events.log import EventLog
from harness.keeper.client import Lease
from harness.pytest_plugin.handle import EcosystemHandle


class Run(Protocol):
    """What the plugin needs of a run."""

    def record(self, event: Event) -> None:
        """State a fact."""
        ...

    def ecosystem(self) -> EcosystemHandle:
        """The running ecosystem; started at the first call where that is ours to do."""
        ...

    def finish(self, exit_code: int) -> int:
        """Let go of what we hold and report where that is ours to do; the exit code the session ends with."""
        ...


class JoinedRun:
    """Within `harness test`: the environment runs, the log exists, and the reports are somebody else's."""

    def __init__(self, socket: Path, folder: Path) -> None:
        self._log = EventLog(folder / "events.ndjson")
        self._socket = socket
        self._lease: Lease | None = None
        self._handle: EcosystemHandle | None = None

    def record(self, event: Event) -> None:
        """State a fact."""
        self._log(event)

    def ecosystem(self) -> EcosystemHandle:
        """Attach to the environment that runs; its variables are in ours already."""
        if self._handle is None:
            self._lease = Lease.attach(self._socket, lambda _event: None, hold=False)
            self._handle = EcosystemHandle(self._lease, self._lease.wait_started())
        return self._handle

    def finish(self, exit_code: int) -> int:
        """Leave."""
        if self._lease is not None:
            self._lease.close()
        self._log.close()
        return exit_code


class OwnRun:
    """A pytest session by itself. Nothing is started and nothing written before a test asks for the ecosystem."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._clock = SystemClock()
        self._began = time.monotonic()
        self._early: list[Event] = []
        self._log: EventLog | None = None
        self._folder: Path | None = None
        self._lease: Lease | None = None
        self._handle: EcosystemHandle | None = None
        self._failure: HarnessError | None = None

    def record(self, event: Event) -> None:
        """State a fact; kept in memory until there is a run to write it to."""
        if self._log is None:
            self._early.append(event)
        else:
            self._log(event)

    def ecosystem(self) -> EcosystemHandle:
        """Start it, once; a start that failed is not tried again for every test.

        Raises:
            HarnessError: it did not start.
        """
        if self._failure is not None:
            raise self._failure
        if self._handle is None:
            try:
                self._handle = self._start()
            except HarnessError as error:
                self._failure = error
                raise
        return self._handle

    def finish(self, exit_code: int) -> int:
        """Tear down, write the reports."""
        if self._folder is None or self._log is None:
            return exit_code
        ending = self._lease.release() if self._lease is not None else None
        if self._failure is not None:
            exit_code = int(self._failure.exit_code)
        elif ending is not None and ending.exit_code is not ExitCode.OK and exit_code == 0:
            exit_code = int(ending.exit_code)
        duration = time.monotonic() - self._began
        self._log(RunFinished(at=self._clock.now(), exit_code=exit_code, duration=duration))
        self._log.close()
        from harness.reports import rebuild  # noqa: PLC0415 - only a run with an ecosystem pays for it

        rebuild(self._folder)
        return exit_code

    @property
    def report(self) -> Path | None:
        """Where the report is, once there is one."""
        return self._folder / "report.html" if self._folder else None

    def _start(self) -> EcosystemHandle:
        from harness.bootstrap.acquire import acquire  # noqa: PLC0415 - kept off sessions without an ecosystem
        from harness.bootstrap.preparing import prepare  # noqa: PLC0415
        from harness.bootstrap.runs import EVENTS, make_run_folder  # noqa: PLC0415
        from harness.pytest_plugin.options import request_of  # noqa: PLC0415

        prepared = prepare(request_of(self._config))
        self._folder = make_run_folder(prepared.request.results, self._clock)
        self._log = EventLog(self._folder / EVENTS)
        self._log(self._started(prepared.ecosystem.name, prepared.kind.name, prepared.request.seed))
        for event in self._early:
            self._log(event)
        self._lease = acquire(prepared, self._folder, lambda _event: None)
        description = self._lease.wait_started()
        os.environ.update(description.variables)
        return EcosystemHandle(self._lease, description)

    def _started(self, ecosystem: str, provider: str, seed: int) -> RunStarted:
        folder = self._folder or Path()
        return RunStarted(
            at=self._clock.now(),
            run_id=folder.name,
            ecosystem=ecosystem,
            provider=provider,
            command="pytest",
            seed=seed,
        )
