"""Why this exists: the fault of a component that dies without a word."""

from dataclasses import dataclass

from harness.faults.base import Ground, Heal


@dataclass(frozen=True, slots=True)
class Kill:
    """SIGKILL for all of a component. Healing starts it again in its place and waits until it is ready."""

    component: str

    @property
    def components(self) -> tuple[str, ...]:
        """Whom it is done to."""
        return (self.component,)

    async def inject(self, ground: Ground) -> Heal:
        """Returns when it is dead."""
        await ground.kill(self.component)

        async def heal() -> None:
            await ground.bring_back(self.component)

        return heal
