"""Why this exists: a world that cannot be cleaned is an environment's failure, never a test's."""

from harness.core.errors import EnvironmentFailedError


class WorldError(EnvironmentFailedError):
    """A store's state could not be kept or put back; tests after this one would not start clean."""
