"""A fault comes out of its JSON form as it went in."""

import json
from dataclasses import fields
from types import UnionType
from typing import Any, get_args, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core.errors import UsageError
from harness.faults import Fault, Kill, Partition, Reset, decode, encode
from harness.faults.form import KINDS, describe

_SIMPLE: dict[Any, st.SearchStrategy[Any]] = {
    str: st.text(),
    int: st.integers(),
    float: st.floats(allow_nan=False),
}


def _value(hint: Any) -> st.SearchStrategy[Any]:
    if hint in _SIMPLE:
        return _SIMPLE[hint]
    if isinstance(hint, UnionType):
        return st.none() | _value(get_args(hint)[0])
    return st.lists(_value(get_args(hint)[0]), max_size=3).map(tuple)


def _fault(kind: type[Any]) -> st.SearchStrategy[Fault]:
    hints = get_type_hints(kind)
    return st.builds(kind, **{field.name: _value(hints[field.name]) for field in fields(kind)})


@given(st.one_of(*map(_fault, KINDS.values())))
def test_it_survives_json(fault: Fault) -> None:
    """Every kind, whatever it holds."""
    assert decode(json.loads(json.dumps(encode(fault)))) == fault


@pytest.mark.parametrize(
    ("form", "told"),
    [
        ({"fault": "Flood"}, "there is no fault 'Flood'"),
        ({}, "there is no fault None"),
        ({"fault": "Kill"}, "component"),
        ({"fault": "Kill", "component": "db", "depth": 3}, "depth"),
    ],
)
def test_what_is_none_is_refused(form: dict[str, Any], told: str) -> None:
    """With what is wrong with it."""
    with pytest.raises(UsageError, match=told):
        decode(form)


def test_people_are_told_what_was_asked_for() -> None:
    """Without what was left open."""
    assert describe(Kill("db")) == "component='db'"
    assert describe(Reset("db", sources=("api",))) == "component='db', sources=('api',)"
    assert describe(Partition((("a",), ("b",)))) == "groups=(('a',), ('b',))"
