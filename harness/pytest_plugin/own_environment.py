"""Why this exists: a session by itself starts or joins an environment once, whoever asks first, and lets go of it."""

import threading
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness.bootstrap.preparation.stay import Keep
from harness.bootstrap.runs.run_folder import borrow_logs, make_run_folder
from harness.core.clock import Clock
from harness.core.errors import ExitCode, HarnessError
from harness.events.facts import Event, RunStarted
from harness.keeper.client import Lease
from harness.keeper.description import EnvironmentDescription
from harness.keeper.protocol import Ending
from harness.pytest_plugin.facts import OwnFacts
from harness.pytest_plugin.joining import Joining
from harness.suites.secrets import secret_exports, secret_values

if TYPE_CHECKING:  # kept off sessions without an ecosystem
    from harness.bootstrap.preparation.request import Request


class OwnEnvironment:
    """Nothing is started and nothing written before somebody asks for it; that begins the session's run.

    Args:
        config: Of the session.
        folder: The run's, to be made.
        facts: The session's.
        clock: Where time comes from.
    """

    def __init__(self, config: pytest.Config, folder: Path, facts: OwnFacts, clock: Clock) -> None:
        self._config = config
        self._folder = folder
        self._facts = facts
        self._clock = clock
        # Of lease and end: workers ask in another thread than the session ends in.
        self._lock = threading.Lock()
        self._lease: Lease | None = None
        self._is_over = False
        self._description: EnvironmentDescription | None = None
        self._keep = Keep.NEVER
        self.joining = Joining(config)
        self.failure: HarnessError | None = None  # why it did not start, or could not be left as it was
        self.kept: EnvironmentDescription | None = None
        self.secret_names: tuple[str, ...] = ()
        self.secrets: tuple[str, ...] = ()

    @property
    def keeper(self) -> Path | None:
        """Where its keeper listens; None where there is none."""
        return self._lease.path if self._lease is not None else None

    def started(self) -> tuple[Lease, EnvironmentDescription]:
        """The environment, once it is ready; a start that failed is not tried again for every test.

        Raises:
            HarnessError: it did not start.
        """
        if self.failure is not None:
            raise self.failure
        try:
            lease = self._lease or self._acquire()
            description = lease.wait_started()
        except HarnessError as error:
            self.failure = None if self._is_over else error  # what is given up has not failed
            raise
        self.secrets = secret_values(description.variables, self.secret_names)
        self._description = description
        return lease, description

    def is_to_be_kept(self, tested: ExitCode) -> bool:
        """Whether it outlives the session, as the person wants it to.

        Args:
            tested: What came of the tests.
        """
        if self._description is None:
            return False
        return self._keep.is_wanted(ExitCode.ENVIRONMENT if self._facts.has_broken else tested)

    def give_up(self) -> None:
        """The session is over: a start that is under way for a worker is wanted no more."""
        with self._lock:
            self._is_over = True
            if self._lease is not None and self._description is None:
                self._lease.let_go()

    def release(self, *, keep: bool) -> Ending | None:
        """Let go, and wait for what comes of it: how it ended; None when it goes on, or never was."""
        self.failure = self.joining.leave() or self.failure
        ending = self._lease.release(keep=keep) if self._lease is not None else None
        self.kept = self._description if keep and ending is None else None
        return ending

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

    def _join(self, request: "Request") -> Lease | None:
        """One of `harness up`, where it is what we would start."""
        warm = self.joining.take(request, self._facts.record)
        if warm is None:
            return None
        self.secret_names = warm.compared.secrets
        make_run_folder(self._folder)
        borrow_logs(self._folder, Path(warm.description.results))
        there = warm.description
        self._begin(there.ecosystem, there.provider, there.seed, warm.facts())
        return warm.lease

    def _start(self, request: "Request") -> Lease:
        """One of our own."""
        from harness.bootstrap.keeping.acquire import acquire  # noqa: PLC0415 - as above
        from harness.bootstrap.preparation.lasting import what_lasts  # noqa: PLC0415 - as above
        from harness.bootstrap.preparation.preparing import prepare  # noqa: PLC0415 - as above

        prepared = prepare(request)
        if lasting := what_lasts(prepared):
            self.joining.tell(lasting)
        self.secret_names = secret_exports(prepared.ecosystem)
        make_run_folder(self._folder)
        plan = prepared.plan_made(self._clock.now())
        self._begin(prepared.ecosystem.name, prepared.kind.name, request.seed, (plan,))
        return acquire(prepared, self._folder, None)

    def _begin(self, ecosystem: str, provider: str, seed: int, facts: Iterable[Event]) -> None:
        """The run begins."""
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
        self._facts.begin(begun, *facts)
