"""Python values become JSON in one way."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from kernel.responses import json_response, to_json


def test_decimals_and_instants_have_one_form() -> None:
    """No digit of an amount is lost; instants are in UTC with a Z."""
    value = {"amount": Decimal("10.00"), "at": datetime(2026, 11, 21, 10, 0, 0, 5, tzinfo=UTC)}
    assert to_json(value) == b'{"amount":"10.00","at":"2026-11-21T10:00:00.000005Z"}'


def test_what_has_no_json_form_is_named() -> None:
    """The mistake is ours, and easily found."""
    with pytest.raises(TypeError, match="object"):
        to_json(object())


def test_a_response_is_finished() -> None:
    """Status, headers and length are set."""
    response = json_response({"a": 1}, 201, {"x-extra": "1"})
    assert response.status_code == 201
    assert response.headers["content-type"] == "application/json"
    assert response.headers["content-length"] == "7"
    assert response.headers["x-extra"] == "1"
