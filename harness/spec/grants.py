"""Why this exists: `configs` and `secrets`, from the top level's definition to the file a service sees."""

from collections.abc import Mapping
from dataclasses import replace

from harness.spec.diagnostics import FaultyValueError, did_you_mean
from harness.spec.keys import Key, Reading, Table, ignored, read_entries
from harness.spec.model import GrantedFile
from harness.spec.paths import resolved
from harness.spec.readers import boolean, each, filled_text, items_of, scalar, text
from harness.spec.tree import MappingNode, Node

Definitions = Mapping[str, GrantedFile | None]

_OWN_USER = "the file belongs to the user that the component runs as"
_GRANT: Table = {
    "source": Key(read=filled_text),
    "target": Key(read=filled_text),
    "uid": ignored(_OWN_USER),
    "gid": ignored(_OWN_USER),
    "mode": ignored(_OWN_USER),
}
_DEFINITION: Table = {
    "file": Key(read=filled_text),
    "content": Key(read=text),
    "environment": Key(read=filled_text),
    "external": Key(
        read=lambda node, reading: True if isinstance(node, MappingNode) else boolean(node, reading)
    ),
    "name": ignored("names outside the file are not used"),
    "labels": ignored("labels are not seen by components"),
    "driver": ignored("files come from this machine"),
    "driver_opts": ignored("files come from this machine"),
    "template_driver": ignored("the file is taken as it stands"),
}
_ONE_OF = "write one of file: path, environment: NAME, content: text"


def defined(label: str, name: str, node: Node, reading: Reading) -> GrantedFile | None:
    """A top-level config or secret, without a target yet; None for one that is kept outside (`external`)."""
    fields = read_entries(node, _DEFINITION, reading, label)
    if fields.get("external"):
        return None
    sources = fields.keys() & {"file", "content", "environment"}
    if len(sources) != 1:
        raise FaultyValueError(node.at, f"{label} has {len(sources)} sources", _ONE_OF)
    if "file" in fields and isinstance(node, MappingNode):
        return GrantedFile(name, "", source=resolved(fields["file"], node.entries["file"].node.base))
    if "environment" in fields:
        return GrantedFile(name, "", content=_from_variable(label, fields["environment"], node, reading))
    return GrantedFile(name, "", content=fields["content"])


def _from_variable(label: str, variable: str, node: Node, reading: Reading) -> str:
    if variable not in reading.variables:
        reading.diagnostics.warn(
            node.at,
            f"{label} is taken from {variable}, which is not set, and becomes blank",
            f"set {variable}",
        )
    return reading.variables.get(variable, "")


def secrets(node: Node, reading: Reading) -> tuple[GrantedFile, ...]:
    """The secrets granted to a service, as files below /run/secrets."""
    return _granted(node, reading, "secret", reading.secrets, "/run/secrets/")


def configs(node: Node, reading: Reading) -> tuple[GrantedFile, ...]:
    """The configs granted to a service, as files."""
    return _granted(node, reading, "config", reading.configs, "/")


def _granted(
    node: Node, reading: Reading, sort: str, known: Definitions, folder: str
) -> tuple[GrantedFile, ...]:
    def read(item: Node, _: Reading) -> GrantedFile:
        if isinstance(item, MappingNode):
            fields = read_entries(item, _GRANT, reading, sort)
        else:
            fields = {"source": scalar(item, f"a {sort}", "its name").text}
        definition = _definition(item, sort, fields.get("source", ""), known)
        target = fields.get("target", definition.name)
        return replace(definition, target=target if target.startswith("/") else f"{folder}{target}")

    return each(items_of(node, f"a list of {sort}s"), read, reading)


def _definition(item: Node, sort: str, name: str, known: Definitions) -> GrantedFile:
    if name not in known:
        remedy = did_you_mean(name, known) or f"declare it under the top-level {sort}s"
        raise FaultyValueError(item.at, f"the {sort} {name} is not declared", remedy)
    definition = known[name]
    if definition is None:
        message = f"the {sort} {name} is external and cannot be had here"
        raise FaultyValueError(item.at, message, _ONE_OF, is_lack=True)
    return definition
