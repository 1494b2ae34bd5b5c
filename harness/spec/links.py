"""Why this exists: everything by which one service needs or names another: depends_on, links, networks, service:x."""

from harness.spec.diagnostics import FaultyValueError, did_you_mean
from harness.spec.keys import Key, Reading, Table, ignored, read_entries
from harness.spec.model import Condition, Dependency
from harness.spec.readers import TEXTS, Named, boolean, choice, each, each_named, faulty, items_of, scalar
from harness.spec.tree import Node

_DEPENDENCY: Table = {
    "condition": Key(read=choice(*Condition)),
    "required": Key(read=boolean),
    "restart": ignored("components are not updated while an environment runs"),
}
_ADDRESS = "components reach each other by name, at addresses of the environment's own choosing"
_NETWORK: Table = {
    "aliases": Key(read=TEXTS),
    "ipv4_address": ignored(_ADDRESS),
    "ipv6_address": ignored(_ADDRESS),
    "link_local_ips": ignored(_ADDRESS),
    "mac_address": ignored(_ADDRESS),
    "interface_name": ignored(_ADDRESS),
    "driver_opts": ignored("networks have no drivers of their own"),
    "priority": ignored("a component has one way to each network"),
    "gw_priority": ignored("a component has one way to each network"),
}


def depends_on(node: Node, reading: Reading) -> tuple[Dependency, ...]:
    """`[name]` or `{name: {condition, required}}`; a name that is not required and not there is left out."""
    found = each_named(node, _dependency, reading, "service")
    return tuple(dependency for dependency in found if dependency is not None)


def _dependency(entry: Named, reading: Reading) -> Dependency | None:
    fields = {} if entry.body is None else read_entries(entry.body, _DEPENDENCY, reading, "depends_on")
    if entry.name in reading.services:
        return Dependency(
            entry.name, Condition(fields.get("condition", Condition.STARTED)), fields.get("required", True)
        )
    if not fields.get("required", True):
        return None
    raise FaultyValueError(
        entry.at,
        f"depends_on names {entry.name}, which is no service here",
        did_you_mean(entry.name, reading.services),
    )


def links(node: Node, reading: Reading) -> tuple[tuple[str, str], ...]:
    """`service` or `service:alias`, as (service, alias)."""
    return each(items_of(node, "a list of services"), _link, reading)


def _link(node: Node, reading: Reading) -> tuple[str, str]:
    found = scalar(node, "a service", "its name")
    name, _, alias = found.text.partition(":")
    if name not in reading.services:
        raise faulty(
            found, f"links names {name}, which is no service here", did_you_mean(name, reading.services)
        )
    return name, alias or name


def shared(node: Node, reading: Reading) -> str:
    """`network_mode`, `pid` and `ipc`: a mode, or `service:name` to share another service's."""
    found = scalar(node, "a mode", "host or service:name")
    sort, _, name = found.text.partition(":")
    if sort == "container":
        raise faulty(found, "containers outside this file cannot be shared", "write service:name")
    if sort == "service" and name not in reading.services:
        raise faulty(found, f"{found.text} names no service here", did_you_mean(name, reading.services))
    return found.text


def networks(node: Node, reading: Reading) -> dict[str, tuple[str, ...]]:
    """A service's networks by name, each with the further names it is reached by there."""
    return dict(each_named(node, _network, reading, "network"))


def _network(entry: Named, reading: Reading) -> tuple[str, tuple[str, ...]]:
    fields = {} if entry.body is None else read_entries(entry.body, _NETWORK, reading, "network")
    if entry.name not in reading.networks and entry.name != "default":
        raise FaultyValueError(
            entry.at,
            f"the network {entry.name} is not declared",
            f"declare {entry.name} under the top-level networks",
        )
    return entry.name, fields.get("aliases", ())


def service_shared(mode: str | None) -> str | None:
    """The service in `service:name`."""
    return mode.removeprefix("service:") if mode and mode.startswith("service:") else None
