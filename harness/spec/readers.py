"""Why this exists: the small readers that every table is made of: text, numbers, lists, pairs, choices.

All are `Reader`s or make one: (node, reading) in, a value out, FaultyValueError for what cannot be read.
"""

import math
from collections.abc import Callable, Iterable
from types import MappingProxyType
from typing import Any, NamedTuple, TypeVar

from harness.spec import units
from harness.spec.diagnostics import FaultyValueError, did_you_mean
from harness.spec.keys import Reader, Reading, Table, read_entries
from harness.spec.model import Location
from harness.spec.tree import MappingNode, Node, ScalarNode, SequenceNode, kind

_Number = TypeVar("_Number", int, float)

_TRUE = frozenset(("true", "yes", "on", "y", "t", "1"))
_FALSE = frozenset(("false", "no", "off", "n", "f", "0"))


def scalar(node: Node, wanted: str, example: str) -> ScalarNode:
    """`node` if it is one value. Raises FaultyValueError with what was wanted and what to write."""
    if not isinstance(node, ScalarNode) or node.is_null:
        raise FaultyValueError(node.at, f"expected {wanted}, found {kind(node)}", f"write {example}")
    return node


def faulty(node: ScalarNode, message: str, remedy: str = "") -> FaultyValueError:
    """A fault about a value; names the variables that were blank in it, which mostly are the reason."""
    if node.unset:
        message += f" (with {', '.join(node.unset)} not set)"
    return FaultyValueError(node.at, message, remedy, is_lack=bool(node.unset))


def text(node: Node, _reading: Reading) -> str:
    """Any single value, by its characters."""
    return scalar(node, "text", "one value").text


def filled_text(node: Node, _reading: Reading) -> str:
    """Text that is not blank."""
    found = scalar(node, "text", "one value")
    if not found.text.strip():
        raise faulty(found, "expected text, found nothing", "write a value, or remove the key")
    return found.text


def optional_text(node: Node, reading: Reading) -> str | None:
    """Text; None for a blank one, which says as much as no key at all (`container_name: ${UNSET}`)."""
    return text(node, reading) or None


def value(node: Node, reading: Reading) -> str:
    """The value of a variable, label or argument: booleans as `true`/`false`, numbers as Compose prints them."""
    found = scalar(node, "one value", 'it in quotes: "…"')
    if not found.is_typed:
        return found.text
    if found.text.lower() in ("true", "false"):
        return found.text.lower()
    printed = _printed_number(found.text)
    if printed is None or printed == found.text:
        return found.text
    reading.diagnostics.warn(
        found.at, f"{found.text} is a number in YAML and becomes {printed}", f'write "{found.text}"'
    )
    return printed


def _printed_number(characters: str) -> str | None:
    plain = characters.replace("_", "").lower()
    try:
        if plain.lstrip("+-").startswith("0") and plain.lstrip("+-")[1:].isdigit():
            return str(int(plain, 8))
        return str(int(plain, 0))
    except ValueError:
        pass
    try:
        number = float(plain)
    except ValueError:
        return None
    if not math.isfinite(number):
        return None
    return str(int(number)) if number.is_integer() and abs(number) < 1e21 else repr(number)  # noqa: PLR2004 - Go's own limit


def boolean(node: Node, _reading: Reading) -> bool:
    """`true` or `false`, also in the old spellings `yes`/`no`, `on`/`off`."""
    found = scalar(node, "true or false", "true or false")
    word = found.text.lower()
    if word not in _TRUE | _FALSE:
        raise faulty(found, f"expected true or false, found {kind(found)}", "write true or false")
    return word in _TRUE


def integer(node: Node, _reading: Reading) -> int:
    """A whole number of at least 0."""
    found = scalar(node, "a whole number", "a number such as 3")
    if not (found.text.isascii() and found.text.isdigit() and len(found.text) < 19):  # noqa: PLR2004 - fits 64 bits
        message = f"expected a whole number of at least 0, found {kind(found)}"
        raise faulty(found, message, "write a number such as 3")
    return int(found.text)


def limit(node: Node, reading: Reading) -> int:
    """A whole number, or -1 for "no limit"."""
    return -1 if isinstance(node, ScalarNode) and node.text == "-1" else integer(node, reading)


def number(node: Node, _reading: Reading) -> float:
    """A number of at least 0."""
    found = scalar(node, "a number", "a number such as 0.5")
    try:
        read = float(found.text)
    except ValueError:
        read = math.nan
    if not (math.isfinite(read) and read >= 0):
        message = f"expected a number of at least 0, found {kind(found)}"
        raise faulty(found, message, "write a number such as 0.5")
    return read


def duration(node: Node, _reading: Reading) -> float:
    """`1m30s` as seconds."""
    return _converted(node, units.seconds, "a duration", "a number with a unit, such as 10s or 1m30s")


def size(node: Node, _reading: Reading) -> int:
    """`512m` as bytes."""
    return _converted(node, units.bytes_, "a size", "a number with a unit, such as 512m or 1g")


def memory_limit(node: Node, reading: Reading) -> int | None:
    """The same for limits, where 0 and -1 mean none."""
    return None if isinstance(node, ScalarNode) and node.text in ("-1", "0") else size(node, reading)


def _converted(node: Node, convert: Callable[[str], _Number], wanted: str, example: str) -> _Number:
    found = scalar(node, wanted, example)
    try:
        return convert(found.text.strip())
    except ValueError:
        raise faulty(found, f"expected {wanted}, found {kind(found)}", f"write {example}") from None


def choice(*allowed: str) -> Reader:
    """One of a few words; where nothing is allowed as well, nobody is told to write it."""
    words = list(filter(None, allowed))

    def read(node: Node, _reading: Reading) -> str:
        found = scalar(node, "one word", " or ".join(words))
        if found.text not in allowed:
            message = f"{kind(found)} is not one of {', '.join(words)}"
            raise faulty(found, message, did_you_mean(found.text, words))
        return found.text

    return read


def items_of(node: Node, example: str) -> tuple[Node, ...]:
    """The items of a list, null ones left out. Raises FaultyValueError for anything else."""
    if not isinstance(node, SequenceNode):
        raise FaultyValueError(node.at, f"expected a list, found {kind(node)}", f"write {example}")
    return tuple(item for item in node.items if not item.is_null)


def many(read: Reader, example: str = "a list: [one, two]") -> Reader:
    """A list whose items are read one by one; a faulty item does not hide the others."""

    def read_list(node: Node, reading: Reading) -> tuple[Any, ...]:
        return each(items_of(node, example), read, reading)

    return read_list


def one_or_many(read: Reader) -> Reader:
    """One value, or a list of them."""

    def read_either(node: Node, reading: Reading) -> tuple[Any, ...]:
        return each(node.items if isinstance(node, SequenceNode) else (node,), read, reading)

    return read_either


def each(nodes: Iterable[Node], read: Reader, reading: Reading) -> tuple[Any, ...]:
    """What `read` makes of each node; faults are noted and their nodes left out."""
    values: list[Any] = []
    for node in nodes:
        with reading.diagnostics.collecting():
            values.append(read(node, reading))
    return tuple(values)


def pairs(node: Node, reading: Reading) -> dict[str, str | None]:
    """`{NAME: value}` or `[NAME=value]`; None for a name without a value."""
    if isinstance(node, SequenceNode):
        return dict(each(node.items, _pair, reading))
    if not isinstance(node, MappingNode):
        raise FaultyValueError(
            node.at, f"expected names with values, found {kind(node)}", "write NAME: value below it"
        )
    read: dict[str, str | None] = {}
    for name, held in node.nodes():
        with reading.diagnostics.collecting():
            read[name] = None if held.is_null else value(held, reading)
    return read


def _pair(node: Node, _reading: Reading) -> tuple[str, str | None]:
    if not isinstance(node, ScalarNode) or node.is_typed:
        raise FaultyValueError(
            node.at,
            f"expected NAME=value, found {kind(node)}",
            "write NAME=value, or drop the dashes: NAME: value",
        )
    name, found, held = node.text.partition("=")
    if not name:
        raise faulty(node, f"expected NAME=value, found {kind(node)}", "write a name before the =")
    return name, held if found else None


def filled_pairs(node: Node, reading: Reading) -> MappingProxyType[str, str]:
    """The same with "" for a name without a value, as labels have it."""
    return MappingProxyType({name: held or "" for name, held in pairs(node, reading).items()})


def table(rows: Table, owner: str, build: Callable[..., Any] = dict) -> Reader:
    """A mapping with keys of its own; `build` gets the values by key."""

    def read(node: Node, reading: Reading) -> Any:
        return build(**read_entries(node, rows, reading, owner))

    return read


TEXTS = many(text)
"""A list of texts."""


class Named(NamedTuple):
    """One name of a list of names, or one key of a mapping by name; `body` is what the key holds, if anything."""

    at: Location
    name: str
    body: Node | None


def each_named(
    node: Node, read: Callable[[Named, Reading], Any], reading: Reading, what: str
) -> tuple[Any, ...]:
    """What `read` makes of each of `[name]` or `{name: …}`; faults are noted and their names left out."""
    values: list[Any] = []
    for entry in _named(node, reading, what):
        with reading.diagnostics.collecting():
            values.append(read(entry, reading))
    return tuple(values)


def _named(node: Node, reading: Reading, what: str) -> tuple[Named, ...]:
    if isinstance(node, MappingNode):
        return tuple(
            Named(at, name, None if body.is_null else body) for name, (at, body) in node.entries.items()
        )
    items = items_of(node, f"a list of {what}s")
    names = each(items, lambda item, _: scalar(item, f"a {what}", "its name"), reading)
    return tuple(Named(name.at, name.text, None) for name in names)
