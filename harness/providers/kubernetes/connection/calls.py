"""Why this exists: calls to the API server, whose refusals are told in one line."""

import json

from harness.core.errors import EnvironmentFailedError
from harness.providers.calls import Calls


def cluster_calls() -> Calls:
    """Runs calls of the client library."""
    return Calls(explain)


def explain(error: Exception) -> EnvironmentFailedError | None:
    """That the cluster refuses, or does not answer; None for anything else."""
    from kubernetes.client import ApiException  # noqa: PLC0415 - loaded by now; see access
    from urllib3.exceptions import HTTPError  # noqa: PLC0415 - as above

    if isinstance(error, ApiException):
        return EnvironmentFailedError(f"the cluster refuses: {told_by(error)}")
    if isinstance(error, HTTPError):
        told = f"the cluster does not answer: {error}"
        return EnvironmentFailedError(told, hint="`kubectl cluster-info` tells whether it runs")
    return None


def told_by(error: Exception) -> str:
    """The message of a Status (meta/v1), else what the client says."""
    body = getattr(error, "body", None) or ""
    try:
        return str(json.loads(body)["message"])
    except (ValueError, KeyError, TypeError):
        return " ".join(str(error).split())
