"""Why this exists: a component that dies while suites run is told at once, and ends them: they prove nothing more."""

import socket
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from harness.cli.screen import tell
from harness.core.errors import EnvironmentFailedError, HarnessError
from harness.events.facts import EnvironmentFailed, Event
from harness.keeper.client import Lease

_PATIENCE = 5.0  # seconds for a keeper that is there to say goodbye


class BreakWatch:
    """Listens to the keeper in a thread while its block runs. `error` is what broke the environment, told already.

    Args:
        path: Where the keeper listens.
        on_broken: Called once, in that thread, when the environment breaks or its keeper is gone.
    """

    def __init__(self, path: Path, on_broken: Callable[[], None]) -> None:
        self._path = path
        self._on_broken = on_broken
        self._is_leaving = False
        self.error: HarnessError | None = None

    def __enter__(self) -> Self:
        """Begin to listen; what happened before is heard as well. Raises EnvironmentFailedError: nobody is there."""
        self._lease = Lease.attach(self._path, self._hear, hold=False)
        self._thread = threading.Thread(target=self._listen, name="break watch", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_leaving = True
        with socket.socket(fileno=socket.dup(self._lease.fileno())) as connection:
            connection.shutdown(socket.SHUT_WR)  # the keeper takes its leave, and the thread hears the end
        self._thread.join(_PATIENCE)
        if not self._thread.is_alive():
            self._lease.close()

    def _listen(self) -> None:
        ending = self._lease.wait_ended()
        if not self._is_leaving and ending.error is not None:
            self._break(ending.error)
        elif not self._is_leaving:
            self._break(EnvironmentFailedError("the environment was stopped while suites ran against it"))

    def _hear(self, event: Event) -> None:
        if isinstance(event, EnvironmentFailed):
            self._break(EnvironmentFailedError(event.message, hint=event.hint, evidence=event.evidence))

    def _break(self, error: HarnessError) -> None:
        if self.error is None:
            self.error = error
            tell(error)
            self._on_broken()
