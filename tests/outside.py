"""Why this exists: replicas are ended from outside, as an operator or a kernel does it, wherever they run."""

import asyncio
import os
import signal
from contextlib import closing

from harness.containers import engine
from jonar.client import Instance
from tests.cluster import connected

_GRACE = 10  # seconds that a container gets to end by itself


async def kill(replica: Instance) -> None:
    """End a replica at once, without a word to it."""
    await asyncio.to_thread(_end, replica, 0)


async def end(replica: Instance) -> None:
    """Ask a replica to end; a container, or a pod, is given a few seconds for that."""
    await asyncio.to_thread(_end, replica, _GRACE)


async def exists(replica: Instance) -> bool:
    """Whether anything of a replica is left."""
    return await asyncio.to_thread(_exists, replica)


def _exists(replica: Instance) -> bool:
    if replica.pod is not None:
        with connected() as (pods, namespace):
            return bool(
                pods.list_namespaced_pod(namespace, field_selector=f"metadata.name={replica.pod}").items
            )
    if replica.container is not None:
        with closing(engine.connect()) as client:
            return bool(client.containers.list(all=True, filters={"id": replica.container}))
    assert replica.pid is not None
    try:
        os.kill(replica.pid, 0)
    except ProcessLookupError:
        return False
    return True


def _end(replica: Instance, grace: int) -> None:
    if replica.pod is not None:
        _delete_pod(replica.pod, grace)
    elif replica.container is not None:
        _stop_container(replica.container, grace)
    else:
        assert replica.pid is not None
        os.kill(replica.pid, signal.SIGTERM if grace else signal.SIGKILL)


def _stop_container(container: str, grace: int) -> None:
    with closing(engine.connect()) as client:
        found = client.containers.get(container)
        found.stop(timeout=grace) if grace else found.kill()


def _delete_pod(pod: str, grace: int) -> None:
    with connected() as (pods, namespace):
        # a pod that is told to end at once is killed
        pods.delete_namespaced_pod(pod, namespace, grace_period_seconds=grace)
