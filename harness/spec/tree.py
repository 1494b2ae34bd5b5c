"""Why this exists: YAML as plain values that know where they stand, so that every fault can name its line."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from harness.spec.model import Location


@dataclass(frozen=True, slots=True, eq=False)
class ScalarNode:
    """One scalar.

    Args:
        at: Where it stands.
        base: The folder its relative paths are resolved against.
        text: Its characters; YAML's quoting and escapes are already undone.
        is_typed: YAML reads the characters as a number, boolean, null or timestamp, not as text.
        tag: An explicit local tag such as `!reset`, else empty.
        unset: Names of variables that were blank because nothing sets them.
    """

    at: Location
    base: Path
    text: str
    is_typed: bool = False
    tag: str = ""
    unset: tuple[str, ...] = ()

    @property
    def is_null(self) -> bool:
        """Whether this is YAML's null (also: nothing behind the colon)."""
        return self.is_typed and self.text in ("", "~", "null", "Null", "NULL")


@dataclass(frozen=True, slots=True, eq=False)
class SequenceNode:
    """One list; fields as in `ScalarNode`."""

    at: Location
    base: Path
    items: tuple["Node", ...]
    tag: str = ""
    is_null = False


class Entry(NamedTuple):
    """One key of a mapping: where the key stands, and what it holds."""

    at: Location
    node: "Node"


@dataclass(frozen=True, slots=True, eq=False)
class MappingNode:
    """One mapping, in the file's order; fields as in `ScalarNode`."""

    at: Location
    base: Path
    entries: dict[str, Entry]
    tag: str = ""
    is_null = False

    def get(self, key: str) -> "Node | None":
        """What `key` holds; None when it is absent or null."""
        entry = self.entries.get(key)
        return None if entry is None or entry.node.is_null else entry.node

    def nodes(self) -> "Iterator[tuple[str, Node]]":
        """Keys with what they hold, null included."""
        return ((key, entry.node) for key, entry in self.entries.items())


Node = ScalarNode | SequenceNode | MappingNode


def kind(node: Node) -> str:
    """What a node is, for messages: "a list", "a mapping", "nothing" or its text in quotes."""
    match node:
        case SequenceNode():
            return "a list"
        case MappingNode():
            return "a mapping"
        case ScalarNode() if node.is_null:
            return "nothing"
        case ScalarNode(text=text):
            return repr(text if len(text) <= LONGEST_QUOTE else text[: LONGEST_QUOTE - 1] + "…")


LONGEST_QUOTE = 60
