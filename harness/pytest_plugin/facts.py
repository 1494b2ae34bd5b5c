"""Why this exists: a session whose facts cannot be written, as on a full disk, ends: it could prove nothing."""

import os
import threading
from collections.abc import Iterable
from pathlib import Path

import pytest

from harness.core.errors import HarnessError, refused
from harness.events.facts import EnvironmentFailed, Event
from harness.events.log import EventLog, read


class Facts:
    """A run's log. `failure` is why a fact could not be written; it is raised once, and nothing is tried after it."""

    def __init__(self, path: Path) -> None:
        self._log = EventLog(path)
        self.failure: HarnessError | None = None

    def __call__(self, event: Event) -> None:
        """State a fact.

        Raises:
            EnvironmentFailedError: it cannot be written.
        """
        if self.failure is not None:
            return
        try:
            self._log(event)
        except OSError as error:
            self.failure = refused(error, "facts cannot be written")
            raise self.failure from error

    def record(self, event: Event) -> None:
        """State a fact, or end the session."""
        try:
            self(event)
        except HarnessError as error:
            pytest.exit(error.line, returncode=os.EX_IOERR)

    def close(self) -> None:
        """Close the file."""
        self._log.close()


class OwnFacts:
    """Those of a session by itself: in memory until its run begins, and in the run's log from then on.

    Args:
        path: Of that log.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()  # those of workers come in other threads
        self._early: list[Event] = []
        self._log: Facts | None = None

    @property
    def has_begun(self) -> bool:
        """Whether there is a run."""
        return self._log is not None

    @property
    def failure(self) -> HarnessError | None:
        """Why one could not be written."""
        return self._log.failure if self._log is not None else None

    @property
    def has_broken(self) -> bool:
        """Whether the environment has failed."""
        return any(isinstance(event, EnvironmentFailed) for event in self.stated())

    def begin(self, *facts: Event) -> None:
        """From now on they go to disk; those from before the run follow the ones that it begins with.

        Raises:
            EnvironmentFailedError: they cannot be written.
        """
        with self._lock:
            self._log = Facts(self._path)
            for event in (*facts, *self._early):
                self._log(event)

    def record(self, event: Event) -> None:
        """State a fact, or end the session."""
        with self._lock:
            if self._log is None:
                self._early.append(event)
            else:
                self._log.record(event)

    def end(self, event: Event) -> None:
        """State the last one of a run. Raises EnvironmentFailedError: it cannot be written."""
        if self._log is not None:
            self._log(event)

    def stated(self) -> Iterable[Event]:
        """Those of the run, as far as they are on disk; none of a session without one."""
        return read(self._path) if self._log is not None else ()
