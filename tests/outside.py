"""Why this exists: replicas are ended from outside, as an operator or a kernel does it, wherever they run."""

import asyncio
import os
import signal

from harness.containers import engine
from jonar.client import Instance

_GRACE = 10  # seconds that a container gets to end by itself


async def kill(replica: Instance) -> None:
    """End a replica at once, without a word to it."""
    await asyncio.to_thread(_end, replica, 0)


async def end(replica: Instance) -> None:
    """Ask a replica to end; a container, or a pod, is given a few seconds for that."""
    await asyncio.to_thread(_end, replica, _GRACE)


def _end(replica: Instance, grace: int) -> None:
    if replica.pod is not None:
        _delete_pod(replica.pod, grace)
    elif replica.container is not None:
        _stop_container(replica.container, grace)
    else:
        assert replica.pid is not None
        os.kill(replica.pid, signal.SIGTERM if grace else signal.SIGKILL)


def _stop_container(container: str, grace: int) -> None:
    client = engine.connect()
    try:
        found = client.containers.get(container)
        found.stop(timeout=grace) if grace else found.kill()
    finally:
        client.close()


def _delete_pod(pod: str, grace: int) -> None:
    from kubernetes.client import CoreV1Api  # noqa: PLC0415 - an extra, which only who has a cluster has installed

    from harness.providers.kubernetes.access import connect  # noqa: PLC0415 - as above

    client = connect(os.environ["TEST_KUBE_CONTEXT"])
    try:
        # a pod that is told to end at once is killed
        CoreV1Api(client).delete_namespaced_pod(
            pod, os.environ["TEST_KUBE_NAMESPACE"], grace_period_seconds=grace
        )
    finally:
        client.close()  # type: ignore[no-untyped-call] # the library has no types for it
