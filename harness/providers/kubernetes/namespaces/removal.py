"""Why this exists: a namespace goes with all that is in it, at once, and what keeps it is named.

A cluster first looks into a namespace that is to go 5 s later, so that all its API servers have heard of it
(namespaceDeletionGracePeriod in k8s.io/kubernetes/pkg/controller/namespace). It is gone then, if no pod is left; with
one that is, the cluster looks again after half of that pod's grace. So pods are told to end at once.
"""

import json
import math
import time
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from harness.providers.kubernetes.connection.calls import told_by
from harness.providers.kubernetes.connection.streams import lines_of
from harness.providers.kubernetes.namespaces.blocking import blocking

if TYPE_CHECKING:
    from kubernetes.client import CoreV1Api, V1ObjectMeta

# Seconds that a cluster may take to remove a namespace; what keeps it is asked for then, while the engine still waits.
PATIENCE = 45.0
# Seconds of grace. With 0 a cluster would forget pods whose processes go on for seconds: nobody could tell then that
# they have ended.
AT_ONCE = 1


def remove(
    core: "CoreV1Api", name: str, seen: "V1ObjectMeta | None" = None, timeout: float = PATIENCE
) -> tuple[str, ...]:
    """Remove a namespace with all that is in it; blocks until it is gone, and names what keeps it from going.

    Args:
        core: The client.
        name: The namespace's.
        seen: What it was judged by: one that has changed since then stays, and nothing is named.
        timeout: Seconds that it may take.
    """
    from kubernetes.client import ApiException  # noqa: PLC0415 - loaded by now; see access
    from urllib3.exceptions import HTTPError  # noqa: PLC0415 - as above

    deadline = time.monotonic() + timeout
    try:
        _ask(core, name, seen)
        while (listed := _listed(core, name)).items:
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                return (f"namespace {name}: {blocking(core, listed.items[0])}",)
            _wait_gone(core, name, listed.metadata.resource_version, remaining)
    except ApiException as error:
        is_changed = seen is not None and error.status == HTTPStatus.CONFLICT
        return () if is_changed else (f"namespace {name}: {told_by(error)}",)
    except HTTPError as error:
        return (f"namespace {name}: the cluster does not answer: {told_by(error)}",)
    return ()


def _ask(core: "CoreV1Api", name: str, seen: "V1ObjectMeta | None") -> None:
    """Nothing can be made in it any more once it is to go; nothing replaces its pods then."""
    from kubernetes.client import V1DeleteOptions, V1Preconditions  # noqa: PLC0415 - as above

    condition = seen and V1Preconditions(uid=seen.uid, resource_version=seen.resource_version)
    unless_gone(core.delete_namespace, name, body=V1DeleteOptions(preconditions=condition))
    unless_gone(core.delete_collection_namespaced_pod, name, grace_period_seconds=AT_ONCE)


def _listed(core: "CoreV1Api", name: str) -> Any:
    """A list of it, or of nothing; with a version from which it can be watched."""
    return core.list_namespace(field_selector=f"metadata.name={name}")


def _wait_gone(core: "CoreV1Api", name: str, version: str, timeout: float) -> None:
    """Return when it is gone, or `timeout` seconds are over; or earlier, when the cluster tells no more."""
    options: dict[str, Any] = {"watch": True, "resource_version": version, "_preload_content": False}
    answer = core.list_namespace(
        field_selector=f"metadata.name={name}", timeout_seconds=math.ceil(timeout), **options
    )
    for line in lines_of(answer):
        if json.loads(line)["type"] in {"DELETED", "ERROR"}:
            return


def unless_gone(call: Any, *args: Any, **options: Any) -> Any:
    """What a call gives; None where there is nothing by that name."""
    from kubernetes.client import ApiException  # noqa: PLC0415 - loaded by now; see access

    try:
        return call(*args, **options)
    except ApiException as error:
        if error.status == HTTPStatus.NOT_FOUND:
            return None
        raise
