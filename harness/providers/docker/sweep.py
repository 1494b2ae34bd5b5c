"""Why this exists: a killed keeper, or a reboot, leaves containers, networks and volumes; the next command does not.

Only what carries our labels is looked at, and only what this user's keepers made that have certainly ended is removed.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from harness.containers.engine import connect
from harness.providers.docker.keepers import Keeper, runs
from harness.providers.docker.labels import ENVIRONMENT, OWNER, RUNTIME
from harness.providers.docker.removal import clear


def sweep_engine(is_kept: Callable[[Path], bool]) -> tuple[list[str], list[str]]:
    """Remove what environments without a keeper have on the engine.

    Args:
        is_kept: Whether the keeper of the environment with that runtime folder, which is there, lives.

    Returns:
        The ids of the environments that were removed, and in words what could not be.

    Raises:
        ProviderUnavailableError: there is no engine.
    """
    client = connect()
    try:
        found = {labels[ENVIRONMENT]: labels for labels in _ours(client)}
        dead = sorted(
            name for name, labels in found.items() if _is_dead(labels, is_kept, partial(runs, client))
        )
        leftovers = [told for name in dead for told in clear(client, f"{ENVIRONMENT}={name}")]
    finally:
        client.close()
    return dead, leftovers


def _is_dead(labels: Mapping[str, str], is_kept: Callable[[Path], bool], runs: Callable[[str], bool]) -> bool:
    """The lock in the folder knows best; that there is no folder proves nothing, as it may only not be seen here."""
    folder = Path(labels.get(RUNTIME, "/nowhere"))
    if os.path.exists(folder):  # noqa: PTH110 - the other one fails where we may not look
        return not is_kept(folder)
    keeper = Keeper.told_by(labels)
    return keeper is not None and keeper.has_ended(runs)


def _ours(client: Any) -> Iterator[dict[str, str]]:
    """The labels of everything that this user has on the engine, from whatever machine or container."""
    filters = {"label": ENVIRONMENT}
    for container in client.containers.list(all=True, filters=filters, ignore_removed=True):
        if _is_ours(container.labels):
            yield container.labels
    for made in (*client.networks.list(filters=filters), *client.volumes.list(filters=filters)):
        if _is_ours(made.attrs["Labels"]):
            yield made.attrs["Labels"]
    for image in client.images.list(filters=filters):
        if _is_ours(image.labels) and image.labels[ENVIRONMENT]:  # none of those that stay
            yield image.labels


def _is_ours(labels: Mapping[str, str]) -> bool:
    return labels.get(OWNER, "").partition("@")[0] == str(os.geteuid())
