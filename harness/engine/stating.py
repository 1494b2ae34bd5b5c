"""Why this exists: a fact that cannot be written, as on a full disk, must not break off the teardown that states it."""

from collections.abc import Callable

from harness.core.errors import HarnessError, as_failure, refused
from harness.events.facts import Event
from harness.events.log import Emit


class Stating:
    """An `Emit` that never raises. The first failure goes to `on_failure`, which may state facts itself.

    Args:
        emit: Takes every fact, also after one could not be written: others may still hear of them.
    """

    def __init__(self, emit: Emit) -> None:
        self._emit = emit
        self._has_failed = False
        self.on_failure: Callable[[HarnessError], None] = lambda _failure: None

    def __call__(self, event: Event) -> None:
        """State one fact."""
        try:
            self._emit(event)
        except Exception as error:  # noqa: BLE001 - whoever stated it has other work to finish
            if not self._has_failed:
                self._has_failed = True
                self.on_failure(_told(error))


def _told(error: Exception) -> HarnessError:
    return refused(error, "facts cannot be written") if isinstance(error, OSError) else as_failure(error)
