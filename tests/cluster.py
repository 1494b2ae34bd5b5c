"""Why this exists: some tests look into the cluster that their environment is in, or do something to it themselves."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kubernetes.client import CoreV1Api


@contextmanager
def connected() -> Iterator[tuple["CoreV1Api", str]]:
    """A client, and the environment's namespace; calls block."""
    from kubernetes.client import CoreV1Api  # noqa: PLC0415 - an extra, which only who has a cluster has installed

    from harness.providers.kubernetes.connection.access import connect  # noqa: PLC0415 - as above

    client = connect(os.environ["TEST_KUBE_CONTEXT"])
    try:
        yield CoreV1Api(client), os.environ["TEST_KUBE_NAMESPACE"]
    finally:
        client.close()  # type: ignore[no-untyped-call] # the library has no types for it
