"""Why this exists: part of a run, a session works in an environment that somebody else has started and holds."""

import os
from pathlib import Path

from harness.keeper.client import Lease
from harness.keeper.description import EnvironmentDescription
from harness.pytest_plugin.handle import EcosystemHandle
from harness.spec.model import Isolation


class Guest:
    """Enters when a test first asks for the ecosystem.

    Args:
        world: The world that its tests have for themselves, where tests start from the seeded state; empty for none.
    """

    def __init__(self, world: str) -> None:
        self._world = world
        self._lease: Lease | None = None
        self.handle: EcosystemHandle | None = None  # once it has entered

    def enter(self, keeper: Path) -> EcosystemHandle:
        """Attach to the environment whose keeper listens there; its variables are in ours from then on.

        Raises:
            HarnessError: it has ended, or the world does not come up.
        """
        self._lease = Lease.attach(keeper, None, hold=False)
        description = self._own_world(self._lease)
        os.environ.update(description.variables)
        self.handle = EcosystemHandle(self._lease, description)
        return self.handle

    def leave(self) -> None:
        """Let others go on. Idempotent."""
        if self._lease is not None:
            self._lease.close()

    def _own_world(self, lease: Lease) -> EnvironmentDescription:
        description = lease.wait_started()
        is_apart = bool(self._world) and description.isolation == Isolation.RESET
        return lease.enter(self._world) if is_apart else description
