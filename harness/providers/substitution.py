"""Why this exists: the neighbours' names and fixed passwords of a Compose file become this environment's own.

Pure functions. Addresses: `test-database:5432` becomes `127.0.0.1:41873` wherever a variable or an argument
holds it. Secrets: a value that `x-harness.random` names becomes a random one wherever the ecosystem uses it.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from harness.core.endpoint import Endpoint
from harness.spec.model import Component, Ecosystem

Endpoints = Mapping[str, Mapping[int, Endpoint]]

# What a URL means when it names a host and no port.
DEFAULT_PORTS = {
    "http": 80,
    "ws": 80,
    "https": 443,
    "wss": 443,
    "postgres": 5432,
    "postgresql": 5432,
    "redis": 6379,
    "rediss": 6379,
    "mysql": 3306,
    "mongodb": 27017,
    "amqp": 5672,
    "nats": 4222,
}
_NONE: Mapping[str, Mapping[str, str]] = MappingProxyType({})
_SECRET_NAME = re.compile(r"PASS|PWD|SECRET|KEY|TOKEN|CREDENTIAL", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Secret:
    """One value of the file that this environment replaces. `variable` is where the file defines it."""

    variable: str
    written: str
    actual: str


def make_secrets(
    ecosystem: Ecosystem, new_secret: Callable[[], str], given: Mapping[str, Mapping[str, str]] = _NONE
) -> tuple[Secret, ...]:
    """What replaces each value that any component declares in `x-harness.random`, the same for the same value.

    Args:
        ecosystem: The components.
        new_secret: Draws one.
        given: Variables of components that run already, by name: their secrets are what they are.
    """
    drawn: dict[tuple[str, str], str] = {}
    for component in ecosystem.components.values():
        for variable in component.settings.random:
            written = component.environment.get(variable)
            if not written:
                continue
            if component.name in given:
                drawn[variable, written] = given[component.name].get(variable, written)
            else:
                drawn.setdefault((variable, written), new_secret())
    return tuple(Secret(*defined, actual) for defined, actual in sorted(drawn.items()))


def replace_secrets(environment: Mapping[str, str], secrets: tuple[Secret, ...]) -> dict[str, str]:
    """The variables with every declared secret replaced, as a whole value or as the password of a URL."""
    replaced = dict(environment)
    for name, value in environment.items():
        for secret in secrets:
            if value == secret.written and (name == secret.variable or _SECRET_NAME.search(name)):
                replaced[name] = secret.actual
            elif f":{secret.written}@" in value and "://" in value:
                replaced[name] = value.replace(f":{secret.written}@", f":{secret.actual}@")
    return replaced


def replace_addresses(environment: Mapping[str, str], endpoints: Endpoints) -> dict[str, str]:
    """The variables with every neighbour's address replaced by where it really listens.

    Understood forms: `name:port` anywhere, `scheme://…name/…` with the scheme's default port, and the pair
    `X_HOST=name`, `X_PORT=port`.
    """
    replaced = {name: readdress(value, endpoints) for name, value in environment.items()}
    for name, value in environment.items():
        if value in endpoints:
            replaced |= _host_and_port(name, environment, endpoints[value])
    return replaced


def readdress(text: str, endpoints: Endpoints) -> str:
    """One value or argument with the addresses in it replaced."""
    for name, ports in endpoints.items():
        if name not in text:
            continue
        for target, endpoint in ports.items():
            text = re.sub(rf"(?<![\w.-]){re.escape(name)}:{target}(?!\d)", endpoint.address, text)
        text = re.sub(
            rf"(?P<scheme>[a-z]+)(?P<driver>\+\w+)?://(?P<user>[^/@\s]*@)?{re.escape(name)}(?![\w.:-])",
            lambda match, ports=ports: _with_default_port(match, ports),  # type: ignore[misc]
            text,
        )
    return text


def _with_default_port(match: re.Match[str], ports: Mapping[int, Endpoint]) -> str:
    endpoint = ports.get(DEFAULT_PORTS.get(match["scheme"], 0))
    if endpoint is None:
        return match[0]
    return f"{match['scheme']}{match['driver'] or ''}://{match['user'] or ''}{endpoint.address}"


def _host_and_port(
    name: str, environment: Mapping[str, str], ports: Mapping[int, Endpoint]
) -> dict[str, str]:
    """`DB_HOST=name` with its sibling `DB_PORT=5432`, when the sibling says a port of that component."""
    sibling = re.sub(r"HOST(NAME)?$|SERVER$|ADDR(ESS)?$", "PORT", name)
    written = environment.get(sibling, "")
    endpoint = ports.get(int(written)) if written.isdigit() and sibling != name else None
    if endpoint is not None:
        return {name: endpoint.host, sibling: str(endpoint.port)}
    hosts = {endpoint.host for endpoint in ports.values()}
    return {name: hosts.pop()} if len(hosts) == 1 else {}


def resolve_environment(
    component: Component, endpoints: Endpoints, secrets: tuple[Secret, ...]
) -> dict[str, str]:
    """A component's variables as its process or container gets them."""
    return replace_addresses(replace_secrets(component.environment, secrets), endpoints)
