"""Why this exists: a session whose facts cannot be written, as on a full disk, ends: it could prove nothing."""

from pathlib import Path

from harness.core.errors import HarnessError, refused
from harness.events.facts import Event
from harness.events.log import EventLog


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

    def close(self) -> None:
        """Close the file."""
        self._log.close()
