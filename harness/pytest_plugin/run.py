"""Why this exists: a pytest session's share in a run: inside one that `harness test` began, or one of its own."""

import json
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import pytest

from harness.core.clock import SystemClock
from harness.core.errors import ExitCode, HarnessError
from harness.core.ids import new_environment_id
from harness.events.facts import EnvironmentFailed, Event, RunFinished, RunStarted
from harness.events.log import EventLog, read
from harness.keeper.client import Lease
from harness.keeper.protocol import Ending
from harness.pytest_plugin.handle import EcosystemHandle
from harness.suites.pytest_process import SECRETS
from harness.suites.secrets import secret_exports, secret_values

ENVIRONMENT, FOLDER = "harness_environment", "harness_folder"  # what an xdist worker is told
EXIT_CODE = "harness_exit_code"  # what it tells at its end, when it had no working ecosystem

# pytest's own exit codes that mean something else in a run: 2 is an interrupt, 3 a failure of pytest itself.
_MEANINGS = {2: int(ExitCode.INTERRUPTED), 3: int(ExitCode.SUITE_FAILED)}


class Run(Protocol):
    """What the plugin needs of a run."""

    @property
    def secrets(self) -> tuple[str, ...]:
        """What no report may show, as far as it is known by now."""
        ...

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
        self.secrets = secret_values(os.environ, json.loads(os.environ.get(SECRETS, "[]")))

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
    """A pytest session by itself. Nothing is started and nothing written before a test asks for the ecosystem.

    Under xdist every process has one of these with the same environment and folder: whoever needs the ecosystem
    first starts it, the others join, the last to let go takes it down. The controller writes the reports.
    """

    def __init__(self, config: pytest.Config) -> None:
        given: dict[str, Any] = getattr(config, "workerinput", {})
        self._config = config
        self._clock = SystemClock()
        self._began = time.monotonic()
        self._is_worker = bool(given)
        self._environment_id: str = given.get(ENVIRONMENT) or new_environment_id()
        self._folder = Path(given[FOLDER]) if given else _new_folder(config, self._clock)
        self._early: list[Event] = []
        self._log: EventLog | None = None
        self._lease: Lease | None = None
        self._handle: EcosystemHandle | None = None
        self._failure: HarnessError | None = None
        self._workers_code = ExitCode.OK
        self.ended_badly: HarnessError | None = None
        self.secrets: tuple[str, ...] = ()

    @property
    def for_worker(self) -> dict[str, str]:
        """What an xdist worker needs to share this run."""
        return {ENVIRONMENT: self._environment_id, FOLDER: str(self._folder)}

    @property
    def report(self) -> Path | None:
        """Where the report will be; None for a session that never asked for the ecosystem."""
        return self._folder / "report.html" if self._folder.exists() else None

    def record(self, event: Event) -> None:
        """State a fact; kept in memory until the run has begun."""
        if self._log is None and self._folder.exists():
            self._open_log()
        if self._log is None:
            self._early.append(event)
        else:
            self._log(event)

    def ecosystem(self) -> EcosystemHandle:
        """Start or join it, once; a start that failed is not tried again for every test.

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
        """Let go, wait for the teardown when we are the last; in the controller also write the reports."""
        ending = self._lease.release() if self._lease is not None else None
        self.ended_badly = ending.error if ending is not None else None
        if self._is_worker:
            self._tell_controller(ending)
            return exit_code
        exit_code = self._judge(exit_code, ending)
        if not self._folder.exists():
            return exit_code
        duration = time.monotonic() - self._began
        self.record(RunFinished(at=self._clock.now(), exit_code=exit_code, duration=duration))
        from harness.bootstrap.sweep import sweep  # noqa: PLC0415 - only a run with an ecosystem pays for it
        from harness.reports import rebuild  # noqa: PLC0415

        sweep()  # a keeper that was killed meanwhile could not tidy up
        rebuild(self._folder)
        return exit_code

    def hear(self, output: Mapping[str, Any]) -> None:
        """Note what an xdist worker told at its end."""
        self._workers_code = self._workers_code or ExitCode(output.get(EXIT_CODE, ExitCode.OK))

    def _tell_controller(self, ending: Ending | None) -> None:
        code = self._failure.exit_code if self._failure else ending.exit_code if ending else ExitCode.OK
        output: dict[str, Any] = getattr(self._config, "workeroutput", {})
        output[EXIT_CODE] = int(code)

    def _judge(self, exit_code: int, ending: Ending | None) -> int:
        """The session's exit code: tests that had no working ecosystem prove nothing, whatever pytest says."""
        started_badly = self._failure.exit_code if self._failure else ExitCode.OK
        ended = ending.exit_code if ending else ExitCode.OK
        for code in (started_badly, self._workers_code, ended):
            if code not in {ExitCode.OK, ExitCode.TEARDOWN}:
                return int(code)
        if not self._folder.exists():
            return exit_code
        if any(isinstance(event, EnvironmentFailed) for event in read(self._folder / "events.ndjson")):
            return int(ExitCode.ENVIRONMENT)
        return _MEANINGS.get(exit_code, exit_code) or int(self._workers_code or ended)

    def _start(self) -> EcosystemHandle:
        from harness.bootstrap.acquire import acquire  # noqa: PLC0415 - kept off sessions without an ecosystem
        from harness.bootstrap.preparing import prepare  # noqa: PLC0415
        from harness.bootstrap.runs import make_run_folder  # noqa: PLC0415
        from harness.pytest_plugin.options import request_of  # noqa: PLC0415

        prepared = prepare(request_of(self._config))
        try:
            make_run_folder(self._folder)
        except FileExistsError:
            pass  # another worker was first
        else:
            started = self._started(prepared.ecosystem.name, prepared.kind.name, prepared.request.seed)
            self._early[:0] = [started, prepared.plan_made(self._clock.now())]
            self._open_log()
        self._lease, _ = acquire(
            prepared, self._folder, lambda _event: None, environment_id=self._environment_id
        )
        description = self._lease.wait_started()
        self.secrets = secret_values(description.variables, secret_exports(prepared.ecosystem))
        os.environ.update(description.variables)
        return EcosystemHandle(self._lease, description)

    def _open_log(self) -> None:
        """From now on facts go to disk; those from before the run follow the fact that it began."""
        self._log = EventLog(self._folder / "events.ndjson")
        early, self._early = self._early, []
        for event in early:
            self._log(event)

    def _started(self, ecosystem: str, provider: str, seed: int) -> RunStarted:
        return RunStarted(
            at=self._clock.now(),
            run_id=self._folder.name,
            ecosystem=ecosystem,
            provider=provider,
            command="pytest",
            seed=seed,
        )


def _new_folder(config: pytest.Config, clock: SystemClock) -> Path:
    from harness.bootstrap.runs import new_run_folder  # noqa: PLC0415 - kept light
    from harness.pytest_plugin.options import results_of  # noqa: PLC0415

    return new_run_folder(results_of(config), clock)
