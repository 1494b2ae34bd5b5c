"""Why this exists: the fault of a component that dies, and that what looks after it starts again by itself."""

from dataclasses import dataclass

from harness.faults.base import Ground, Heal


@dataclass(frozen=True, slots=True)
class Crash:
    """SIGKILL for all of a component, and a start at once. Over when it is ready again: there is nothing left to heal.

    In a cluster its pods are removed without grace, and its Deployment makes others.
    """

    component: str

    @property
    def components(self) -> tuple[str, ...]:
        """Whom it is done to."""
        return (self.component,)

    async def inject(self, ground: Ground) -> Heal:
        """Returns when it is ready again."""
        await ground.crash(self.component)

        async def heal() -> None:
            """It has come back already."""

        return heal
