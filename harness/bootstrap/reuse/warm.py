"""Why this exists: tests take the environment of `harness up` if it is what they would start, and leave it as it was.

One session at a time: two would put back what the other has just written. A file beside the keeper's socket is
locked meanwhile, and released by the kernel whatever ends the session.
"""

import fcntl
import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from harness.bootstrap.preparation.request import Request, Warm
from harness.bootstrap.reuse.asking import Asked, Compared, in_words
from harness.core.errors import HarnessError, UsageError
from harness.events.facts import ComponentChanged, EnvironmentStarted, Event, PlanMade, State
from harness.events.log import Emit
from harness.keeper import folders
from harness.keeper.client import Lease
from harness.keeper.description import EnvironmentDescription
from harness.providers.names import EXISTING
from harness.spec.model import Isolation
from harness.worlds.base import SEEDED

BEFORE = "before-tests"
"""The snapshot of what was there when tests took an environment, which they put back at their end."""

_TIMEOUT = 3.0  # seconds; a keeper that works answers within milliseconds
_COMPARING = 30.0  # seconds
_LOCK = "tests.lock"
_HINT = "`harness down` and `harness up` make it new"

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class WarmEnvironment:
    """One of `harness up` that tests run on.

    Args:
        lease: Holds it.
        description: What it offers.
        compared: How it was when it was found.
        states: The state of every component.
        lock: Keeps other sessions away.
        took: Seconds until it was clean.
    """

    lease: Lease
    description: EnvironmentDescription
    compared: Compared
    states: dict[str, str]
    lock: int
    took: float

    @property
    def name(self) -> str:
        """How messages call it."""
        return f"{self.description.ecosystem} ({self.description.environment_id}) of harness up"

    @property
    def told(self) -> str:
        """What was done to it, for the person whose it is."""
        anew = [in_words(name, paths) for name, paths in self.compared.changed.items()]
        return self.name + (f", started anew: {'; '.join(anew)}" if anew else "")

    def facts(self) -> Iterator[Event]:
        """What a run states of an environment that it has not started itself."""
        now = time.time()
        yield PlanMade(at=now, levels=self.compared.levels, skipped=self.compared.skipped)
        for name, state in self.states.items():
            new = State(state)
            yield ComponentChanged(at=now, component=name, old=State.PLANNED, new=new, detail="ran before")
        path = ((self.name, "made clean", self.took),)
        name = self.description.environment_id
        yield EnvironmentStarted(at=now, environment_id=name, duration=self.took, critical_path=path)

    def leave(self) -> None:
        """Put back what was there before the tests, and let others have it; the lease goes on.

        Raises:
            HarnessError: it cannot be put back, or the environment is gone.
        """
        try:
            if _is_reset(self.description):
                self.lease.ask("reset", snapshot=BEFORE)
        finally:
            os.close(self.lock)


class Search:
    """Asks every environment of `harness up` of the same files whether it would do; they answer while we go on.

    Args:
        request: What a person asked for.
    """

    def __init__(self, request: Request) -> None:
        self._request = request
        self._asked: list[tuple[Path, Lease, int]] = []
        for folder in _candidates(request) if _is_possible(request) else ():
            self._ask(folder)

    def take(self, on_event: Emit, tell: Tell) -> WarmEnvironment | None:
        """One that can be made what the request would start; None where there is none.

        Args:
            on_event: Called with every fact from now on, as the lease is read.
            tell: Called with a line that says why one that runs is left alone.

        Raises:
            UsageError: the person insists, and there is none.
        """
        why = "none of these files runs"
        for folder, asking, number in self._asked:
            try:
                return self._enter(folder, asking, number, on_event)
            except HarnessError as error:
                why = f"{folder.name} of harness up was left alone: {error.line}"
                tell(why)
        if self._request.warm is Warm.ALWAYS:
            raise UsageError(f"no environment of harness up can be used: {why}", hint=_HINT)
        return None

    def close(self) -> None:
        """Listen to no answer any more. Idempotent."""
        for _, asking, _ in self._asked:
            asking.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _ask(self, folder: Path) -> None:
        try:
            lease = Lease.attach(folders.socket_path(folder), None, hold=False)
        except HarnessError:  # it has just ended
            return
        number = lease.post("compare", asked=Asked.here(self._request).to_json())
        self._asked.append((folder, lease, number))

    def _enter(self, folder: Path, asking: Lease, number: int, on_event: Emit) -> WarmEnvironment:
        """A clean environment. Raises HarnessError when it cannot be had; it is let go then."""
        began = time.monotonic()
        with ExitStack() as undoing:
            lock = _lock(folder)
            undoing.callback(os.close, lock)
            socket = folders.socket_path(folder)
            lease = undoing.enter_context(Lease.attach(socket, on_event, hold=True, history=False))
            undoing.callback(lease.let_go)
            states = _ready(lease)
            compared = Compared.from_json(asking.answer(number, "compare", timeout=_COMPARING))
            description = _clean(lease, compared, is_any_good=self._request.warm is Warm.ALWAYS)
            undoing.pop_all()
        return WarmEnvironment(lease, description, compared, states, lock, time.monotonic() - began)


def _is_possible(request: Request) -> bool:
    """What is measured is measured from its start; what exists already is somebody else's."""
    if request.warm is Warm.NEVER or request.is_measured:
        return False
    return request.provider != EXISTING and not request.base_url


def _candidates(request: Request) -> Iterable[Path]:
    """The folders of the environments of `harness up` that live, of the request's files, newest first."""
    files = tuple(str(file.parent.resolve() / file.name) for file in request.files)
    for folder, about in folders.known():
        if about.files == files and not about.is_for_tests and folders.is_kept(folder):
            yield folder


def _ready(lease: Lease) -> dict[str, str]:
    """The states of its components. Raises UsageError where it is starting, broken or ending."""
    status = lease.ask("status", timeout=_TIMEOUT)
    if status["phase"] != "ready":
        raise UsageError(f"it is {status['phase']}")
    states: dict[str, str] = status["states"]
    return states


def _clean(lease: Lease, compared: Compared, *, is_any_good: bool) -> EnvironmentDescription:
    """Make it what is wanted. Raises HarnessError where that cannot be."""
    description = lease.wait_started()
    if compared.reasons:
        more = len(compared.reasons) - 1
        raise UsageError(compared.reasons[0] + (f" (and {more} more)" if more else ""))
    if not (is_any_good or _is_reset(description)):
        raise UsageError("nothing is reset there, so that it may not be clean")
    if compared.is_grown and not is_any_good:
        raise UsageError("more was seeded there than a start does")
    if compared.changed:
        lease.ask("renew", components=list(compared.changed))
    if _is_reset(description):
        lease.ask("snapshot", snapshot=BEFORE)
        lease.ask("reset", snapshot=SEEDED)
    return description


def _is_reset(description: EnvironmentDescription) -> bool:
    return description.isolation == Isolation.RESET


def _lock(folder: Path) -> int:
    """Keep other sessions away. Raises UsageError: another one is there, or the environment is gone."""
    try:
        descriptor = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise UsageError(f"it has just ended ({error.strerror})") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise UsageError("other tests run on it") from None
    return descriptor
