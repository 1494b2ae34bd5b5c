"""Why this exists: calls to the container engine, whose refusals and losses are told in our words."""

from harness.core.errors import EnvironmentFailedError
from harness.providers.calls import Calls
from harness.providers.docker.failures import engine_lost, is_loss, is_refusal, refused, told_by

_UNKNOWN = "the engine's own log says more"


def engine_calls() -> Calls:
    """Runs calls of the SDK."""
    return Calls(explain)


def explain(error: Exception) -> EnvironmentFailedError | None:
    """That the engine gave no answer, or refuses; None for anything else."""
    if not isinstance(error, OSError):  # as all errors on the way to an engine are
        return None
    if is_loss(error):
        return engine_lost(told_by(error))
    if is_refusal(error):
        return refused("the container engine refuses", error, _UNKNOWN, evidence=[str(error)])
    return None
