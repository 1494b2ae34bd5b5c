"""Why this exists: where tests reach a component: through the API server, or, within the cluster, at its Service."""

from typing import Protocol

from harness.core.endpoint import Endpoint
from harness.readiness.base import Probe
from harness.readiness.tcp import TcpProbe


class Entry(Protocol):
    """One port of a component, as tests see it: there from `open` to `shut`, again and again, until it is closed."""

    @property
    def endpoint(self) -> Endpoint:
        """Where it is, always."""
        ...

    @property
    def probe(self) -> Probe | None:
        """What shows that it leads to a pod that is ready; None where that needs no showing."""
        ...

    async def open(self) -> None:
        """Take connections."""
        ...

    async def shut(self) -> None:
        """Refuse them. Idempotent."""
        ...

    async def aclose(self) -> None:
        """Give back what it has. Idempotent."""
        ...


class ServiceEntry:
    """A port of a component's Service: the cluster takes connections while it has a pod to lead them to.

    Args:
        service: Its name.
        namespace: Where it is.
        target: The port.
    """

    def __init__(self, service: str, namespace: str, target: int) -> None:
        self.endpoint = Endpoint(f"{service}.{namespace}.svc", target, target)
        # every node learns a moment after a pod is ready that connections go there
        self.probe: Probe | None = TcpProbe(self.endpoint)

    async def open(self) -> None:
        """Nothing: there is a pod or not."""

    async def shut(self) -> None:
        """Nothing, as above."""

    async def aclose(self) -> None:
        """Nothing: the Service goes with its namespace."""
