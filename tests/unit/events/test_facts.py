"""Every fact survives its JSON form; newer logs stay readable."""

import json
from collections import Counter
from types import MappingProxyType

import pytest
from hypothesis import given

from harness.events.facts import CaseStarted, Event, SuitesCollected, decode, encode
from tests.unit.events.strategies import facts


@given(facts())
def test_a_fact_survives_its_json_form(fact: Event) -> None:
    """Whatever was stated is read back equal, types included."""
    again = decode(json.loads(json.dumps(encode(fact))))
    assert again == fact
    assert repr(again) == repr(fact)


def test_any_mapping_can_be_stated() -> None:
    """Emitters count with a Counter and hand out read-only views; both become plain objects."""
    fact = SuitesCollected(at=1.0, by_suite=Counter({"api": 2}), by_layer=MappingProxyType({"e2e": 2}))
    assert decode(json.loads(json.dumps(encode(fact)))) == SuitesCollected(
        at=1.0, by_suite={"api": 2}, by_layer={"e2e": 2}
    )


def test_kinds_and_fields_of_a_newer_writer_are_passed_over() -> None:
    """An older reader takes from a newer log what it knows."""
    assert decode({"event": "Teleported", "at": 1.0}) is None
    form = encode(CaseStarted(at=1.0, case="a", suite="api")) | {"mood": "good"}
    assert decode(form) == CaseStarted(at=1.0, case="a", suite="api")


def test_a_known_kind_that_lacks_a_field_is_an_error() -> None:
    """A log written by something else is not taken for one of ours."""
    with pytest.raises(TypeError, match="suite"):
        decode({"event": "CaseStarted", "at": 1.0, "case": "a"})
