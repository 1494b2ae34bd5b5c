"""How the client asks, without a service."""

from decimal import Decimal

import pytest

from mercatrix.client import Balance, _at_least


@pytest.mark.parametrize(
    ("wait_for", "expected"),
    [
        (None, None),
        ({}, None),
        ({"essence_coins": 10}, "essence_coins:10"),
        ({"gold": Decimal("0.0001")}, "gold:0.0001"),
        ({"gold": 1e-4}, "gold:0.0001"),
    ],
)
def test_wait_for_as_the_service_reads_it(
    wait_for: dict[str, Decimal | float] | None, expected: str | None
) -> None:
    """One currency with its amount, never in exponents."""
    assert _at_least(wait_for) == expected


def test_only_one_currency_can_be_waited_for() -> None:
    """More than the service can answer is refused here."""
    with pytest.raises(ValueError, match="one currency, not gold, silver"):
        _at_least({"gold": 1, "silver": 2})


def test_a_balance_is_its_user() -> None:
    """A balance can be passed on where a user is expected, and read as decimals."""
    balance = Balance.of(
        {"id": "a", "user_id": "a", "essence_coins": "99.5000", "balances": {"essence_coins": "99.5000"}}
    )
    assert balance == "a"
    assert balance.essence_coins == balance.balances["essence_coins"] == Decimal("99.5")
