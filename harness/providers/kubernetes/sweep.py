"""Why this exists: a killed keeper, or a reboot, leaves namespaces; the next command does not.

Only namespaces with our labels are looked at, and only those whose keeper has certainly ended are removed.
"""

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from harness.providers.docker.keepers import Keeper
from harness.providers.kubernetes.access import connect
from harness.providers.kubernetes.marks import ENVIRONMENT, OWNER, RUNTIME
from harness.providers.kubernetes.namespace import remove


def sweep_cluster(context: str, is_kept: Callable[[Path], bool]) -> tuple[list[str], list[str]]:
    """Remove the namespaces of environments without a keeper.

    Args:
        context: The kubeconfig's, as `access.resolve` gives it.
        is_kept: Whether the keeper of the environment with that runtime folder, which is there, lives.

    Returns:
        The ids of the environments that were removed, and in words what could not be.

    Raises:
        ProviderUnavailableError: there is no cluster.
    """
    client = connect(context)
    from kubernetes.client import CoreV1Api  # noqa: PLC0415 - an extra, and slow to import

    core = CoreV1Api(client)
    swept: list[str] = []
    leftovers: list[str] = []
    for namespace in core.list_namespace(label_selector=f"{OWNER}={os.geteuid()}").items:
        metadata = namespace.metadata
        if metadata is None or not _is_dead(metadata.annotations or {}, is_kept):
            continue
        swept.append((metadata.labels or {})[ENVIRONMENT])
        leftovers += remove(core, str(metadata.name))
    client.close()  # type: ignore[no-untyped-call] # the library has no types for it
    return swept, leftovers


def _is_dead(annotations: Mapping[str, str], is_kept: Callable[[Path], bool]) -> bool:
    """The lock in the folder knows best; that there is no folder proves nothing, as it may only not be seen here."""
    folder = Path(annotations.get(RUNTIME, "/nowhere"))
    if os.path.exists(folder):  # noqa: PTH110 - the other one fails where we may not look
        return not is_kept(folder)
    keeper = Keeper.told_by(annotations)
    return keeper is not None and keeper.has_ended(lambda _container: True)
