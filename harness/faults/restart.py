"""Why this exists: the fault of a component that goes away and comes back, as in a deployment."""

from dataclasses import dataclass

from harness.faults.base import Ground, Heal


@dataclass(frozen=True, slots=True)
class Restart:
    """A polite stop and a start in its place. Over when it is ready again, so that there is nothing left to heal."""

    component: str

    @property
    def components(self) -> tuple[str, ...]:
        """Whom it is done to."""
        return (self.component,)

    async def inject(self, ground: Ground) -> Heal:
        """Returns when it is ready again."""
        await ground.restart(self.component)

        async def heal() -> None:
            """It has come back already."""

        return heal
