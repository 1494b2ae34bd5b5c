"""Why this exists: the fault of a component that nobody runs any more: it was asked to go, and has gone."""

from dataclasses import dataclass

from harness.faults.base import Ground, Heal


@dataclass(frozen=True, slots=True)
class ScaleToZero:
    """All replicas of a component end politely, and none comes in their place until it heals.

    In a cluster its Deployment is scaled to zero, and stays; elsewhere the component is stopped.
    """

    component: str

    @property
    def components(self) -> tuple[str, ...]:
        """Whom it is done to."""
        return (self.component,)

    async def inject(self, ground: Ground) -> Heal:
        """Returns when the last one has ended."""
        await ground.scale_to_zero(self.component)

        async def heal() -> None:
            await ground.bring_back(self.component)

        return heal
