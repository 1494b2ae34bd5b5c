"""Why this exists: a pytest session's share in a run: inside one that `harness test` began, or one of its own."""

import json
import os
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from harness.bootstrap.runs import EVENTS, borrow_logs, make_run_folder
from harness.bootstrap.stay import Keep
from harness.bootstrap.worlds import prepare_worlds
from harness.core.clock import SystemClock
from harness.core.errors import ExitCode, HarnessError, TeardownError
from harness.events.facts import EnvironmentFailed, Event, RunFinished, RunStarted
from harness.events.log import read
from harness.keeper.client import Lease
from harness.keeper.description import EnvironmentDescription
from harness.keeper.protocol import Ending
from harness.pytest_plugin.facts import Facts
from harness.pytest_plugin.handle import EcosystemHandle
from harness.pytest_plugin.joining import Joining
from harness.pytest_plugin.workers import Controller, Landlord
from harness.spec.model import Isolation
from harness.suites.pytest_process import SECRETS, SOCKET
from harness.suites.secrets import secret_exports, secret_values

if TYPE_CHECKING:  # kept off sessions that need neither
    from execnet import Channel

    from harness.bootstrap.request import Request

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

    def stated(self) -> Iterable[Event]:
        """The facts of this session, as far as they are on disk."""
        ...

    def ecosystem(self) -> EcosystemHandle:
        """The running ecosystem; started at the first call where that is ours to do."""
        ...

    def finish(self, exit_code: int) -> int:
        """Let go of what we hold and report where that is ours to do; the exit code the session ends with."""
        ...


class JoinedRun:
    """Within `harness test`: the environment runs, the log exists, and the reports are somebody else's."""

    def __init__(self, socket: Path, folder: Path, world: str = "") -> None:
        self._began = time.time()
        self._events = folder / EVENTS
        self._log = Facts(self._events)
        self._socket = socket
        self._world = world
        self._lease: Lease | None = None
        self._handle: EcosystemHandle | None = None
        self.secrets = secret_values(os.environ, json.loads(os.environ.get(SECRETS, "[]")))

    def record(self, event: Event) -> None:
        """State a fact, or end the session."""
        _record(self._log, event)

    def stated(self) -> Iterable[Event]:
        """Not those of earlier sessions of the same run."""
        return (event for event in read(self._events) if event.at >= self._began)

    def ecosystem(self) -> EcosystemHandle:
        """Attach to the environment that runs; its variables are in ours already."""
        if self._handle is None:
            self._lease = Lease.attach(self._socket, None, hold=False)
            description = _own_world(self._lease, self._world)
            os.environ.update(description.variables)
            self._handle = EcosystemHandle(self._lease, description)
        return self._handle

    def finish(self, exit_code: int) -> int:
        """Leave."""
        if self._lease is not None:
            self._lease.close()
        self._log.close()
        return exit_code


class WorkerRun:
    """An xdist worker's share: the controller starts the ecosystem, holds it and reports."""

    def __init__(self, controller: Controller, world: str) -> None:
        self._controller = controller
        self._world = world
        self._lease: Lease | None = None
        self._handle: EcosystemHandle | None = None
        self.secrets: tuple[str, ...] = ()

    def record(self, event: Event) -> None:
        """Tell it to the controller."""
        self._controller.tell(event)

    def stated(self) -> Iterable[Event]:
        """They are on the controller's disk."""
        return ()

    def ecosystem(self) -> EcosystemHandle:
        """Join what the controller holds.

        Raises:
            HarnessError: it did not start.
        """
        if self._handle is None:
            there = self._controller.ask()
            self._lease = Lease.attach(Path(there[SOCKET]), None, hold=False)
            description = _own_world(self._lease, self._world)
            self.secrets = secret_values(description.variables, there[SECRETS])
            os.environ.update(description.variables)
            self._handle = EcosystemHandle(self._lease, description)
        return self._handle

    def finish(self, exit_code: int) -> int:
        """Leave."""
        if self._lease is not None:
            self._lease.close()
        return exit_code


class OwnRun:
    """A pytest session by itself. Nothing is started and nothing written before a test asks for the ecosystem.

    Under xdist this is the controller's, and its workers ask.
    """

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._clock = SystemClock()
        self._began = time.monotonic()
        self._folder = _new_folder(config, self._clock)
        self._lock = threading.Lock()  # workers ask from other threads than tests are heard of
        self._early: list[Event] = []
        self._log: Facts | None = None
        self._lease: Lease | None = None
        self._description: EnvironmentDescription | None = None
        self._failure: HarnessError | None = None
        self._is_over = False
        self._has_given_up = False  # after so many failures as were allowed
        self._landlord: Landlord | None = None
        self._workers: Sequence[str] = ()
        self._has_worlds = False
        self._secret_names: tuple[str, ...] = ()
        self._keep = Keep.NEVER
        self.joining = Joining(config)
        self.kept: EnvironmentDescription | None = None
        self.ended_badly: HarnessError | None = None
        self.secrets: tuple[str, ...] = ()

    @property
    def report(self) -> Path | None:
        """Where the report will be; None for a session that never asked for the ecosystem."""
        return self._folder / "report.html" if self._log is not None else None

    @property
    def keeper(self) -> Path:
        """Where the keeper of the environment listens, once there is one."""
        assert self._lease is not None  # noqa: S101 - what is kept has one
        return self._lease.path

    def record(self, event: Event) -> None:
        """State a fact, or end the session; kept in memory until the run has begun."""
        with self._lock:
            if self._log is None:
                self._early.append(event)
            else:
                _record(self._log, event)

    def stated(self) -> Iterable[Event]:
        """None of a session without an ecosystem."""
        return read(self._folder / EVENTS) if self._log is not None else ()

    def ecosystem(self) -> EcosystemHandle:
        """Start it, once; a start that failed is not tried again for every test.

        Raises:
            HarnessError: it did not start.
        """
        lease, description = self._started()
        os.environ.update(description.variables)
        return EcosystemHandle(lease, description)

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_setupnodes(self, specs: Sequence[Any]) -> None:
        """Note who will want a world; every worker is named before the first one asks."""
        self._workers = [spec.id for spec in specs]

    def serve(self, channel: "Channel") -> None:
        """Let an xdist worker ask for the ecosystem over this channel; it starts as the first one does."""
        self._landlord = self._landlord or Landlord(self._for_worker, self.record)
        self._landlord.serve(channel)

    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Tell a person's interrupt from a session that gives up, for which xdist raises a kind of its own."""
        self._has_given_up = (
            isinstance(excinfo.value, KeyboardInterrupt) and excinfo.type is not KeyboardInterrupt
        )

    def finish(self, exit_code: int) -> int:
        """Let go, wait for the teardown, and write the reports."""
        ending = self._let_go(keep=self._is_to_be_kept(exit_code))
        self.ended_badly = ending.error if ending is not None else None
        exit_code = self._judge(exit_code, ending)
        if self._log is None:
            return exit_code
        return self._conclude(exit_code, self._log)

    def _conclude(self, code: int, log: Facts) -> int:
        """Sweep, state the end, report; the session's exit code after that."""
        from harness.bootstrap.reporting import write_reports  # noqa: PLC0415 - only a run with an ecosystem pays for it

        code = self._after(self._sweep, code)
        duration = time.monotonic() - self._began
        finished = RunFinished(at=self._clock.now(), exit_code=code, duration=duration)
        code = self._after(lambda: log(finished), code)
        return self._after(lambda: write_reports(self._folder), code)

    def _after(self, step: Callable[[], object], code: int) -> int:
        """The exit code after one step of the end: when it fails it is told, and makes a failure of a success."""
        try:
            step()
        except HarnessError as error:
            self.ended_badly = self.ended_badly or error
            return code or int(error.exit_code)
        return code

    def _sweep(self) -> None:
        """A keeper that was killed meanwhile could not tidy up. Raises TeardownError for what stays of ours."""
        from harness.bootstrap.sweep import sweep  # noqa: PLC0415 - as above

        swept, leftovers = sweep()
        ours = self._lease.path.parent.name if self._lease is not None else ""
        if leftovers and ours in swept:
            raise TeardownError(f"not everything of {ours} could be removed", evidence=leftovers)

    def _is_to_be_kept(self, exit_code: int) -> bool:
        """Whether the environment outlives the session, as the person wants it to."""
        if self._log is None or self._description is None:
            return False
        has_broken = any(isinstance(event, EnvironmentFailed) for event in read(self._folder / EVENTS))
        tested = ExitCode.SUITE_FAILED if exit_code == pytest.ExitCode.TESTS_FAILED else ExitCode.OK
        return self._keep.is_wanted(ExitCode.ENVIRONMENT if has_broken else tested)

    def _let_go(self, *, keep: bool) -> Ending | None:
        """How it ended; None when there was nothing to end. A start that is under way for a worker is given up."""
        with self._lock:
            self._is_over = True
            if self._lease is not None and self._description is None:
                self._lease.let_go()
        if self._landlord is not None:
            self._landlord.close()
        self._failure = self.joining.leave() or self._failure
        ending = self._lease.release(keep=keep) if self._lease is not None else None
        self.kept = self._description if keep and ending is None else None
        return ending

    def _judge(self, exit_code: int, ending: Ending | None) -> int:
        """The session's exit code: tests that had no working ecosystem prove nothing, whatever pytest says."""
        started_badly = self._failure.exit_code if self._failure else ExitCode.OK
        ended = ending.exit_code if ending else ExitCode.OK
        for code in (started_badly, ended):
            if code not in {ExitCode.OK, ExitCode.TEARDOWN}:
                return int(code)
        if self._log is None:
            return exit_code
        if self._log.failure is not None:
            return int(ExitCode.ENVIRONMENT)
        if any(isinstance(event, EnvironmentFailed) for event in read(self._folder / EVENTS)):
            return int(ExitCode.ENVIRONMENT)
        if self._has_given_up:
            return int(ExitCode.SUITE_FAILED)
        return _MEANINGS.get(exit_code, exit_code) or int(ended)

    def _for_worker(self) -> dict[str, Any]:
        lease, description = self._started()
        if description.isolation == Isolation.RESET and not self._has_worlds:
            prepare_worlds(lease, self._workers)
            self._has_worlds = True
        return {SOCKET: str(lease.path), SECRETS: list(self._secret_names)}

    def _started(self) -> tuple[Lease, EnvironmentDescription]:
        if self._failure is not None:
            raise self._failure
        try:
            lease = self._lease or self._acquire()
            description = lease.wait_started()
        except HarnessError as error:
            self._failure = None if self._is_over else error  # what is given up has not failed
            raise
        self.secrets = secret_values(description.variables, self._secret_names)
        self._description = description
        return lease, description

    def _acquire(self) -> Lease:
        from harness.pytest_plugin.options import request_of  # noqa: PLC0415 - kept off sessions without an ecosystem

        request = request_of(self._config)
        self._keep = request.keep
        lease = self._join(request) or self._start(request)
        with self._lock:
            self._lease = lease
            if self._is_over:
                lease.let_go()
        return lease

    def _start(self, request: "Request") -> Lease:
        """An environment of our own."""
        from harness.bootstrap.acquire import acquire  # noqa: PLC0415 - as above
        from harness.bootstrap.preparing import prepare  # noqa: PLC0415

        prepared = prepare(request)
        self._secret_names = secret_exports(prepared.ecosystem)
        make_run_folder(self._folder)
        plan = prepared.plan_made(self._clock.now())
        self._begin(prepared.ecosystem.name, prepared.kind.name, request.seed, (plan,))
        return acquire(prepared, self._folder, None)

    def _join(self, request: "Request") -> Lease | None:
        """One of `harness up`, where it is what we would start."""
        warm = self.joining.take(request, self.record)
        if warm is None:
            return None
        self._secret_names = warm.compared.secrets
        make_run_folder(self._folder)
        borrow_logs(self._folder, Path(warm.description.results))
        self._begin(
            warm.description.ecosystem, warm.description.provider, warm.description.seed, warm.facts()
        )
        return warm.lease

    def _begin(self, ecosystem: str, provider: str, seed: int, facts: Iterable[Event]) -> None:
        """From now on facts go to disk; those from before the run follow the fact that it began."""
        from harness.pytest_plugin.options import rerun_of, root_of  # noqa: PLC0415 - as above

        begun = RunStarted(
            at=self._clock.now(),
            run_id=self._folder.name,
            ecosystem=ecosystem,
            provider=provider,
            command="pytest",
            seed=seed,
            rerun=rerun_of(self._config),
            root=root_of(self._config),
        )
        with self._lock:
            self._log = Facts(self._folder / EVENTS)
            for event in (begun, *facts, *self._early):
                self._log(event)


def _own_world(lease: Lease, world: str) -> EnvironmentDescription:
    """The environment, or, where tests start from its seeded state, the worker's own world of it."""
    description = lease.wait_started()
    return lease.enter(world) if world and description.isolation == Isolation.RESET else description


def _record(log: Facts, event: Event) -> None:
    try:
        log(event)
    except HarnessError as error:
        pytest.exit(error.line, returncode=os.EX_IOERR)


def _new_folder(config: pytest.Config, clock: SystemClock) -> Path:
    from harness.bootstrap.runs import new_run_folder  # noqa: PLC0415 - kept light
    from harness.pytest_plugin.options import results_of  # noqa: PLC0415

    return new_run_folder(results_of(config), clock)
