"""Free JSON is accepted if it can be stored and passed on."""

import math

import orjson
import pytest
from pydantic import JsonValue, TypeAdapter, ValidationError

from kernel.responses import to_json
from kernel.values import StorableJson

READ = TypeAdapter[JsonValue](StorableJson)


@pytest.mark.parametrize("value", [None, True, 1, 1.5, "é", [], {"a": [{"b": None}]}, 2**63 - 1])
def test_ordinary_json_passes_unchanged(value: JsonValue) -> None:
    """And has a form that reads back the same."""
    assert READ.validate_python(value) == value
    assert orjson.loads(to_json(value)) == value


@pytest.mark.parametrize("value", [2**70, math.inf, {"a": [math.nan]}, "\ud800", {"a": "\udfff"}])
def test_what_other_readers_could_not_take_is_refused(value: JsonValue) -> None:
    """Refused as a fault of the field, not as a failure while storing."""
    with pytest.raises(ValidationError):
        READ.validate_python(value)
