"""Why this exists: the fault of connections that break, as behind a load balancer that fails over."""

from dataclasses import dataclass

from harness.faults.base import Ground, Heal, lay
from harness.faults.rule import Rule


@dataclass(frozen=True, slots=True)
class Reset:
    """Open connections to a component are reset (TCP RST), and until it heals every new one as well.

    Args:
        component: Whose connections.
        sources: Who is to feel it: components, TESTS; everybody when empty.
    """

    component: str
    sources: tuple[str, ...] = ()

    @property
    def components(self) -> tuple[str, ...]:
        """Whom it is done to."""
        return (self.component,)

    async def inject(self, ground: Ground) -> Heal:
        """Returns when open connections are being reset."""
        links = ground.links(self.component, self.sources)
        heal = await lay(_Refuse(), links)
        for link in links:
            link.reset()
        return heal


class _Refuse(Rule):
    def refuses(self) -> bool:
        """Every one."""
        return True
