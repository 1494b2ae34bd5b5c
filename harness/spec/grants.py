"""Why this exists: `configs` and `secrets`, from the top level's definition to the file a service sees."""

from collections.abc import Mapping
from dataclasses import replace

from harness.spec.faults import FaultyValueError, did_you_mean
from harness.spec.keys import Key, Reader, Reading, Table, ignored, read_entries
from harness.spec.model import GrantedFile
from harness.spec.paths import resolved
from harness.spec.readers import boolean, each, filled_text, items_of, scalar, text
from harness.spec.tree import MappingNode, Node

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
        reading.faults.warn(
            node.at,
            f"{label} is taken from {variable}, which is not set, and becomes blank",
            f"set {variable}",
        )
    return reading.variables.get(variable, "")


def _reader(sort: str, folder: str) -> Reader:
    def read(node: Node, reading: Reading) -> GrantedFile:
        known: Mapping[str, GrantedFile | None] = reading.secrets if sort == "secret" else reading.configs
        fields = (
            read_entries(node, _GRANT, reading, sort)
            if isinstance(node, MappingNode)
            else {"source": scalar(node, f"a {sort}", "its name").text}
        )
        name = fields.get("source", "")
        if name not in known:
            raise FaultyValueError(
                node.at,
                f"the {sort} {name} is not declared",
                did_you_mean(name, known) or f"declare it under the top-level {sort}s",
            )
        definition = known[name]
        if definition is None:
            raise FaultyValueError(
                node.at, f"the {sort} {name} is external and cannot be had here", _ONE_OF, is_lack=True
            )
        target = fields.get("target", name)
        return replace(definition, target=target if target.startswith("/") else f"{folder}{target}")

    return lambda node, reading: each(items_of(node, f"a list of {sort}s"), read, reading)


secrets = _reader("secret", "/run/secrets/")
"""The secrets granted to a service, as files below /run/secrets."""
configs = _reader("config", "/")
"""The configs granted to a service, as files."""
