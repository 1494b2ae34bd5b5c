"""Why this exists: what an engine refuses, and that it went away, is told alike by whoever notices first."""

from collections.abc import Sequence

from harness.core.errors import EnvironmentFailedError

_TAKEN = "another program asked for the number of this port, and got it: start the environment anew"
_HINTS = {
    "port is already allocated": _TAKEN,
    "address already in use": _TAKEN,
    "no space left": "the engine's disk is full: `docker system df` shows by what",
    "non-overlapping": "the engine has no address range left for a network: `docker network prune` removes unused ones",
}


def refused(
    what: str, error: Exception, hint: str = "", evidence: Sequence[str] = ()
) -> EnvironmentFailedError:
    """The engine's refusal in one line, with what to do about it.

    Args:
        what: What the engine does not do.
        error: Its answer.
        hint: What to do where its answer suggests nothing better.
        evidence: What was seen beyond that.
    """
    told = told_by(error)
    better = next((hint for sign, hint in _HINTS.items() if sign in told), hint)
    return EnvironmentFailedError(f"{what}: {told}", hint=better, evidence=evidence)


def told_by(error: Exception) -> str:
    """What an engine, or the way to it, said; in one line."""
    return " ".join(str(getattr(error, "explanation", None) or error).split())


def is_loss(error: BaseException) -> bool:
    """Whether an error says that the engine gave no answer, and not that its answer was no."""
    from requests import RequestException  # noqa: PLC0415 - the SDK is loaded by now; see engine

    return isinstance(error, RequestException) and not is_refusal(error)


def is_refusal(error: BaseException) -> bool:
    """Whether an error says that the engine's answer was no."""
    from docker.errors import APIError  # noqa: PLC0415 - as above

    return isinstance(error, APIError)


def engine_lost(told: str = "") -> EnvironmentFailedError:
    """The engine went away while it was needed."""
    return EnvironmentFailedError(
        "the container engine does not answer any more",
        evidence=[told] if told else (),
        hint="its own log says why; once it runs again, `harness down` removes what is left",
    )
