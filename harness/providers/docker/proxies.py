"""Why this exists: containers reach each other through proxies in our own process, so that their network can fail.

The proxies for containers listen at the gateway of the environment's network, which is an address of this machine, and
stand in the containers' variables and arguments instead of the neighbours' names; those for the tests are on loopback.
Behind both is the component's published port.
"""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from harness.core.endpoint import Endpoint
from harness.core.errors import EnvironmentFailedError, UsageError
from harness.faults.base import TESTS
from harness.faults.links import Links
from harness.plan.model import Plan
from harness.providers.docker.options import LOOPBACK
from harness.providers.substitution import readdress, replace_addresses
from harness.spec.model import Component, Ecosystem

if TYPE_CHECKING:
    from docker import DockerClient


class Proxies:
    """The proxies of one environment. Nothing happens where the file asks for none."""

    def __init__(self, ecosystem: Ecosystem) -> None:
        self._is_for_all = ecosystem.settings.faults
        self._behind: dict[str, tuple[Component, dict[int, Endpoint]]] = {}
        self._sources: tuple[str, ...] = ()
        self.links = Links()

    def wanted(self, plan: Plan) -> tuple[Component, ...]:
        """Before whom a proxy is to stand.

        Raises:
            UsageError: one of them does not say where it listens.
        """
        listening = [step.component for step in plan.steps if not step.is_one_shot]
        self._sources = tuple(step.name for step in plan.steps)
        named = tuple(c for c in listening if c.settings.faults or (self._is_for_all and c.targets))
        for component in named:
            if not component.targets:
                raise UsageError(
                    f"{component.name} has x-harness.faults, and names no port to put a proxy before",
                    hint=f"name it under ports or expose: {component.location}",
                )
        return named

    async def lay(self, published: Mapping[str, tuple[Component, Mapping[int, int]]], gateway: str) -> None:
        """Listen for every source of every component that is wanted.

        Args:
            published: By name, the component and the host's port for each of its own.
            gateway: The address of this machine that containers reach.

        Raises:
            EnvironmentFailedError: the gateway is not an address of ours.
        """
        for name, (component, ports) in published.items():
            behind = {target: Endpoint(LOOPBACK, port, target) for target, port in ports.items()}
            self._behind[name] = (component, behind)
            try:
                await self.links.lay(name, behind.values(), self._sources, gateway)
            except OSError as error:
                raise _unreachable(gateway) from error
            await self.links.lay(name, behind.values(), (TESTS,), LOOPBACK)

    def pointed(self, component: Component) -> Component:
        """A component whose variables and arguments lead to the proxies of its neighbours."""
        endpoints = {
            known: self.links.seen_from(component.name, name, behind)
            for name, (neighbour, behind) in self._behind.items()
            if name != component.name
            for known in (name, *neighbour.aliases)
        }
        if not endpoints:
            return component
        return replace(
            component,
            environment=MappingProxyType(replace_addresses(component.environment, endpoints)),
            command=_words(component.command, endpoints),
            entrypoint=_words(component.entrypoint, endpoints),
        )

    def before(self, component: str, own: Mapping[int, Endpoint]) -> dict[int, Endpoint]:
        """Where the tests reach a component."""
        return self.links.seen_from(TESTS, component, own)


def _words(
    words: tuple[str, ...] | None, endpoints: Mapping[str, Mapping[int, Endpoint]]
) -> tuple[str, ...] | None:
    return None if words is None else tuple(readdress(word, endpoints) for word in words)


def gateway_of(client: "DockerClient", network: str) -> str:
    """Where this machine is in a network; empty when it is nowhere in it."""
    settings = client.networks.get(network).attrs["IPAM"]["Config"]
    return str(next((each["Gateway"] for each in settings if each.get("Gateway")), ""))


def _unreachable(gateway: str) -> EnvironmentFailedError:
    return EnvironmentFailedError(
        f"x-harness.faults: containers are to reach proxies at {gateway or 'a gateway'}, which is not this machine's",
        hint="it works with an engine of this machine that is neither rootless nor in a virtual machine; "
        "in a container, with `--network host`",
    )
