"""Why this exists: `ports` and `expose`, in their short and long forms, as ports of the model."""

from itertools import chain

from harness.spec import units
from harness.spec.faults import FaultyValueError
from harness.spec.keys import Key, Reading, Table, ignored, read_entries
from harness.spec.model import Port
from harness.spec.readers import choice, each, faulty, items_of, scalar, text
from harness.spec.tree import MappingNode, Node, ScalarNode, kind

_PROTOCOLS = ("tcp", "udp", "sctp")
_FORMS = 'write "8080:80", "127.0.0.1:8080:80/tcp" or {target: 80, published: 8080}'

_PORT: Table = {
    "target": Key(read=lambda node, _: _range_of(scalar(node, "a port", "80"))),
    "published": Key(read=lambda node, _: _published(scalar(node, "a port", "8080"))),
    "protocol": Key(read=choice(*_PROTOCOLS)),
    # Every environment listens on loopback addresses of its own choosing, so the asked-for one is only a wish.
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
    return _paired(node, fields.get("target", ()), fields.get("published", ()), fields.get("protocol", "tcp"))


def _short(node: ScalarNode) -> tuple[Port, ...]:
    binding, found, protocol = node.text.strip().partition("/")
    if found and protocol.lower() not in _PROTOCOLS:
        raise faulty(node, f"the protocol of port {kind(node)} is not tcp, udp or sctp", _FORMS)
    outside, _, target = binding.rpartition(":")
    _, _, published = outside.rpartition(":")
    targets = _parsed(node, target)
    return _paired(node, targets, _parsed(node, published) if published else (), (protocol or "tcp").lower())


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
