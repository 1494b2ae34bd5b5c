"""Why this exists: the neighbours' names and fixed passwords of a Compose file become this environment's own.

Pure functions. Addresses: `test-database:5432` becomes `127.0.0.1:41873` wherever a variable or an argument
holds it. Secrets: a value that `x-harness.random` names becomes a random one wherever the ecosystem uses it.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from urllib.parse import quote

from harness.core.endpoint import Endpoint
from harness.core.secrets import SECRET_NAME
from harness.spec.model import Ecosystem

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
_HOST_NAME = re.compile(r"(HOST(NAME)?|SERVER|ADDR(ESS)?)$")


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
    declared = [
        (component.name, variable, component.environment[variable])
        for component in ecosystem.components.values()
        for variable in component.settings.random
        if component.environment.get(variable)
    ]
    actual: dict[str, str] = {}
    for name, variable, written in sorted(declared, key=lambda d: d[0] not in given):
        if name in given:
            actual[written] = given[name].get(variable, written)
        elif written not in actual:
            actual[written] = new_secret()
    defined = sorted({(variable, written) for _, variable, written in declared})
    return tuple(Secret(variable, written, actual[written]) for variable, written in defined)


def replace_secrets(environment: Mapping[str, str], secrets: tuple[Secret, ...]) -> dict[str, str]:
    """The variables with every declared secret replaced, as a whole value or as the password of a URL."""
    return {name: _with_secrets(name, value, secrets) for name, value in environment.items()}


def _with_secrets(name: str, value: str, secrets: tuple[Secret, ...]) -> str:
    for secret in secrets:
        if value == secret.written and (name == secret.variable or SECRET_NAME.search(name)):
            return secret.actual
        value = in_urls(value, secret)
    return value


def in_urls(text: str, secret: Secret) -> str:
    """The text with the secret replaced where it is the password of a URL."""
    if "://" in text:
        for password in (secret.written, quote(secret.written, safe="")):
            text = text.replace(f":{password}@", f":{quote(secret.actual, safe='')}@")
    return text


def replace_addresses(environment: Mapping[str, str], endpoints: Endpoints) -> dict[str, str]:
    """The variables with every neighbour's address replaced by where it really listens.

    Understood forms: `name:port` anywhere, `scheme://…name/…` with the scheme's default port, and the pair
    `X_HOST=name`, `X_PORT=port`, of which the port may be left to the program's own default.
    """
    replaced = {name: readdress(value, endpoints) for name, value in environment.items()}
    for name, value in environment.items():
        if value in endpoints and _HOST_NAME.search(name):
            replaced |= _host_and_port(name, environment, endpoints[value])
    return replaced


def readdress(text: str, endpoints: Endpoints) -> str:
    """One value or argument with the addresses in it replaced, all at once: no replacement is replaced again."""
    names = [re.escape(name) for name in sorted(endpoints, key=len, reverse=True) if name in text]
    if not names:
        return text
    address = re.compile(
        r"(?P<before>(?P<scheme>[a-z][a-z0-9]*)(?:\+\w+)?://(?:[^/@\s]*@)?)?"
        rf"(?<![\w.-])(?P<name>{'|'.join(names)})(?::(?P<port>\d+)(?![\d@])|(?![\w.:-]))"
    )
    return address.sub(lambda match: _readdressed(match, endpoints), text)


def _readdressed(match: re.Match[str], endpoints: Endpoints) -> str:
    port = int(match["port"]) if match["port"] else DEFAULT_PORTS.get(match["scheme"] or "")
    endpoint = endpoints[match["name"]].get(port or 0)
    return f"{match['before'] or ''}{endpoint.address}" if endpoint else match[0]


def _host_and_port(
    name: str, environment: Mapping[str, str], ports: Mapping[int, Endpoint]
) -> dict[str, str]:
    """`DB_HOST=name` with its sibling `DB_PORT=5432`, or with the only port there is when no sibling says one."""
    sibling = _HOST_NAME.sub("PORT", name)
    written = environment.get(sibling, "")
    endpoint = ports.get(int(written)) if written.isdigit() else None
    if not written and len(ports) == 1 and sibling != "PORT":  # a bare PORT is the component's own
        endpoint = next(iter(ports.values()))
    if endpoint is not None:
        return {name: endpoint.host, sibling: str(endpoint.port)}
    hosts = {endpoint.host for endpoint in ports.values()}
    return {name: hosts.pop()} if len(hosts) == 1 else {}


def resolve_environment(
    environment: Mapping[str, str], endpoints: Endpoints, secrets: tuple[Secret, ...]
) -> dict[str, str]:
    """A component's variables as its process or container gets them."""
    return replace_addresses(replace_secrets(environment, secrets), endpoints)
