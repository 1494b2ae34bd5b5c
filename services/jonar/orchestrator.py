"""Why this exists: what Jonar needs of whoever keeps replicas, be it Jonar itself or the cluster that it is in."""

from collections.abc import Coroutine
from typing import Any, Protocol

from jonar.deployments import Deployment, Replica
from jonar.runtime.base import Usage
from kernel.errors import ApiError


class NotRunningError(ApiError):
    """Jonar is starting or ending and takes no orders."""

    def __init__(self) -> None:
        super().__init__(503, "unavailable", "Jonar is starting or ending; try again in a moment.")


class Orchestrator(Protocol):
    """Keeps as many replicas running and ready as each deployment wants, and tells what becomes of them.

    Orders return at once; how far they are carried out is read from the deployment. All of them raise NotRunningError
    while it does not work.
    """

    async def run(self) -> None:
        """Work until cancelled; then end every replica."""
        ...

    async def warm(self) -> None:
        """Do ahead of time what makes the first deployment slow; OSError when that cannot be done."""
        ...

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something in the background for as long as the orchestrator works."""
        ...

    def find(self, deployment_id: str) -> Deployment | None:
        """A deployment that is kept here."""
        ...

    def deployments(self, component: str | None = None) -> list[Deployment]:
        """The deployments kept here, oldest first; of one component where it is named."""
        ...

    def pick(self, deployment_id: str) -> Replica | None:
        """The ready replica whose turn it is to take a request; None while there is none."""
        ...

    def reach(self, replica_id: str) -> Replica | None:
        """A replica that has not ended, whatever its state."""
        ...

    def adopt(self, deployment: Deployment) -> None:
        """Keep a deployment from now on."""
        ...

    def scale(self, deployment_id: str, replicas: int, reason: str) -> None:
        """Want another number of replicas. Nothing happens when it is the same, or the deployment is gone."""
        ...

    def update(self, deployment_id: str, version: str) -> None:
        """Want another version: its replicas come one by one, and each takes the place of an old one once it serves.

        Nothing happens when it is the same, or the deployment is gone.
        """
        ...

    def remove(self, deployment_id: str) -> None:
        """Stop every replica of a deployment and forget it then."""
        ...

    def autoscales(self, deployment: Deployment) -> bool:
        """Whether it follows the deployment's policy by itself, so that nobody else has to."""
        ...

    async def measure(self, replica: Replica, told: Usage) -> Usage | None:
        """What a replica uses, which itself has `told` that much; None when it cannot be measured."""
        ...
