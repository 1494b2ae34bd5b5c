"""Why this exists: a YAML file in, positioned nodes out; anchors, aliases and `<<` merges are resolved here."""

from collections.abc import Sequence
from dataclasses import replace
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.spec.diagnostics import Diagnostics, FaultyValueError
from harness.spec.model import Location
from harness.spec.tree import Entry, MappingNode, Node, ScalarNode, SequenceNode, kind

if TYPE_CHECKING:
    from ruamel.yaml.error import StringMark, YAMLError
    from ruamel.yaml.nodes import Node as YamlNode

_DEPTH = 60
_NODES = 100_000
_YAML = "tag:yaml.org,2002:"
_TEXT_TAG = f"{_YAML}str"
_CORE = {
    "null",
    "bool",
    "int",
    "float",
    "str",
    "seq",
    "map",
    "timestamp",
    "merge",
    "value",
}  # what YAML itself writes


def read(path: Path, base: Path, diagnostics: Diagnostics) -> tuple[MappingNode, ...]:
    """The documents of one file, in order; whatever is wrong with it goes to `diagnostics`.

    Args:
        path: The file, as it is shown in faults.
        base: The folder that relative paths in it are resolved against.
        diagnostics: Where faults are noted.
    """
    text = _text_of(path, diagnostics)
    if text is None:
        return ()
    builder = _Builder(path, base, diagnostics)
    documents = []
    for root in _composed(path, text, diagnostics):
        with diagnostics.collecting():
            node = builder.node(root)
            if isinstance(node, MappingNode):
                documents.append(node)
            elif not node.is_null:
                raise FaultyValueError(
                    node.at,
                    f"the file holds {kind(node)} where a mapping is expected",
                    "start it with services:",
                )
    return tuple(documents)


def _text_of(path: Path, diagnostics: Diagnostics) -> str | None:
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        diagnostics.error(Location(path, 1), "the file does not exist", _another(path))
    except IsADirectoryError:
        diagnostics.error(Location(path, 1), "this is a folder", "name the Compose file in it")
    except UnicodeDecodeError as error:
        diagnostics.error(
            Location(path, 1), f"the file is not UTF-8 text (byte {error.start})", "save it as UTF-8"
        )
    except (OSError, ValueError) as error:
        diagnostics.error(Location(path, 1), f"the file cannot be read: {error}")
    return None


def _another(path: Path) -> str:
    """What to do without a file that nobody may have asked for: there is a default one."""
    there = sorted(file.name for file in path.parent.glob("*.y*ml"))
    alike = get_close_matches(path.name, there, cutoff=0.5)
    beside = f"; beside it there is {' and '.join(alike)}" if alike else ""
    return f"name yours with -f, or --harness-file of pytest{beside}"


def _composed(path: Path, text: str, diagnostics: Diagnostics) -> "Sequence[YamlNode]":
    from ruamel.yaml.error import MarkedYAMLError  # noqa: PLC0415 - see below

    roots, error = _parsed(text)
    if isinstance(error, MarkedYAMLError):
        mark = error.problem_mark or error.context_mark
        what = " ".join(filter(None, (error.problem, error.context)))
        diagnostics.error(_location(path, mark), f"not valid YAML: {what}", _syntax_remedy(text, mark))
    elif error is not None:
        diagnostics.error(Location(path, 1), f"not valid YAML: {' '.join(str(error).split())}")
    return roots


@lru_cache(maxsize=8)  # a keeper reads the same files before every session
def _parsed(text: str) -> "tuple[Sequence[YamlNode], YAMLError | None]":
    """The documents of a text, up to the error in it; nobody may change them."""
    from ruamel.yaml import YAML  # noqa: PLC0415 - 50 ms that `import harness.spec` should not take
    from ruamel.yaml.error import YAMLError  # noqa: PLC0415 - as above

    yaml = YAML(typ="safe", pure=True)
    yaml.max_depth = _DEPTH
    yaml.composer.warn_double_anchors = False  # an anchor may be defined anew
    roots: list[YamlNode] = []
    try:
        roots.extend(yaml.compose_all(text))
    except YAMLError as error:
        return roots, error
    return roots, None


def _location(path: Path, mark: "StringMark | None") -> Location:
    return Location(path, 1) if mark is None else Location(path, mark.line + 1, mark.column + 1)


def _syntax_remedy(text: str, mark: "StringMark | None") -> str:
    lines = text.split("\n")
    line = lines[mark.line] if mark is not None and mark.line < len(lines) else ""
    if "\t" in line[: len(line) - len(line.lstrip())]:
        return "indent with spaces, not tabs"
    return f"look at {line.strip()!r} and the line above it" if line.strip() else "look at the lines above it"


class _Builder:
    """Turns ruamel's nodes into ours. Aliased nodes are shared, so that repeated aliases cost nothing."""

    def __init__(self, path: Path, base: Path, diagnostics: Diagnostics) -> None:
        self._path = path
        self._base = base
        self._diagnostics = diagnostics
        self._built: dict[int, tuple[Node, int]] = {}
        self._open: set[int] = set()

    def node(self, source: "YamlNode") -> Node:
        """Our node for ruamel's. Raises FaultyValueError when it contains itself or grows beyond measure."""
        return self._sized(source)[0]

    def _sized(self, source: "YamlNode") -> tuple[Node, int]:
        """The node, and how many nodes it has when every alias is written out."""
        known = self._built.get(id(source))
        if known is not None:
            return known
        at = _location(self._path, source.start_mark)
        if id(source) in self._open:
            raise FaultyValueError(at, "this anchor contains an alias of itself", "remove the alias")
        self._open.add(id(source))
        node, size = self._build(source, at)
        self._open.discard(id(source))
        if size > _NODES:
            raise FaultyValueError(at, f"aliases make this larger than {_NODES} values", "use fewer aliases")
        self._built[id(source)] = node, size
        return node, size

    def _build(self, source: Any, at: Location) -> tuple[Node, int]:
        tag = self._local_tag(source, at)
        if source.id == "scalar":
            _forbid_unusable(source.value, at)
            is_typed = source.style is None and source.tag != _TEXT_TAG and not tag
            return ScalarNode(at, self._base, source.value, is_typed, tag), 1
        if source.id == "sequence":
            built = [self._sized(item) for item in source.value]
            return SequenceNode(at, self._base, tuple(n for n, _ in built), tag), 1 + sum(s for _, s in built)
        return self._mapping(source, at, tag)

    def _local_tag(self, source: Any, at: Location) -> str:
        tag = str(source.tag or "")
        if tag.removeprefix(_YAML) in _CORE or not tag:
            return ""
        if not tag.startswith("!"):
            message = f"the tag {tag.replace(_YAML, '!!')} stands for nothing that a Compose file can hold"
            self._diagnostics.error(at, message, "remove it, and write the value itself")
            return ""
        if tag not in ("!reset", "!override"):
            self._diagnostics.warn(at, f"the tag {tag} means nothing to Compose and is ignored", "remove it")
            return ""
        return tag

    def _mapping(self, source: Any, at: Location, tag: str) -> tuple[MappingNode, int]:
        entries: dict[str, Entry] = {}
        merged: list[MappingNode] = []
        size = 1
        for key, value in source.value:
            node, weight = self._sized(value)
            size += weight
            key_at = _location(self._path, key.start_mark)
            if isinstance(node, ScalarNode) and node.is_null and not node.text:
                node = replace(node, at=key_at)  # nothing stands nowhere; its key is what a person looks for
            if key.id == "scalar":
                _forbid_unusable(key.value, key_at)
            if key.id == "scalar" and key.value == "<<" and key.style is None:
                self._forbid_second(bool(merged), "<<", key_at, "write <<: [*one, *two]")
                merged += self._merged(node)
            else:
                self._enter(entries, key, Entry(key_at, node))
        for other in merged:
            entries = _under(other.entries, entries)
        return MappingNode(at, self._base, entries, tag), size

    def _enter(self, entries: dict[str, Entry], key: Any, entry: Entry) -> None:
        if key.id != "scalar":
            self._diagnostics.error(
                entry.at, "a key must be a word, not a list or a mapping", "quote it, or remove the brackets"
            )
            return
        first = entries.get(key.value)
        where = f" (first on line {first.at.line})" if first else ""
        self._forbid_second(first is not None, f"{key.value}{where}", entry.at, "remove one of the two")
        entries.setdefault(key.value, entry)

    def _forbid_second(self, is_second: bool, key: str, at: Location, remedy: str) -> None:
        if is_second:
            self._diagnostics.error(at, f"the key {key} is there twice", remedy)

    def _merged(self, node: Node) -> list[MappingNode]:
        """The mappings behind `<<`, in order of precedence."""
        nodes = node.items if isinstance(node, SequenceNode) else (node,)
        for wrong in (n for n in nodes if not isinstance(n, MappingNode)):
            self._diagnostics.error(
                wrong.at, f"<< takes a mapping or a list of mappings, not {kind(wrong)}", "write <<: *anchor"
            )
        return [n for n in nodes if isinstance(n, MappingNode)]


def _forbid_unusable(text: str, at: Location) -> None:
    """No path, variable or argument can hold these."""
    if "\0" in text or (not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text)):
        raise FaultyValueError(
            at, "this text holds a NUL or half a surrogate pair", "remove the escape that makes it"
        )


def _under(defaults: dict[str, Entry], entries: dict[str, Entry]) -> dict[str, Entry]:
    """`entries` with `defaults` laid under them."""
    return entries | {key: entry for key, entry in defaults.items() if key not in entries}
