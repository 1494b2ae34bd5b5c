"""Amounts are exact decimals of four places, or are refused."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from mercatrix.money import LARGEST, QUANTUM, Amount, quantized, spoken

READER: TypeAdapter[Decimal] = TypeAdapter(Amount)

amounts = st.decimals(min_value=QUANTUM, max_value=LARGEST, places=4)


@given(amounts)
def test_an_amount_keeps_its_value(amount: Decimal) -> None:
    """Reading changes the number of places, never the value."""
    read = READER.validate_python(str(amount))
    assert read == amount
    assert read.as_tuple().exponent == -4


@pytest.mark.parametrize(
    ("given_as", "expected"), [(100.0, "100"), (0.1, "0.1"), (3, "3"), ("2.5000", "2.5")]
)
def test_json_numbers_are_read_as_written(given_as: object, expected: str) -> None:
    """A float of JSON means the digits a person wrote, not its binary neighbour."""
    assert READER.validate_python(given_as) == Decimal(expected)


@pytest.mark.parametrize(
    "amount", ["0", "-1", "0.00001", "1000000000000.0001", "NaN", "Infinity", "ten", None]
)
def test_what_is_no_amount_is_refused(amount: object) -> None:
    """Zero, negative, too fine, too large and not finite are no amounts."""
    with pytest.raises(ValidationError):
        READER.validate_python(amount)


@given(amounts)
def test_quantizing_loses_nothing(amount: Decimal) -> None:
    """Every amount fits the database's scale."""
    assert quantized(amount) == amount


def test_an_amount_is_spoken_without_padding() -> None:
    """People read 100.5, not 100.5000, and never an exponent."""
    assert spoken(Decimal("100.5000"), "essence_coins") == "100.5 essence_coins"
    assert spoken(Decimal("100.0000"), "gold") == "100 gold"
