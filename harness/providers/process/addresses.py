"""Why this exists: where everything listens, and where each other component reaches it, is decided before any start."""

from collections.abc import Mapping

from harness.core.endpoint import Endpoint
from harness.faults.base import TESTS
from harness.faults.links import Links
from harness.plan.model import Plan, Step
from harness.providers.existing import Attached
from harness.providers.process.asked import targets
from harness.providers.reservation import LOOPBACK, Reservation
from harness.providers.substitution import Endpoints
from harness.spec.model import Component, Ecosystem


class Addresses:
    """Those of an environment, or of one world of it.

    Args:
        attached: Components that run already, by name: they are where they are.
    """

    def __init__(self, attached: Mapping[str, Attached]) -> None:
        self.links = Links()  # the proxies before those components that the file gives one
        self._own = {name: dict(its.endpoints) for name, its in attached.items()}
        self._components: Mapping[str, Component] = {}
        self._reservations: list[Reservation] = []

    async def lay(self, ecosystem: Ecosystem, plan: Plan) -> None:
        """Reserve a port for all that is to listen, and put proxies where the file asks for faults."""
        self._components = ecosystem.components
        for step in plan.steps:
            if step.name not in self._own:
                self._own[step.name] = {target: self._reserve(target) for target in targets(step.component)}
                if step.component.settings.faults or ecosystem.settings.faults:
                    await self._lay_links(step, plan)

    def of(self, name: str) -> Mapping[int, Endpoint]:
        """Where a component itself listens, by container port."""
        return self._own[name]

    def seen_by_tests(self, name: str) -> Mapping[int, Endpoint]:
        """Where the tests reach a component."""
        return self.links.seen_from(TESTS, name, self._own[name])

    def seen_from(self, source: str) -> Endpoints:
        """Where a component reaches the others, by every name that it may know them by."""
        seen = {name: self.links.seen_from(source, name, own) for name, own in self._own.items()}
        aliases = {
            alias: seen[name]
            for name, component in self._components.items()
            for alias in component.aliases
            if name in seen
        }
        return aliases | seen

    async def aclose(self) -> None:
        """End the proxies and give the ports back. Idempotent."""
        await self.links.aclose()
        for reservation in self._reservations:
            reservation.close()

    async def _lay_links(self, step: Step, plan: Plan) -> None:
        """One proxy for each other component, one for the tests."""
        sources = (*(each.name for each in plan.steps), TESTS)
        await self.links.lay(step.name, self._own[step.name].values(), sources, LOOPBACK)

    def _reserve(self, target: int) -> Endpoint:
        reservation = Reservation()
        self._reservations.append(reservation)
        return Endpoint(LOOPBACK, reservation.port, target)
