"""Why this exists: `ports` and `expose`, in their short and long forms, as ports of the model."""

from collections.abc import Iterable
from dataclasses import replace
from itertools import chain

from harness.spec import units
from harness.spec.diagnostics import Diagnostics, FaultyValueError
from harness.spec.keys import Key, Reading, Table, ignored, read_entries
from harness.spec.model import Component, Port
from harness.spec.readers import choice, each, faulty, items_of, scalar, text
from harness.spec.tree import MappingNode, Node, ScalarNode, kind

_PROTOCOLS = ("tcp", "udp", "sctp")
_EVERYWHERE = {"", "0.0.0.0", "::"}  # noqa: S104 - read, not listened at
_FORMS = 'write "8080:80", "127.0.0.1:8080:80/tcp" or {target: 80, published: 8080}'

_PORT: Table = {
    "target": Key(read=lambda node, _: _range_of(scalar(node, "a port", "80"))),
    "published": Key(read=lambda node, _: _published(scalar(node, "a port", "8080"))),
    "protocol": Key(read=choice(*_PROTOCOLS)),
    "host_ip": Key(read=text),
    "name": Key(read=text),
    "app_protocol": Key(read=text),
    "mode": ignored("ports are never published through a cluster's ingress"),
}


def ports(node: Node, reading: Reading) -> tuple[Port, ...]:
    """Every published port of a service; ranges are written out."""
    read = each(items_of(node, "a list of ports"), _ports, reading)
    return tuple(dict.fromkeys(chain.from_iterable(read)))


def expose(node: Node, reading: Reading) -> tuple[int, ...]:
    """Every TCP port of `expose`."""
    read = each(items_of(node, "a list of ports"), _exposed, reading)
    return tuple(dict.fromkeys(chain.from_iterable(read)))


def _exposed(node: Node, _reading: Reading) -> tuple[int, ...]:
    found = scalar(node, "a port", '"3000"')
    target, _, protocol = found.text.partition("/")
    return tuple(_parsed(found, target)) if protocol in ("", "tcp") else ()


def _ports(node: Node, reading: Reading) -> tuple[Port, ...]:
    if isinstance(node, MappingNode):
        return _long(node, reading)
    return _short(scalar(node, "a port", '"8080:80"'))


def _long(node: MappingNode, reading: Reading) -> tuple[Port, ...]:
    if "target" not in node.entries:
        raise FaultyValueError(node.at, "this port has no target", _FORMS)
    fields = read_entries(node, _PORT, reading, "port")
    read = _paired(node, fields.get("target", ()), fields.get("published", ()), fields.get("protocol", "tcp"))
    return tuple(replace(port, host=fields.get("host_ip", "")) for port in read)


def _short(node: ScalarNode) -> tuple[Port, ...]:
    binding, found, protocol = node.text.strip().partition("/")
    if found and protocol.lower() not in _PROTOCOLS:
        raise faulty(node, f"the protocol of port {kind(node)} is not tcp, udp or sctp", _FORMS)
    outside, _, target = binding.rpartition(":")
    host, _, published = outside.rpartition(":")
    targets = _parsed(node, target)
    read = _paired(node, targets, _parsed(node, published) if published else (), (protocol or "tcp").lower())
    return tuple(replace(port, host=host.strip("[]")) for port in read)


def note_clashes(components: Iterable[Component], diagnostics: Diagnostics) -> None:
    """Warn of ports that are published twice: Compose can give them to one only, here each gets its own."""
    published = [(found, port) for found in components for port in found.ports if port.published is not None]
    taken: dict[tuple[int | None, str], list[tuple[str, str]]] = {}
    for component, port in published:
        others = taken.setdefault((port.published, port.protocol), [])
        if clash := next((name for name, host in others if _meet(host, port.host)), None):
            twice = "twice" if clash == component.name else f"as {clash} does"
            diagnostics.warn(
                component.location,
                f"{component.name} publishes port {port.published} {twice}; with `docker compose up` one gets it",
                "publish another port",
            )
        others.append((component.name, port.host))


def _meet(host: str, other: str) -> bool:
    return host == other or bool({host, other} & _EVERYWHERE)


def _paired(
    node: Node, targets: "range | tuple[int, ...]", published: "range | tuple[int, ...]", protocol: str
) -> tuple[Port, ...]:
    if len(targets) == 1 or not published:
        return tuple(Port(target, published[0] if published else None, protocol) for target in targets)
    if len(targets) != len(published):
        raise FaultyValueError(
            node.at,
            f"{len(published)} published ports stand against {len(targets)} target ports",
            "make both ranges alike",
        )
    return tuple(Port(target, outer, protocol) for target, outer in zip(targets, published, strict=True))


def _published(node: ScalarNode) -> "range | tuple[int, ...]":
    return () if node.text in ("", "0") else _parsed(node, node.text)


def _range_of(node: ScalarNode) -> range:
    return _parsed(node, node.text)


def _parsed(node: ScalarNode, characters: str) -> range:
    try:
        return units.port_range(characters)
    except ValueError:
        raise faulty(node, f"{kind(node)} is not a port", _FORMS) from None
