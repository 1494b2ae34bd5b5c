"""Why this exists: the fault that shows whether callers try again: the first requests fail, the next one works."""

from dataclasses import dataclass

from harness.core.errors import UsageError
from harness.faults.base import Ground, Heal, lay
from harness.faults.rule import Rule


@dataclass(frozen=True, slots=True)
class FailFirst:
    """The first requests to a component are answered by a reset of their connection; the component never sees them.

    A request is what a source says at the beginning of a connection or after it was answered: with HTTP a request,
    with a database's protocol also each step of logging in.

    Args:
        component: To whom.
        requests: How many fail, of all sources together.
        sources: Whose requests: components, TESTS; everybody's when empty.
    """

    component: str
    requests: int = 1
    sources: tuple[str, ...] = ()

    @property
    def components(self) -> tuple[str, ...]:
        """Whom it is done to."""
        return (self.component,)

    async def inject(self, ground: Ground) -> Heal:
        """Counting begins now, also on open connections."""
        if self.requests < 1:
            raise UsageError(f"the first {self.requests} requests cannot fail", hint="take 1 or more")
        return await lay(_FailSome(self.requests), ground.links(self.component, self.sources))


@dataclass(eq=False)
class _FailSome(Rule):
    left: int

    def fails(self) -> bool:
        """Until as many have failed as should."""
        self.left -= 1
        return self.left >= 0
