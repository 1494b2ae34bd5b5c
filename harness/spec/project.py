"""Why this exists: the assembled tree of all files becomes the ecosystem; what needs several services is done here."""

import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from harness.spec.diagnostics import Diagnostics, FaultyValueError
from harness.spec.grants import defined
from harness.spec.graph import find_cycle, is_enabled
from harness.spec.harness_keys import ecosystem_settings
from harness.spec.keys import SETTLED, Key, Reading, Table, ignored, read_entries, refused
from harness.spec.model import Component, Ecosystem, EcosystemSettings, GrantedFile, Mount
from harness.spec.ports import note_clashes
from harness.spec.readers import boolean, scalar, text
from harness.spec.service import read_service
from harness.spec.tree import Entry, MappingNode, Node, ScalarNode

_NAME = re.compile(r"[a-zA-Z0-9._-]+")

_TOP: Table = {
    "name": Key(read=text),
    "services": SETTLED,
    "networks": SETTLED,
    "volumes": SETTLED,
    "secrets": SETTLED,
    "configs": SETTLED,
    "include": SETTLED,
    "version": Key(warning="is obsolete; Compose ignores it too", remedy="remove it"),
    "jobs": ignored("jobs run only when someone asks for one"),
    "models": refused("no model runner is part of the environment", "add one as a service"),
    "x-harness": Key(read=ecosystem_settings),
}


def _driver(*usual: str) -> Key:
    def read(node: Node, reading: Reading) -> None:
        found = scalar(node, "a driver", usual[0])
        if found.text not in usual:
            reading.diagnostics.warn(
                found.at, f"the driver {found.text} is ignored: only {usual[0]} is there", "remove it"
            )

    return Key(read=read)


def _external(what: str) -> Key:
    def read(node: Node, reading: Reading) -> None:
        if isinstance(node, MappingNode) or boolean(node, reading):
            reading.diagnostics.warn(node.at, f"external is ignored: {what}", "remove external")

    return Key(read=read)


_OWN_NETWORK = "every environment has a network of its own"
_NETWORK: Table = {
    "name": ignored(_OWN_NETWORK),
    "driver": _driver("bridge", "default"),
    "driver_opts": ignored(_OWN_NETWORK),
    "ipam": ignored("components reach each other by name, at addresses of the environment's own choosing"),
    "external": _external(_OWN_NETWORK),
    "internal": ignored("components run on this machine and can reach what it reaches"),
    "attachable": ignored(_OWN_NETWORK),
    "enable_ipv4": ignored(_OWN_NETWORK),
    "enable_ipv6": ignored(_OWN_NETWORK),
    "labels": ignored("labels of networks are not seen by components"),
}
_OWN_VOLUME = "every environment has a volume of its own, empty at the start"
_VOLUME: Table = {
    "name": ignored(_OWN_VOLUME),
    "driver": _driver("local", "default"),
    "driver_opts": ignored(_OWN_VOLUME),
    "external": _external(_OWN_VOLUME),
    "labels": ignored("labels of volumes are not seen by components"),
}


def read_ecosystem(
    root: MappingNode,
    bare: Ecosystem,
    variables: Mapping[str, str],
    profiles: Collection[str],
    diagnostics: Diagnostics,
) -> Ecosystem:
    """The ecosystem that the tree describes; it is incomplete where faults were noted.

    Args:
        root: All files in one tree.
        bare: The ecosystem's name, directory and files, and nothing else yet.
        variables: What bare names under `environment` are taken from.
        profiles: Profiles that are active: circles among other components are no faults.
        diagnostics: Where faults are noted.
    """
    reading = Reading(diagnostics, variables)
    root = _without_old_format(root, diagnostics)
    top = read_entries(root, _TOP, reading, "the file")
    reading.networks = _declared(root, "networks", _NETWORK, reading)
    reading.volumes = _declared(root, "volumes", _VOLUME, reading)
    reading.secrets = _granted(root, "secrets", reading)
    reading.configs = _granted(root, "configs", reading)
    services = _section(root, "services", reading)
    if not services and isinstance(root.get("services"), MappingNode | None):
        diagnostics.error(
            root.at, "the file has no services", "write services: and one or more of them below it"
        )
    reading.services = services.keys()
    diagnostics.require(diagnostics.take_lacks())  # what no component alone is to blame for
    components = _components(services, reading)
    active = {key: found for key, found in components.items() if is_enabled(found.profiles, profiles)}
    _note_cycles(active, diagnostics)
    note_clashes(active.values(), diagnostics)
    _note_container_names({name: services[name].node for name in active}, diagnostics)
    if diagnostics.has_errors:  # nothing will be planned, which would tell what else is missing
        diagnostics.require(lack for found in active.values() for lack in found.lacks)
    return replace(
        bare,
        components=MappingProxyType(components),
        networks=tuple(dict.fromkeys(("default", *reading.networks))),
        volumes=tuple(reading.volumes),
        settings=top.get("x-harness", EcosystemSettings()),
    )


def _without_old_format(root: MappingNode, diagnostics: Diagnostics) -> MappingNode:
    """`root` without the services that stand at the top level, as they did in Compose 1."""
    old = {
        name
        for name, node in root.nodes()
        if name not in _TOP and isinstance(node, MappingNode) and (node.get("image") or node.get("build"))
    }
    if not old or root.get("services") is not None:
        return root
    at = min((root.entries[name].at for name in old), key=lambda location: location.line)
    diagnostics.error(
        at, "services stand at the top level, which ended with Compose 1", "indent them below services:"
    )
    services = {name: entry for name, entry in root.entries.items() if name in old}
    rest = {name: entry for name, entry in root.entries.items() if name not in old}
    below = Entry(at, MappingNode(at, root.base, services))
    return replace(root, entries=rest | {"services": below})


def _section(root: MappingNode, key: str, reading: Reading) -> dict[str, Entry]:
    node = root.get(key)
    if node is None:
        return {}
    if not isinstance(node, MappingNode):
        reading.diagnostics.error(
            node.at, f"{key} must be a mapping by name", f"write {key}: and a name: below it"
        )
        return {}
    entries = {name: entry for name, entry in node.entries.items() if not name.startswith("x-")}
    for name, entry in entries.items():
        if not _NAME.fullmatch(name):
            reading.diagnostics.error(
                entry.at,
                f"{name!r} cannot be a name in {key}",
                "use letters, digits, dots, dashes and underscores",
            )
    return entries


def _declared(root: MappingNode, key: str, rows: Table, reading: Reading) -> tuple[str, ...]:
    entries = _section(root, key, reading)
    for name, entry in entries.items():
        if not entry.node.is_null:
            with reading.diagnostics.collecting():
                read_entries(entry.node, rows, reading, f"{key.removesuffix('s')} {name}")
    return tuple(entries)


def _granted(root: MappingNode, key: str, reading: Reading) -> dict[str, GrantedFile | None]:
    granted: dict[str, GrantedFile | None] = {}
    for name, entry in _section(root, key, reading).items():
        # Stands in for a faulty one, so that its users are not faulty too.
        granted[name] = GrantedFile(name, "")
        with reading.diagnostics.collecting():
            granted[name] = defined(f"{key.removesuffix('s')} {name}", name, entry.node, reading)
    return granted


def _components(services: Mapping[str, Entry], reading: Reading) -> dict[str, Component]:
    read: dict[str, tuple[Component, dict[str, Any]]] = {}
    for name, (at, node) in services.items():
        with reading.diagnostics.collecting():
            component, values = read_service(name, at, node, reading)
            read[name] = replace(component, lacks=reading.diagnostics.take_lacks()), values
    components = {name: component for name, (component, _) in read.items()}
    for name, (_, values) in read.items():
        taken = [(other, ro) for other, ro in values.get("volumes_from", ()) if other in components]
        components[name] = _with_mounts(components[name], [(components[other], ro) for other, ro in taken])
        _add_link_aliases(components, values.get("links", ()))
    return components


def _with_mounts(component: Component, others: list[tuple[Component, bool]]) -> Component:
    """The component with the mounts of others, where it has none of its own."""
    mounts: dict[str, Mount] = {}
    for other, is_read_only in others:
        for mount in other.mounts:
            mounts[mount.target] = replace(mount, read_only=mount.read_only or is_read_only)
    mounts |= {mount.target: mount for mount in component.mounts}
    return replace(component, mounts=tuple(mounts.values())) if others else component


def _add_link_aliases(components: dict[str, Component], links: tuple[tuple[str, str], ...]) -> None:
    for name, alias in links:
        linked = components.get(name)
        if linked is not None and alias not in components and alias not in linked.aliases:
            components[name] = replace(linked, aliases=(*linked.aliases, alias))


def _note_cycles(components: Mapping[str, Component], diagnostics: Diagnostics) -> None:
    left = dict(components)
    while cycle := find_cycle(left):
        circle = " → ".join((*cycle, cycle[0]))
        remedy = "remove one depends_on of the circle"
        diagnostics.error(
            left[cycle[0]].location, f"components wait for each other in a circle: {circle}", remedy
        )
        for name in cycle:
            del left[name]


def _note_container_names(services: Mapping[str, Node], diagnostics: Diagnostics) -> None:
    """Compose refuses a name that several containers are to have; here it would lead to one of them."""
    taken: dict[str, str] = {}
    for service, node in services.items():
        name = node.get("container_name") if isinstance(node, MappingNode) else None
        if not isinstance(name, ScalarNode) or not name.text:
            continue
        first = taken.setdefault(name.text, service)
        if first != service:
            message = f"{service} has the container_name {name.text}, and so has {first}"
            diagnostics.error(name.at, message, "give each container a name of its own, or none")


def project_name(told: Node | None, directory: Path, variables: Mapping[str, str]) -> str:
    """COMPOSE_PROJECT_NAME, else the file's own name, else the folder's, made of a-z, 0-9, - and _.

    Raises:
        FaultyValueError: the file's own name has other characters.
    """
    given = variables.get("COMPOSE_PROJECT_NAME")
    if not given and told is not None:
        found = scalar(told, "a name", "name: my-project")
        if found.text and not re.fullmatch(r"[a-z0-9][a-z0-9_-]*", found.text):
            raise FaultyValueError(
                found.at,
                f"{found.text!r} cannot be a project's name",
                "use a-z, 0-9, - and _, a letter or digit first",
            )
        given = found.text
    plain = re.sub(r"[^a-z0-9_-]", "", (given or directory.name).lower()).lstrip("_-")
    return plain or "project"
