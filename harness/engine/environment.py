"""Why this exists: a started ecosystem as one value that tests, seeding and front ends work with."""

from collections.abc import Mapping, Sequence

from harness.core.endpoint import Endpoint
from harness.core.errors import HarnessError, UsageError
from harness.engine.exports import render_exports
from harness.engine.ground import EngineGround
from harness.engine.injecting import Injections
from harness.engine.inside import Inside
from harness.engine.keeping import KeptState
from harness.engine.parts import Parts
from harness.engine.restarting import NOTHING, Restarting, running_in
from harness.engine.seeding import Seeded
from harness.engine.startup import Startup
from harness.events.facts import State
from harness.plan.model import Plan, Step
from harness.providers.base import CanExport, CanRenew, Place, Running
from harness.readiness.primary import primary_endpoint
from harness.spec.model import Ecosystem


class Environment:
    """An ecosystem whose components are all ready. `harness.engine.opening.open_environment` makes it.

    Args:
        ecosystem: What was started.
        seed: What its data is generated from.
        parts: What the engine holds for it.
        startup: What starts its components.
    """

    def __init__(self, ecosystem: Ecosystem, seed: int, parts: Parts, startup: Startup) -> None:
        self.ecosystem = ecosystem
        self.seed = seed
        self.seeded: Seeded | None = None
        self.state = KeptState(parts, ecosystem.settings.isolation)
        self.inside = Inside(parts)
        self._parts = parts
        self._restarting = Restarting(parts, startup)
        self._ground = EngineGround(parts, self._restarting, seed)
        self.faults = Injections(self._ground, parts.clock, parts.emit)

    @property
    def id(self) -> str:
        """The name that proves ownership of everything in it."""
        return self._parts.place.environment_id

    @property
    def plan(self) -> Plan:
        """What was started."""
        return self._parts.plan

    @property
    def place(self) -> Place:
        """Where it lives on this machine."""
        return self._parts.place

    @property
    def provider(self) -> str:
        """The name of the provider that runs it."""
        return self._parts.provider.name

    @property
    def states(self) -> Mapping[str, State]:
        """The current state of each component, in the order of the plan."""
        return self._parts.lifecycle.states

    @property
    def variables(self) -> Mapping[str, str]:
        """What the provider and `x-harness.exports` hand to tests, rendered; holds secrets.

        Raises:
            SpecError: an export holds a placeholder that stands for nothing.
        """
        provider = self._parts.provider
        rendered = dict(provider.variables) if isinstance(provider, CanExport) else {}
        for step in self.plan.steps:
            running = self._parts.supervision.running(step.name)
            if running is not None:  # a one-shot's work may be in copied data
                rendered |= render_exports(step.component, running.endpoints, running.environment)
        return rendered

    def endpoint(self, component: str, port: int | None = None) -> Endpoint:
        """Where a component listens.

        Args:
            component: Its name.
            port: The container port; None for its only or first one.

        Raises:
            UsageError: there is no such component, or it does not listen there.
        """
        endpoints = self._running(component).endpoints
        step = self.plan.step(component)
        found = endpoints.get(port) if port else primary_endpoint(step.component, endpoints)
        if found is None:
            known = ", ".join(map(str, endpoints)) or "none"
            asked = f"on port {port}" if port else "on any port"
            raise UsageError(f"{component} does not listen {asked}", hint=f"Its ports: {known}.")
        return found

    @property
    def endpoints(self) -> Mapping[str, tuple[Endpoint, ...]]:
        """Where each component listens, the endpoint meant by default first."""
        return {step.name: self._endpoints(step) for step in self.plan.steps}

    def _endpoints(self, step: Step) -> tuple[Endpoint, ...]:
        running = self._parts.supervision.running(step.name)
        listed = running.endpoints if running is not None else {}
        first = primary_endpoint(step.component, listed)
        return tuple(sorted(listed.values(), key=lambda endpoint: endpoint != first))

    def url(self, component: str) -> str:
        """The base URL of a component, without a trailing slash. Raises as `endpoint` does."""
        return self.endpoint(component).http_url

    def environment_of(self, component: str) -> Mapping[str, str]:
        """The variables a component was given, secrets included. Raises UsageError for an unknown one."""
        return self._running(component).environment

    def tail(self, component: str, lines: int = 20) -> tuple[str, ...]:
        """A component's last log lines, secrets masked. Raises UsageError for an unknown one."""
        return self._running(component).tail(lines)

    @property
    def broken(self) -> HarnessError | None:
        """Why it no longer works; None while it does."""
        return self._parts.supervision.broken

    async def wait_broken(self) -> HarnessError:
        """Return the reason once it no longer works; wait for ever while it does."""
        return await self._parts.supervision.wait_broken()

    async def restart(self, component: str, environment: Mapping[str, str] = NOTHING) -> None:
        """Start a component anew with `environment` laid over its own, and return when it is ready again.

        Raises:
            UsageError: there is no such component, it is not ready, or the provider cannot restart.
            EnvironmentFailedError: it did not come up again; the environment is broken from then on.
        """
        await self._ground.restart(component, environment)

    @property
    def overlaid(self) -> tuple[str, ...]:
        """The components that run with other variables than their own, since they were restarted so."""
        return self._restarting.overlaid

    async def renew(self, components: Sequence[str]) -> None:
        """Start components anew, from their code as it is now; as `restart` otherwise.

        Raises:
            EnvironmentFailedError: that code cannot be loaded, and nothing has changed; or as `restart`.
        """
        provider = self._parts.provider
        if isinstance(provider, CanRenew):
            await provider.renew(components)
        for component in components:
            await self.restart(component)

    def _running(self, component: str) -> Running:
        return running_in(self._parts, component)
