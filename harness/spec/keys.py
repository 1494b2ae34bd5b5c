"""Why this exists: what becomes of each key of a mapping is a row of a table, and one function follows the table.

A key is read into the model, ignored with a warning that says why nothing changes, or refused with an error.
A key that no row names is an error, with the nearest known one.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.spec.diagnostics import Diagnostics, FaultyValueError, did_you_mean
from harness.spec.model import GrantedFile
from harness.spec.tree import MappingNode, Node, kind


@dataclass(slots=True)
class Reading:
    """What readers may look at beside their node: what else the files declare, variables, faults."""

    diagnostics: Diagnostics
    variables: Mapping[str, str]
    services: Collection[str] = ()
    networks: Collection[str] = ()
    volumes: Collection[str] = ()
    secrets: Mapping[str, GrantedFile | None] = field(default_factory=dict)
    configs: Mapping[str, GrantedFile | None] = field(default_factory=dict)


Reader = Callable[[Node, Reading], Any]
"""Reads one node into a value. Raises FaultyValueError; may note warnings and further faults."""


@dataclass(frozen=True, slots=True)
class Key:
    """What becomes of one key: `read` is its reader; `warning` and `error` are said when the key is there."""

    read: Reader | None = None
    warning: str = ""
    error: str = ""
    remedy: str = ""


Table = Mapping[str, Key]


def ignored(why: str) -> Key:
    """A key that is passed over with a warning."""
    return Key(warning=f"is ignored: {why}", remedy="remove it if that matters")


def refused(why: str, remedy: str) -> Key:
    """A key that cannot be passed over without changing behaviour."""
    return Key(error=f"is not supported: {why}", remedy=remedy)


SETTLED = Key()
"""A key that was dealt with before tables are read, such as `extends`."""


def read_entries(node: Node, table: Table, reading: Reading, owner: str) -> dict[str, Any]:
    """The values of a mapping's keys as the table reads them; what is faulty, null or read as None is left out.

    Args:
        node: The mapping.
        table: A row for each key.
        reading: The surroundings.
        owner: What the mapping is, for messages: "service web", "healthcheck".

    Raises:
        FaultyValueError: `node` is no mapping.
    """
    if not isinstance(node, MappingNode):
        raise FaultyValueError(node.at, f"{owner} must be a mapping, not {kind(node)}", _sketch(table))
    values: dict[str, Any] = {}
    for name, entry in node.entries.items():
        key = table.get(name)
        if key is None:
            _note_unknown(name, entry.at, table, reading.diagnostics, owner)
        elif not entry.node.is_null:
            _note_remarks(name, entry.at, key, reading.diagnostics)
            if key.read is not None:
                with reading.diagnostics.collecting():
                    values[name] = key.read(entry.node, reading)
    return {name: value for name, value in values.items() if value is not None}


def _note_unknown(name: str, at: Any, table: Table, diagnostics: Diagnostics, owner: str) -> None:
    if not name.startswith("x-"):
        diagnostics.error(
            at, f"{owner} has no key {name!r}", did_you_mean(name, table) or "remove it, or start it with x-"
        )
    elif "x-harness" in table and did_you_mean(name, ("x-harness",)).startswith("did"):
        diagnostics.warn(at, f"{name} is ignored: keys with x- are comments", "did you mean x-harness?")


def _note_remarks(name: str, at: Any, key: Key, diagnostics: Diagnostics) -> None:
    if key.error:
        diagnostics.error(at, f"{name} {key.error}", key.remedy)
    if key.warning:
        diagnostics.warn(at, f"{name} {key.warning}", key.remedy)


def _sketch(table: Iterable[str]) -> str:
    """What a mapping with these keys looks like."""
    return "write " + ", ".join(f"{key}: …" for key in list(table)[:3])
