"""Why this exists: `extends` gives a service what another one has, from this file or from another."""

from pathlib import Path
from typing import NamedTuple

from harness.spec import source
from harness.spec.diagnostics import Diagnostics, FaultyValueError, did_you_mean
from harness.spec.merge import merge
from harness.spec.model import Location
from harness.spec.paths import is_file, real, resolved
from harness.spec.tree import Entry, MappingNode, Node, ScalarNode, kind
from harness.spec.variables import Interpolation

Trail = dict[tuple[Path, str], Location]
"""The services that led somewhere, by file and name, each with where it says what it extends."""


class _Target(NamedTuple):
    """What a service extends: `file` is None for the file it stands in."""

    service: ScalarNode
    file: Path | None


class Extends:
    """Resolves the `extends` of one file; other files it leads to are read once."""

    def __init__(self, interpolation: Interpolation, diagnostics: Diagnostics) -> None:
        self._interpolation = interpolation
        self._diagnostics = diagnostics
        self._files: dict[Path, MappingNode | None] = {}

    def applied(self, document: MappingNode, path: Path) -> MappingNode:
        """`document`, the content of `path`, with every service complete and no `extends` left."""
        services = document.get("services")
        if not isinstance(services, MappingNode):
            return document
        entries = dict(services.entries)
        for name, entry in services.entries.items():
            with self._diagnostics.collecting():
                entries[name] = Entry(entry.at, self._complete(services, name, path, {}))
        complete = MappingNode(services.at, services.base, entries, services.tag)
        at = document.entries["services"].at
        return MappingNode(document.at, document.base, document.entries | {"services": Entry(at, complete)})

    def _complete(self, services: MappingNode, name: str, path: Path, trail: Trail) -> Node:
        node = services.entries[name].node
        extends = node.get("extends") if isinstance(node, MappingNode) else None
        if extends is None or not isinstance(node, MappingNode):
            return node
        here = (real(path), name)
        if here in trail:
            raise _circle(trail, here)
        target = _target(extends)
        own = MappingNode(
            node.at, node.base, {k: e for k, e in node.entries.items() if k != "extends"}, node.tag
        )
        base = self._base(services, target, path, {**trail, here: extends.at})
        return (
            merge(base, own, self._diagnostics, ("services", name)) if isinstance(base, MappingNode) else own
        )

    def _base(self, services: MappingNode, target: _Target, path: Path, trail: Trail) -> Node:
        pool: Node | None = services
        where = path
        if target.file is not None and real(target.file) != real(path):
            where = target.file
            document = self._file(where, target.service)
            pool = document.get("services") if document else None
        known = pool.entries if isinstance(pool, MappingNode) else {}
        if target.service.text not in known or not isinstance(pool, MappingNode):
            raise FaultyValueError(
                target.service.at,
                f"extends names the service {target.service.text}, which {where} does not have",
                did_you_mean(target.service.text, known),
            )
        return self._complete(pool, target.service.text, where, trail)

    def _file(self, path: Path, asked_at: ScalarNode) -> MappingNode | None:
        if not is_file(path):
            raise FaultyValueError(
                asked_at.at, f"extends names the file {path}, which does not exist", "mend the path"
            )
        if path not in self._files:
            documents = source.read(path, path.parent, self._diagnostics)
            self._files[path] = self._interpolation.mapping(documents[0]) if documents else None
        return self._files[path]


def _circle(trail: Trail, again: tuple[Path, str]) -> FaultyValueError:
    """The same fault whichever of its services is asked for: told at the first of them in the file."""
    around = list(trail)[list(trail).index(again) :]
    first = min(around, key=lambda service: (trail[service].path, trail[service].line, trail[service].column))
    start = around.index(first)
    names = " → ".join(name for _, name in (*around[start:], *around[:start], first))
    return FaultyValueError(trail[first], f"extends goes in a circle: {names}", "remove one of them")


def _target(extends: Node) -> _Target:
    if isinstance(extends, ScalarNode):
        return _Target(extends, None)
    fields = extends if isinstance(extends, MappingNode) else None
    service = fields.get("service") if fields else None
    file = fields.get("file") if fields else None
    if fields is None or not isinstance(service, ScalarNode) or not isinstance(file, ScalarNode | None):
        raise FaultyValueError(
            extends.at, f"extends holds {kind(extends)}", "write extends: {service: name, file: other.yml}"
        )
    for key, entry in fields.entries.items():
        if key not in ("service", "file"):
            raise FaultyValueError(
                entry.at, f"extends has no key {key}", did_you_mean(key, ("service", "file"))
            )
    return _Target(service, None if file is None else resolved(file.text, file.base))
