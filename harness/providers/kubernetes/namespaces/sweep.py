"""Why this exists: a killed keeper, or a reboot, leaves namespaces; the next command does not.

Only namespaces with our labels and our name are looked at. Those go whose keeper, on this machine, has certainly
ended. Of others nothing is known but how long they wanted to be left alone, which living keepers renew.
"""

import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from harness.providers.docker.keepers import Keeper
from harness.providers.kubernetes.connection.access import connect
from harness.providers.kubernetes.connection.calls import explain
from harness.providers.kubernetes.namespaces.marks import (
    ENVIRONMENT,
    OWNER,
    RUNTIME,
    cluster_time,
    has_expired,
    namespace_of,
)
from harness.providers.kubernetes.namespaces.removal import PATIENCE, remove

if TYPE_CHECKING:
    from kubernetes.client import CoreV1Api, V1ObjectMeta

_TIMEOUT = (5.0, 30.0)  # seconds to be connected, and until an answer has come
_AT_ONCE = 8


def sweep_cluster(context: str, is_kept: Callable[[Path], bool]) -> tuple[list[str], list[str]]:
    """Remove the namespaces of environments without a keeper.

    Args:
        context: The kubeconfig's, as `access.resolve` gives it.
        is_kept: Whether the keeper of the environment with that runtime folder, which is there, lives.

    Returns:
        The ids of the environments that were removed, and in words what could not be.

    Raises:
        ProviderUnavailableError: there is no cluster.
        EnvironmentFailedError: it does not answer, or refuses to.
    """
    client = connect(context)
    from kubernetes.client import CoreV1Api  # noqa: PLC0415 - an extra, and slow to import

    try:
        return _sweep(CoreV1Api(client), is_kept)
    except Exception as error:
        told = explain(error)
        if told is None:
            raise
        raise told from error
    finally:
        client.close()  # type: ignore[no-untyped-call] # the library has no types for it


def _sweep(core: "CoreV1Api", is_kept: Callable[[Path], bool]) -> tuple[list[str], list[str]]:
    listed, _, headers = core.list_namespace_with_http_info(
        label_selector=ENVIRONMENT, _request_timeout=_TIMEOUT
    )
    now = cluster_time(headers)
    ours = [each.metadata for each in listed.items if each.metadata and _is_ours(each.metadata)]
    dead = [metadata for metadata in ours if _is_forsaken(metadata, now, is_kept)]
    with ThreadPoolExecutor(_AT_ONCE) as threads:
        leftovers = list(chain.from_iterable(threads.map(partial(_remove, core, now), dead)))
    return [(metadata.labels or {})[ENVIRONMENT] for metadata in dead], leftovers


def _remove(core: "CoreV1Api", now: datetime, metadata: "V1ObjectMeta") -> tuple[str, ...]:
    """One that has been going for long is not waited for again, at every start."""
    since = metadata.deletion_timestamp or now
    return remove(core, str(metadata.name), seen=metadata, timeout=PATIENCE - (now - since).total_seconds())


def _is_ours(metadata: "V1ObjectMeta") -> bool:
    """Whether it is a namespace of this harness, whoever ran it; others may have such a label for their own ends."""
    return metadata.name == namespace_of((metadata.labels or {}).get(ENVIRONMENT, ""))


def _is_forsaken(metadata: "V1ObjectMeta", now: datetime, is_kept: Callable[[Path], bool]) -> bool:
    """Whether nobody keeps it any more, and nobody else sees to its end."""
    annotations = metadata.annotations or {}
    if (metadata.labels or {}).get(OWNER) == str(os.geteuid()):
        has_ended = _has_ended(annotations, is_kept)
        if has_ended is not None:
            return has_ended
    is_going = metadata.deletion_timestamp is not None
    return not is_going and has_expired(annotations, now)


def _has_ended(annotations: Mapping[str, str], is_kept: Callable[[Path], bool]) -> bool | None:
    """Whether the keeper has; None where that cannot be told from here.

    The lock in the folder knows best; that there is no folder proves nothing, as it may only not be seen here.
    """
    folder = Path(annotations.get(RUNTIME, "/nowhere"))
    if os.path.exists(folder):  # noqa: PTH110 - the other one fails where we may not look
        return not is_kept(folder)
    keeper = Keeper.told_by(annotations)
    return True if keeper is not None and keeper.has_ended(lambda _container: True) else None
