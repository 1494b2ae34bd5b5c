"""Why this exists: the fault of a disk without room: what is on it stays, and nothing more can be written."""

from dataclasses import dataclass

from harness.faults.base import Ground, Heal


@dataclass(frozen=True, slots=True)
class DiskFull:
    """A file system that a component writes to is full: writes fail with ENOSPC, as the kernel says it.

    Only one that is the component's own, and has a size: a `tmpfs` with `size` in its Compose service. A file fills it;
    healing removes that file. Whether the component recovers from what it met meanwhile is its own affair.

    Args:
        component: Whose.
        path: Where it is mounted, as the Compose file writes it; None for the only one that the component has.
    """

    component: str
    path: str | None = None

    @property
    def components(self) -> tuple[str, ...]:
        """Whom it is done to."""
        return (self.component,)

    async def inject(self, ground: Ground) -> Heal:
        """Returns when there is no room left."""
        path = await ground.fill_disk(self.component, self.path)

        async def heal() -> None:
            await ground.free_disk(self.component, path)

        return heal
