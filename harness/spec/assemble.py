"""Why this exists: several files, `extends` and `include` become one tree, in the order Compose does it.

Each file: parse, interpolate, extends, include. Then the files are laid over each other.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from harness.spec import source
from harness.spec.diagnostics import Diagnostics, FaultyValueError, did_you_mean
from harness.spec.extends import Extends
from harness.spec.merge import merge, pruned
from harness.spec.paths import is_file, real, resolved
from harness.spec.tree import Entry, MappingNode, Node, ScalarNode, SequenceNode, kind
from harness.spec.variables import Interpolation, with_env_file

Trail = tuple[Path, ...]

_INCLUDED = ("services", "networks", "volumes", "configs", "secrets")


def assemble(
    files: Sequence[Path],
    directory: Path,
    variables: Mapping[str, str],
    diagnostics: Diagnostics,
    trail: Trail = (),
) -> MappingNode | None:
    """One tree of all `files`, `!reset` and `!override` applied; None when no file could be read.

    Args:
        files: Compose files, later ones laid over earlier ones.
        directory: The folder that relative paths in them are resolved against.
        variables: What `${…}` is taken from.
        diagnostics: Where faults are noted.
        trail: The files whose `include` led here.
    """
    whole: MappingNode | None = None
    for path in files:
        document = _document(path, directory, variables, diagnostics, trail)
        if document is not None:
            whole = document if whole is None else merge(whole, document, diagnostics)
    return None if whole is None else pruned(whole)


def _document(
    path: Path, directory: Path, variables: Mapping[str, str], diagnostics: Diagnostics, trail: Trail
) -> MappingNode | None:
    interpolation = Interpolation(variables, diagnostics)
    whole: MappingNode | None = None
    for raw in source.read(path, directory, diagnostics):
        document = interpolation.mapping(raw)
        document = Extends(interpolation, diagnostics).applied(document, path)
        document = _with_included(document, variables, diagnostics, (*trail, real(path)))
        whole = document if whole is None else merge(whole, document, diagnostics)
    return whole


def _with_included(
    document: MappingNode, variables: Mapping[str, str], diagnostics: Diagnostics, trail: Trail
) -> MappingNode:
    include = document.get("include")
    if include is None:
        return document
    entries = {key: entry for key, entry in document.entries.items() if key != "include"}
    document = MappingNode(document.at, document.base, entries)
    for item in include.items if isinstance(include, SequenceNode) else (include,):
        with diagnostics.collecting():
            included = _included(item, variables, diagnostics, trail)
            document = document if included is None else _joined(document, included, diagnostics)
    return document


def _included(
    item: Node, variables: Mapping[str, str], diagnostics: Diagnostics, trail: Trail
) -> MappingNode | None:
    """What one entry of `include` brings in, with its own project directory and env file."""
    fields = (
        item
        if isinstance(item, MappingNode)
        else MappingNode(item.at, item.base, {"path": Entry(item.at, item)})
    )
    for key, entry in fields.entries.items():
        if key not in _INCLUDE_KEYS:
            diagnostics.error(entry.at, f"include has no key {key}", did_you_mean(key, _INCLUDE_KEYS))
    paths = _paths(fields, "path")
    if not paths:
        raise FaultyValueError(item.at, "include names no file", "write include: [other.yml]")
    again = next((path for path in paths if real(path) in trail), None)
    if again is not None:
        raise FaultyValueError(item.at, f"{again.name} includes itself", "remove this include")
    missing = next((path for path in paths if not is_file(path)), None)
    if missing is not None:
        raise FaultyValueError(
            item.at, f"include names the file {missing}, which does not exist", "mend the path"
        )
    directory = (_paths(fields, "project_directory") or (paths[0].parent,))[0]
    for env_file in _paths(fields, "env_file") or (directory / ".env",):
        variables = with_env_file(variables, env_file, diagnostics)
    return assemble(paths, directory, variables, diagnostics, trail)


_INCLUDE_KEYS = ("path", "project_directory", "env_file")


def _paths(fields: MappingNode, key: str) -> tuple[Path, ...]:
    node = fields.get(key)
    if node is None:
        return ()
    items = node.items if isinstance(node, SequenceNode) else (node,)
    for item in items:
        if not isinstance(item, ScalarNode) or not item.text:
            raise FaultyValueError(item.at, f"include.{key} holds {kind(item)}", "write the path of a file")
    return tuple(resolved(item.text, item.base) for item in items if isinstance(item, ScalarNode))


def _joined(document: MappingNode, included: MappingNode, diagnostics: Diagnostics) -> MappingNode:
    """`document` with the services, networks … of an included project; nothing may be in both."""
    entries = dict(document.entries)
    for section in _INCLUDED:
        theirs = included.get(section)
        if not isinstance(theirs, MappingNode):
            continue
        ours = document.get(section)
        if not isinstance(ours, MappingNode):
            entries[section] = included.entries[section]
            continue
        _note_conflicts(section, ours, theirs, diagnostics)
        merged = MappingNode(ours.at, ours.base, theirs.entries | ours.entries)
        entries[section] = Entry(document.entries[section].at, merged)
    if "x-harness" in included.entries:
        diagnostics.warn(
            included.entries["x-harness"].at,
            "the top-level x-harness of an included file is ignored",
            "write it in the including file",
        )
    return MappingNode(document.at, document.base, entries)


def _note_conflicts(section: str, ours: MappingNode, theirs: MappingNode, diagnostics: Diagnostics) -> None:
    for name in ours.entries.keys() & theirs.entries.keys():
        mine, other = ours.entries[name], theirs.entries[name]
        if mine.node is not other.node and mine.at != other.at:
            where = f"{other.at.path}:{other.at.line}"
            diagnostics.error(
                mine.at,
                f"{section}.{name} is also in the included {where}",
                "rename one, or change it in a further -f file",
            )
