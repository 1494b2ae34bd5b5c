"""Why this exists: JSON of no fixed shape that a client sends is accepted only if it can be stored and passed on."""

import json
from typing import Annotated

import orjson
from pydantic import AfterValidator, JsonValue


def storable(value: JsonValue) -> JsonValue:
    """`value` itself.

    Raises:
        ValueError: it holds a number or text that other JSON readers could not take back.
    """
    try:
        orjson.dumps(value)  # integers of 64 bits at most, no lone surrogates
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise ValueError(str(error)) from error
    return value


StorableJson = Annotated[JsonValue, AfterValidator(storable)]
