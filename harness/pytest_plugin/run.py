"""Why this exists: a pytest session's share in a run: inside one that `harness test` began, or one of its own."""

import json
import os
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from harness.bootstrap.keeping.worlds import prepare_worlds
from harness.bootstrap.runs.run_folder import EVENTS
from harness.core.clock import SystemClock
from harness.core.errors import ExitCode, HarnessError, TeardownError
from harness.events.facts import Event, RunFinished
from harness.events.log import read
from harness.keeper.description import EnvironmentDescription
from harness.keeper.protocol import Ending
from harness.pytest_plugin.facts import Facts, OwnFacts
from harness.pytest_plugin.guest import Guest
from harness.pytest_plugin.handle import EcosystemHandle
from harness.pytest_plugin.joining import Joining
from harness.pytest_plugin.own_environment import OwnEnvironment
from harness.pytest_plugin.workers import Controller, Landlord
from harness.spec.model import Isolation
from harness.suites.pytest_process import SECRETS, SOCKET
from harness.suites.secrets import secret_values

if TYPE_CHECKING:  # it comes with xdist, which a session may lack
    from execnet import Channel

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
        self._guest = Guest(world)
        self.secrets = secret_values(os.environ, json.loads(os.environ.get(SECRETS, "[]")))

    def record(self, event: Event) -> None:
        """State a fact, or end the session."""
        self._log.record(event)

    def stated(self) -> Iterable[Event]:
        """Not those of earlier sessions of the same run."""
        return (event for event in read(self._events) if event.at >= self._began)

    def ecosystem(self) -> EcosystemHandle:
        """Attach to the environment that runs; its variables are in ours already."""
        return self._guest.handle or self._guest.enter(self._socket)

    def finish(self, exit_code: int) -> int:
        """Leave."""
        self._guest.leave()
        self._log.close()
        return exit_code


class WorkerRun:
    """An xdist worker's share: the controller starts the ecosystem, holds it and reports."""

    def __init__(self, controller: Controller, world: str) -> None:
        self._controller = controller
        self._guest = Guest(world)
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
        if self._guest.handle is not None:
            return self._guest.handle
        there = self._controller.ask()
        handle = self._guest.enter(Path(there[SOCKET]))
        self.secrets = secret_values(handle.variables, there[SECRETS])
        return handle

    def finish(self, exit_code: int) -> int:
        """Leave."""
        self._guest.leave()
        return exit_code


class OwnRun:
    """A pytest session by itself. Nothing is started and nothing written before a test asks for the ecosystem.

    Under xdist this is the controller's, and its workers ask.
    """

    def __init__(self, config: pytest.Config) -> None:
        self._clock = SystemClock()
        self._began = time.monotonic()
        self._folder = _new_folder(config, self._clock)
        self._facts = OwnFacts(self._folder / EVENTS)
        self._environment = OwnEnvironment(config, self._folder, self._facts, self._clock)
        self._has_given_up = False  # after so many failures as were allowed
        self._landlord: Landlord | None = None
        self._workers: Sequence[str] = ()
        self._has_worlds = False
        self.ended_badly: HarnessError | None = None

    @property
    def report(self) -> Path | None:
        """Where the report will be; None for a session that never asked for the ecosystem."""
        return self._folder / "report.html" if self._facts.has_begun else None

    @property
    def joining(self) -> Joining:
        """What it has to do with an environment of `harness up`."""
        return self._environment.joining

    @property
    def kept(self) -> EnvironmentDescription | None:
        """What outlives it, once it has finished."""
        return self._environment.kept

    @property
    def keeper(self) -> Path:
        """Where the keeper of the environment listens, once there is one."""
        keeper = self._environment.keeper
        assert keeper is not None  # noqa: S101 - what is kept has one
        return keeper

    @property
    def secrets(self) -> tuple[str, ...]:
        """Those of its ecosystem, once that has started."""
        return self._environment.secrets

    def record(self, event: Event) -> None:
        """State a fact, or end the session; kept in memory until the run has begun."""
        self._facts.record(event)

    def stated(self) -> Iterable[Event]:
        """None of a session without an ecosystem."""
        return self._facts.stated()

    def ecosystem(self) -> EcosystemHandle:
        """Start it, once; a start that failed is not tried again for every test.

        Raises:
            HarnessError: it did not start.
        """
        lease, description = self._environment.started()
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

    def _for_worker(self) -> dict[str, Any]:
        lease, description = self._environment.started()
        if description.isolation == Isolation.RESET and not self._has_worlds:
            prepare_worlds(lease, self._workers)
            self._has_worlds = True
        return {SOCKET: str(lease.path), SECRETS: list(self._environment.secret_names)}

    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Tell a person's interrupt from a session that gives up, for which xdist raises a kind of its own."""
        self._has_given_up = (
            isinstance(excinfo.value, KeyboardInterrupt) and excinfo.type is not KeyboardInterrupt
        )

    def finish(self, exit_code: int) -> int:
        """Let go, wait for the teardown, and write the reports."""
        ending = self._let_go(exit_code)
        self.ended_badly = ending.error if ending is not None else None
        code = self._judge(exit_code, ending)
        return self._conclude(code) if self._facts.has_begun else code

    def _let_go(self, exit_code: int) -> Ending | None:
        """How the environment ended; None when there was nothing to end."""
        tested = ExitCode.SUITE_FAILED if exit_code == pytest.ExitCode.TESTS_FAILED else ExitCode.OK
        keep = self._environment.is_to_be_kept(tested)
        self._environment.give_up()
        if self._landlord is not None:
            self._landlord.close()
        return self._environment.release(keep=keep)

    def _judge(self, exit_code: int, ending: Ending | None) -> int:
        """The session's exit code: tests that had no working ecosystem prove nothing, whatever pytest says."""
        failure = self._environment.failure
        started_badly = failure.exit_code if failure else ExitCode.OK
        ended = ending.exit_code if ending else ExitCode.OK
        for code in (started_badly, ended):
            if code not in {ExitCode.OK, ExitCode.TEARDOWN}:
                return int(code)
        if not self._facts.has_begun:
            return exit_code
        if self._facts.failure is not None or self._facts.has_broken:
            return int(ExitCode.ENVIRONMENT)
        if self._has_given_up:
            return int(ExitCode.SUITE_FAILED)
        return _MEANINGS.get(exit_code, exit_code) or int(ended)

    def _conclude(self, code: int) -> int:
        """Sweep, state the end, report; the session's exit code after that."""
        from harness.bootstrap.runs.reporting import write_reports  # noqa: PLC0415 - only a run with an ecosystem pays for it

        code = self._after(self._sweep, code)
        duration = time.monotonic() - self._began
        finished = RunFinished(at=self._clock.now(), exit_code=code, duration=duration)
        code = self._after(lambda: self._facts.end(finished), code)
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
        from harness.bootstrap.runs.sweep import sweep  # noqa: PLC0415 - as above

        swept, leftovers = sweep()
        keeper = self._environment.keeper
        ours = keeper.parent.name if keeper is not None else ""
        if leftovers and ours in swept:
            raise TeardownError(f"not everything of {ours} could be removed", evidence=leftovers)


def _new_folder(config: pytest.Config, clock: SystemClock) -> Path:
    from harness.bootstrap.runs.run_folder import new_run_folder  # noqa: PLC0415 - kept light
    from harness.pytest_plugin.options import results_of  # noqa: PLC0415 - kept light

    return new_run_folder(results_of(config), clock)
