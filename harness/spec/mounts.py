"""Why this exists: `volumes` and `tmpfs`, in their short and long forms, as mounts of the model."""

from posixpath import normpath
from typing import Any

from harness.spec.diagnostics import FaultyValueError, did_you_mean
from harness.spec.keys import Key, Reading, Table, ignored, read_entries, refused
from harness.spec.model import Mount
from harness.spec.paths import home_expanded, mount_parts, resolved
from harness.spec.readers import (
    boolean,
    choice,
    each,
    faulty,
    filled_text,
    items_of,
    scalar,
    size,
    table,
    text,
)
from harness.spec.tree import MappingNode, Node, ScalarNode, kind
from harness.spec.units import bytes_

_FORMS = 'write "./folder:/target", "volume:/target" or {type: bind, source: ./folder, target: /target}'
_KINDS = ("volume", "bind", "tmpfs")

_BIND: Table = {
    "propagation": ignored("mounts inside the folder stay as the host has them"),
    "create_host_path": ignored("a missing folder is created"),
    "recursive": ignored("mounts inside the folder stay as the host has them"),
    "selinux": ignored("labels only matter to SELinux"),
}
_VOLUME: Table = {
    "nocopy": ignored("volumes start empty"),
    "labels": ignored("labels of volumes are not seen by components"),
    "subpath": refused("a part of a volume cannot be mounted", "mount the volume itself"),
}
_TMPFS: Table = {
    "size": Key(read=size),
    "mode": ignored("the component's own user may write"),
}
_MOUNT: Table = {
    "type": Key(read=choice(*_KINDS, "image", "npipe", "cluster")),
    "source": Key(read=text),
    "target": Key(read=filled_text),
    "read_only": Key(read=boolean),
    "bind": Key(read=table(_BIND, "bind")),
    "volume": Key(read=table(_VOLUME, "volume")),
    "tmpfs": Key(read=table(_TMPFS, "tmpfs")),
    "image": ignored("only mounts of type image have it"),
    "consistency": ignored("it tunes Docker Desktop's file sharing only"),
}


def volumes(node: Node, reading: Reading) -> tuple[Mount, ...]:
    """Every mount of a service's `volumes`; of several at one target the last stands."""
    mounts = each(items_of(node, "a list of volumes"), _mount, reading)
    return tuple({mount.target: mount for mount in mounts}.values())


def tmpfs(node: Node, reading: Reading) -> Mount:
    """One entry of `tmpfs`: `/target` or `/target:size=64m,…`."""
    target, _, options = filled_text(node, reading).partition(":")
    sizes = [option.removeprefix("size=") for option in options.split(",") if option.startswith("size=")]
    try:
        return Mount("tmpfs", normpath(target), size=bytes_(sizes[-1]) if sizes else None)
    except ValueError:
        raise FaultyValueError(
            node.at, f"{kind(node)} has a size that cannot be read", "write size=64m"
        ) from None


def volumes_from(node: Node, reading: Reading) -> tuple[tuple[str, bool], ...]:
    """The services whose mounts are taken over, each with whether they are taken read-only."""
    return each(items_of(node, "a list of services"), _volumes_from, reading)


def _volumes_from(node: Node, reading: Reading) -> tuple[str, bool]:
    found = scalar(node, "a service", "its name")
    name, _, mode = found.text.partition(":")
    if name == "container" or name not in reading.services:
        raise faulty(
            found,
            f"volumes_from names {name}, which is no service here",
            did_you_mean(name, reading.services),
        )
    return name, mode == "ro"


def _mount(node: Node, reading: Reading) -> Mount:
    if isinstance(node, MappingNode):
        return _long(node, reading)
    return _short(scalar(node, "a volume", '"./folder:/target"'), reading)


def _short(node: ScalarNode, reading: Reading) -> Mount:
    parts = mount_parts(node.text)
    if not parts[0] or len(parts) > 3 or (len(parts) > 1 and not parts[1]):  # noqa: PLR2004 - source, target, mode
        raise faulty(node, f"{kind(node)} is not a volume", _FORMS)
    if len(parts) == 1:
        return Mount("volume", normpath(parts[0]))
    is_read_only = len(parts) > 2 and "ro" in parts[2].split(",")  # noqa: PLR2004 - source, target, mode
    if _is_path(parts[0]):
        return Mount("bind", normpath(parts[1]), _host_path(parts[0], node), is_read_only)
    return Mount("volume", normpath(parts[1]), _declared(parts[0], node, reading), is_read_only)


def _is_path(source: str) -> bool:
    return source[0] in "./~\\" or source[1:2] == ":"


def _host_path(source: str, node: Node) -> str:
    """Windows paths stay as they are: they mean nothing here, and say so best themselves."""
    if source[1:2] == ":" or source.startswith("\\"):
        return source
    return str(resolved(home_expanded(source), node.base))


def _declared(name: str, node: ScalarNode, reading: Reading) -> str:
    if name not in reading.volumes:
        nearest = did_you_mean(name, reading.volumes) if reading.volumes else ""
        remedy = f"declare {name} under the top-level volumes, or write ./{name} for a folder"
        raise faulty(
            node, f"the volume {name} is not declared", nearest if nearest.startswith("did") else remedy
        )
    return name


def _long(node: MappingNode, reading: Reading) -> Mount:
    fields = read_entries(node, _MOUNT, reading, "volume")
    sort, target = fields.get("type", "volume"), fields.get("target")
    if target is None:
        raise FaultyValueError(node.at, "this volume has no target", _FORMS)
    if sort not in _KINDS:
        raise FaultyValueError(
            node.at, f"volumes of type {sort} are not supported", f"use {', '.join(_KINDS)}"
        )
    return Mount(
        sort,
        normpath(target),
        _long_source(sort, node, fields, reading),
        fields.get("read_only", False),
        fields.get("tmpfs", {}).get("size"),
    )


def _long_source(sort: str, node: MappingNode, fields: dict[str, Any], reading: Reading) -> str | None:
    source = node.get("source")
    if sort == "bind":
        if not fields.get("source") or source is None:
            raise FaultyValueError((source or node).at, "this bind mount has no source", _FORMS)
        return _host_path(fields["source"], source)
    if sort == "volume" and fields.get("source") and isinstance(source, ScalarNode):
        return _declared(fields["source"], source, reading)
    return None
