"""Why this exists: `${…}` in every value of a file is replaced before anything is understood, as Compose does."""

from collections import ChainMap
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from harness.spec import dotenv
from harness.spec.diagnostics import Diagnostics
from harness.spec.interpolate import interpolate
from harness.spec.model import Location
from harness.spec.paths import is_file
from harness.spec.tree import Entry, MappingNode, Node, ScalarNode, SequenceNode


def with_env_file(variables: Mapping[str, str], path: Path, diagnostics: Diagnostics) -> Mapping[str, str]:
    """`variables`, with those of an env file under them; a file that is not there changes nothing."""
    if not is_file(path):
        return variables
    try:
        return ChainMap(dict(variables), dotenv.read(path, variables, diagnostics))
    except OSError as error:
        diagnostics.error(Location(path, 1), f"the file cannot be read: {error.strerror}")
        return variables


class Interpolation:
    """Puts variables into whole trees. A node that aliases share is done once, and stays shared."""

    def __init__(self, variables: Mapping[str, str], diagnostics: Diagnostics) -> None:
        self._variables = variables
        self._diagnostics = diagnostics
        self._done: dict[int, tuple[Node, Node]] = {}  # the first node is kept so that its id stays taken

    def mapping(self, node: MappingNode) -> MappingNode:
        """`node` with variables put into all its values; keys stay as they are."""
        entries = {key: Entry(at, self.node(held)) for key, (at, held) in node.entries.items()}
        return replace(node, entries=entries)

    def node(self, node: Node) -> Node:
        """The same for any node."""
        known = self._done.get(id(node))
        if known is None:
            known = self._done[id(node)] = (node, self._fresh(node))
        return known[1]

    def _fresh(self, node: Node) -> Node:
        match node:
            case MappingNode():
                return self.mapping(node)
            case SequenceNode():
                return replace(node, items=tuple(self.node(item) for item in node.items))
            case ScalarNode(text=text) if "$" in text:
                return self._scalar(node)
        return node

    def _scalar(self, node: ScalarNode) -> ScalarNode:
        result = interpolate(node.text, self._variables)
        for diagnostic in result.diagnostics:
            self._diagnostics.error(node.at, diagnostic.message, diagnostic.remedy)
        for name in result.unset:
            self._diagnostics.warn(
                node.at,
                f"variable {name} is not set and becomes blank",
                f"set {name} in the environment or in .env, or write a default: ${{{name}:-value}}",
            )
        return node if result.diagnostics else replace(node, text=result.text, unset=result.unset)
