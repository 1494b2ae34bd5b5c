"""Why this exists: how a second Compose file (or an extending service) is laid over a first, by Compose's rules.

Mappings merge key by key, lists are appended, anything else is replaced; `_RULES` lists the exceptions.
`!reset` on a value removes what was there, `!override` replaces it whole.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

from harness.spec.diagnostics import Diagnostics
from harness.spec.paths import mount_parts
from harness.spec.tree import Entry, MappingNode, Node, ScalarNode, SequenceNode, kind

Path = tuple[str, ...]


def merge(base: MappingNode, over: MappingNode, diagnostics: Diagnostics, path: Path = ()) -> MappingNode:
    """`over` laid over `base`. `path` is where both stand, such as `("services", "web")`; misfits are noted."""
    entries = dict(base.entries)
    for key, entry in over.entries.items():
        below = entries.get(key)
        if below is None:
            entries[key] = entry
        else:
            entries[key] = Entry(entry.at, _merged(below.node, entry.node, diagnostics, (*path, key)))
    return MappingNode(over.at, over.base, entries, over.tag)


def pruned(node: MappingNode) -> MappingNode:
    """`node` without the values tagged `!reset`."""
    entries = {k: Entry(e.at, _pruned(e.node)) for k, e in node.entries.items() if e.node.tag != "!reset"}
    return replace(node, entries=entries)


def _pruned(node: Node) -> Node:
    match node:
        case MappingNode():
            return pruned(node)
        case SequenceNode(items=items):
            return replace(node, items=tuple(_pruned(item) for item in items if item.tag != "!reset"))
    return node


def _merged(base: Node, over: Node, diagnostics: Diagnostics, path: Path) -> Node:
    if over.tag or base.tag == "!reset" or base.is_null:
        return over
    if over.is_null:
        return base
    rule = _rule(path)
    if rule is not None:
        return rule(base, over, diagnostics, path)
    return _deep(base, over, diagnostics, path)


def _deep(base: Node, over: Node, diagnostics: Diagnostics, path: Path) -> Node:
    match base, over:
        case MappingNode(), MappingNode():
            return merge(base, over, diagnostics, path)
        case SequenceNode(), SequenceNode():
            return _appended(base, over, path)
        case ScalarNode(), ScalarNode():
            return over
    where = f"{base.at.path}:{base.at.line}"
    diagnostics.error(
        over.at, f"{'.'.join(path)} is {kind(over)} here, but {kind(base)} in {where}", "write both alike"
    )
    return over


def _appended(base: SequenceNode, over: SequenceNode, path: Path) -> SequenceNode:
    """Both lists; an item that stands for the same thing as an earlier one takes its place."""
    items: dict[str, Node] = {}
    for number, item in enumerate((*base.items, *over.items)):
        items[_identity(item, path) or f"#{number}"] = item
    return replace(over, items=tuple(items.values()))


def _identity(item: Node, path: Path) -> str:
    """What an item of a list stands for: a mount's target, a port's whole binding, a text itself."""
    if isinstance(item, ScalarNode):
        return _mount_target(item.text) if path[-1] == "volumes" else item.text
    if not isinstance(item, MappingNode):
        return ""
    parts = _IDENTITY.get(path[-1], ())
    told = [held.text if isinstance(held := item.get(part), ScalarNode) else "" for part in parts]
    return "\0".join(told) if any(told) else ""


_IDENTITY = {
    "volumes": ("target",),
    "ports": ("host_ip", "published", "target", "protocol"),
    "secrets": ("source", "target"),
    "configs": ("source", "target"),
    "env_file": ("path",),
}


def _mount_target(short: str) -> str:
    """The target in `source:target:mode`."""
    parts = mount_parts(short)
    return parts[0] if len(parts) == 1 else parts[1]


# -- the exceptions -----------------------------------------------------------------------------------------

Rule = Callable[[Node, Node, Diagnostics, Path], Node]


def _replaced(_base: Node, over: Node, _diagnostics: Diagnostics, _path: Path) -> Node:
    return over


def _as_pairs(base: Node, over: Node, diagnostics: Diagnostics, path: Path) -> Node:
    """`NAME=value` lists and mappings mix; a bare NAME replaces a value too."""
    below, above = _pairs(base), _pairs(over)
    if isinstance(below, MappingNode) and isinstance(above, MappingNode):
        return replace(above, entries=below.entries | above.entries)
    return _deep(below, above, diagnostics, path)


def _as_hosts(base: Node, over: Node, diagnostics: Diagnostics, path: Path) -> Node:
    """`name:address` lists and mappings mix, and one name may have several addresses."""
    return _deep(_hosts(base), _hosts(over), diagnostics, path)


def _as_networks(base: Node, over: Node, diagnostics: Diagnostics, path: Path) -> Node:
    """`[name]` is `{name: {}}`."""
    return _deep(_by_name(base, {}), _by_name(over, {}), diagnostics, path)


def _as_dependencies(base: Node, over: Node, diagnostics: Diagnostics, path: Path) -> Node:
    """`[name]` is `{name: {condition: service_started, required: true}}`."""
    short = {"condition": "service_started", "required": "true"}
    return _deep(_by_name(base, short), _by_name(over, short), diagnostics, path)


def _as_lists(base: Node, over: Node, diagnostics: Diagnostics, path: Path) -> Node:
    """One text and lists of texts mix."""
    return _deep(_listed(base), _listed(over), diagnostics, path)


def _as_builds(base: Node, over: Node, diagnostics: Diagnostics, path: Path) -> Node:
    """`build: folder` is `build: {context: folder}`."""
    return _deep(_context(base), _context(over), diagnostics, path)


def _as_logging(base: Node, over: Node, diagnostics: Diagnostics, path: Path) -> Node:
    """Options of one driver mean nothing to another."""
    drivers = [node.get("driver") if isinstance(node, MappingNode) else None for node in (base, over)]
    texts = {node.text for node in drivers if isinstance(node, ScalarNode)}
    return over if len(texts) > 1 else _deep(base, over, diagnostics, path)


def _limit(base: Node, over: Node, diagnostics: Diagnostics, path: Path) -> Node:
    """A ulimit is one number or `{soft, hard}`."""
    return _deep(base, over, diagnostics, path) if type(base) is type(over) else over


def _pairs(node: Node) -> Node:
    if not isinstance(node, SequenceNode) or not all(isinstance(item, ScalarNode) for item in node.items):
        return node
    entries = {}
    for item in node.items:
        assert isinstance(item, ScalarNode)  # noqa: S101 - checked above, item by item
        name, found, value = item.text.partition("=")
        entries[name] = Entry(item.at, replace(item, text=value, is_typed=not found))
    return MappingNode(node.at, node.base, entries, node.tag)


def _hosts(node: Node) -> Node:
    if not isinstance(node, MappingNode):
        return node
    addresses = ((name, _listed(held)) for name, held in node.nodes())
    items = [
        replace(item, text=f"{name}={item.text}") if isinstance(item, ScalarNode) else item
        for name, listed in addresses
        for item in (listed.items if isinstance(listed, SequenceNode) else ())
    ]
    return SequenceNode(node.at, node.base, tuple(items), node.tag)


def _by_name(node: Node, body: Mapping[str, str]) -> Node:
    """A list of names as a mapping in which each name holds `body`."""
    if not isinstance(node, SequenceNode):
        return node
    entries = {}
    for item in node.items:
        if isinstance(item, ScalarNode):
            held = {key: Entry(item.at, replace(item, text=text, tag="")) for key, text in body.items()}
            entries[item.text] = Entry(item.at, MappingNode(item.at, item.base, held, item.tag))
    return MappingNode(node.at, node.base, entries, node.tag)


def _listed(node: Node) -> Node:
    return node if isinstance(node, SequenceNode) else SequenceNode(node.at, node.base, (node,))


def _context(node: Node) -> Node:
    if not isinstance(node, ScalarNode):
        return node
    return MappingNode(node.at, node.base, {"context": Entry(node.at, node)})


_RULES: dict[str, Rule] = {
    "services.*.annotations": _as_pairs,
    "services.*.build": _as_builds,
    "services.*.build.args": _as_pairs,
    "services.*.build.labels": _as_pairs,
    "services.*.command": _replaced,
    "services.*.depends_on": _as_dependencies,
    "services.*.deploy.labels": _as_pairs,
    "services.*.dns": _as_lists,
    "services.*.dns_search": _as_lists,
    "services.*.entrypoint": _replaced,
    "services.*.env_file": _as_lists,
    "services.*.environment": _as_pairs,
    "services.*.extra_hosts": _as_hosts,
    "services.*.healthcheck.test": _replaced,
    "services.*.label_file": _as_lists,
    "services.*.labels": _as_pairs,
    "services.*.logging": _as_logging,
    "services.*.networks": _as_networks,
    "services.*.sysctls": _as_pairs,
    "services.*.tmpfs": _as_lists,
    "services.*.ulimits.*": _limit,
    "services.*.x-harness.process": _replaced,
    "services.*.x-harness.ready": _replaced,
    "networks.*.labels": _as_pairs,
    "volumes.*.labels": _as_pairs,
}
_BY_LENGTH = {
    length: [(tuple(p.split(".")), rule) for p, rule in _RULES.items() if p.count(".") + 1 == length]
    for length in (3, 4)
}


def _rule(path: Path) -> Rule | None:
    for pattern, rule in _BY_LENGTH.get(len(path), ()):
        if all(want in ("*", have) for want, have in zip(pattern, path, strict=True)):
            return rule
    return None
