"""Why this exists: any fact a run could state, for the property tests of everything that reads facts."""

from collections.abc import Mapping
from dataclasses import fields
from enum import StrEnum
from types import EllipsisType
from typing import Any, get_args, get_origin, get_type_hints

from hypothesis import strategies as st

from harness.events.facts import Event, event_types

# Lone surrogates included: pytest hands them over when a program prints bytes that are no UTF-8.
TEXT = st.text(st.characters(exclude_categories=()), max_size=12)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)


def facts(
    numbers: st.SearchStrategy[float] = NUMBERS, names: st.SearchStrategy[str] = TEXT
) -> st.SearchStrategy[Event]:
    """Any fact, every field filled; `names` are its texts: few of them make facts meet."""
    return st.one_of(*(_fact(kind, numbers, names) for kind in event_types().values()))


def _fact(
    kind: type[Event], numbers: st.SearchStrategy[float], names: st.SearchStrategy[str]
) -> st.SearchStrategy[Event]:
    hints = get_type_hints(kind)
    return st.builds(kind, **{f.name: _value(hints[f.name], numbers, names) for f in fields(kind)})


def _value(
    hint: Any, numbers: st.SearchStrategy[float], names: st.SearchStrategy[str]
) -> st.SearchStrategy[Any]:
    """Values of an annotation, for the few kinds of annotation that facts use."""
    simple = {float: numbers, str: names, int: st.integers(-(2**53), 2**53), bool: st.booleans()}
    if hint in simple:
        return simple[hint]
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return st.sampled_from(list(hint))
    inner = [arg for arg in get_args(hint) if not isinstance(arg, EllipsisType)]
    parts = [_value(arg, numbers, names) for arg in inner]
    if get_origin(hint) is Mapping:
        return st.dictionaries(*parts, max_size=3)
    if Ellipsis in get_args(hint):
        return st.lists(parts[0], max_size=3).map(tuple)
    return st.tuples(*parts)
