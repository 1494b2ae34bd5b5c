"""Why this exists: an argv of the Compose file with this environment's ports and addresses in it."""

from harness.providers.ports import fill_ports
from harness.providers.substitution import Endpoints, readdress
from harness.spec.model import Component


def command_line(component: Component, command: tuple[str, ...], endpoints: Endpoints) -> tuple[str, ...]:
    """The argv with ports filled in and neighbours readdressed."""
    own = endpoints[component.name]
    return tuple(readdress(fill_ports(word, component, own), endpoints) for word in command)
