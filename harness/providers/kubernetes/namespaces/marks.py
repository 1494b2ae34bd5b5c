"""Why this exists: every namespace says whose it is, and until when, so that nothing else is ever removed.

A label's value is a short word (RFC 1123), so labels are what namespaces are listed by, and annotations tell the rest.
"""

import os
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path

from harness.core.errors import EnvironmentFailedError
from harness.providers.docker.inside import mounted_container
from harness.providers.docker.keepers import Keeper

ENVIRONMENT = "harness.environment"
OWNER = "harness.owner"
RUNTIME = "harness.runtime"
KEEPER = "harness.keeper"
EXPIRES = "harness.expires"


def labels(environment_id: str) -> dict[str, str]:
    """On everything of an environment."""
    return {ENVIRONMENT: environment_id, OWNER: str(os.geteuid())}


def keeper_here() -> Keeper:
    """This process. Of one in a container a reboot is no proof: its machine may be known by a host's name alone."""
    return Keeper.here(mounted_container())


def annotations(runtime: Path, keeper: str) -> dict[str, str]:
    """On its namespace: its folder, and the process that keeps it, as `keepers.Keeper.label` writes it."""
    return {RUNTIME: str(runtime), KEEPER: keeper}


def expiry(now: datetime, term: float) -> dict[str, str]:
    """On its namespace, too: the instant (RFC 3339) after which anybody may remove it, `term` seconds from now.

    Args:
        now: By the cluster's clock, as `cluster_time` gives it.
        term: Seconds.
    """
    return {EXPIRES: (now + timedelta(seconds=term)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")}


def has_expired(annotations: Mapping[str, str], now: datetime) -> bool:
    """Whether that instant has passed; what names none, or none that can be read, does not expire."""
    try:
        return datetime.fromisoformat(annotations[EXPIRES]) < now
    except (KeyError, ValueError, TypeError):  # the last: an instant without a zone
        return False


def cluster_time(headers: Mapping[str, str]) -> datetime:
    """When an answer was given, by the API server's own clock: those of machines need not agree with each other.

    Raises:
        EnvironmentFailedError: it does not tell.
    """
    try:
        return parsedate_to_datetime(headers["Date"])
    except (KeyError, ValueError) as error:
        raise EnvironmentFailedError(
            "the cluster does not tell what time it is, in a Date with its answers"
        ) from error


def namespace_of(environment_id: str) -> str:
    """Its name."""
    return f"harness-{environment_id}"
