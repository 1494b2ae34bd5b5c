"""Why this exists: the fault of a component that hangs: it lives, its connections stay open, and nothing happens."""

from dataclasses import dataclass

from harness.faults.base import Ground, Heal


@dataclass(frozen=True, slots=True)
class Pause:
    """SIGSTOP for all of a component's processes, or the engine's pause. Healing lets it go on."""

    component: str

    @property
    def components(self) -> tuple[str, ...]:
        """Whom it is done to."""
        return (self.component,)

    async def inject(self, ground: Ground) -> Heal:
        """Returns when all its processes stand still."""
        await ground.suspend(self.component)

        async def heal() -> None:
            await ground.resume(self.component)

        return heal
