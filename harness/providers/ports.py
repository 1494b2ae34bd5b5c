"""Why this exists: a command is told where its component listens, which only the place to run knows."""

import re
from collections.abc import Mapping

from harness.core.endpoint import Endpoint
from harness.core.errors import UsageError
from harness.providers.reservation import LOOPBACK
from harness.readiness.primary import primary_endpoint
from harness.spec.model import Component

_PLACEHOLDER = re.compile(r"(?<!\$)\{port(?::(\d+))?\}")  # ${port} is a shell's


def fill_ports(text: str, component: Component, own: Mapping[int, Endpoint]) -> str:
    """`{port}` is where the component has to listen, `{port:N}` what stands for its container port N.

    Raises:
        UsageError: the component has no such port.
    """

    def port(match: re.Match[str]) -> str:
        endpoint = own.get(int(match[1])) if match[1] else primary_endpoint(component, own)
        if endpoint is None:
            known = ", ".join(map(str, own)) or "none"
            raise UsageError(
                f"{component.location}: {component.name}: {match[0]} stands for no port of it (it has {known})",
                hint="list the port under ports, expose or x-harness.process.port",
            )
        return str(endpoint.port)

    return _PLACEHOLDER.sub(port, text)


def fill_container_ports(text: str, component: Component) -> str:
    """The same where a component has a network of its own, and listens where its file says. Raises as `fill_ports`."""
    own = {target: Endpoint(LOOPBACK, target, target) for target in component.targets}
    return fill_ports(text, component, own)
