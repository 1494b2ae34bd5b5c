"""Why this exists: an argv of the Compose file with this environment's ports and addresses in it."""

import re
from collections.abc import Mapping

from harness.core.endpoint import Endpoint
from harness.core.errors import UsageError
from harness.providers.substitution import Endpoints, readdress
from harness.readiness.primary import primary_endpoint
from harness.spec.model import Component

_PLACEHOLDER = re.compile(r"\{port(?::(\d+))?\}")


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


def command_line(component: Component, command: tuple[str, ...], endpoints: Endpoints) -> tuple[str, ...]:
    """The argv with ports filled in and neighbours readdressed."""
    own = endpoints[component.name]
    return tuple(readdress(fill_ports(word, component, own), endpoints) for word in command)
