"""Why this exists: a killed keeper, or a reboot, leaves containers, networks and volumes; the next command does not.

Only what carries our owner label is looked at, and only what no living keeper holds is removed.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from harness.containers.engine import connect
from harness.providers.docker.labels import ENVIRONMENT, OWNER, RUNTIME, owner
from harness.providers.docker.removal import clear


def sweep_engine(is_kept: Callable[[Path], bool]) -> tuple[list[str], list[str]]:
    """Remove what environments without a keeper have on the engine.

    Args:
        is_kept: Whether the keeper of the environment with that runtime folder lives.

    Returns:
        The ids of the environments that were removed, and in words what could not be.

    Raises:
        ProviderUnavailableError: there is no engine.
    """
    client = connect()
    try:
        dead = {
            labels[ENVIRONMENT]
            for labels in _ours(client)
            if not is_kept(Path(labels.get(RUNTIME, "/nowhere")))
        }
        leftovers = [
            told
            for environment_id in sorted(dead)
            for told in clear(client, f"{ENVIRONMENT}={environment_id}")
        ]
    finally:
        client.close()
    return sorted(dead), leftovers


def _ours(client: Any) -> Iterator[dict[str, str]]:
    """The labels of everything that this user on this machine has on the engine."""
    filters = {"label": f"{OWNER}={owner()}"}
    for container in client.containers.list(all=True, filters=filters, ignore_removed=True):
        yield container.labels
    for made in (*client.networks.list(filters=filters), *client.volumes.list(filters=filters)):
        yield made.attrs["Labels"]
