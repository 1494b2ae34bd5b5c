"""How a balance is answered."""

from decimal import Decimal

from mercatrix.accounts import balance_view


def test_an_empty_account_holds_no_coins() -> None:
    """An account without postings still says how many essence coins it has: none."""
    view = balance_view("alchemist", [{"currency": None, "amount": None}])
    assert view == {"id": "alchemist", "user_id": "alchemist", "essence_coins": Decimal(0), "balances": {}}


def test_other_currencies_stand_beside_the_usual_one() -> None:
    """Every currency is in the map, the usual one in a field of its own too."""
    rows = [
        {"currency": "essence_coins", "amount": Decimal("7.5")},
        {"currency": "gold", "amount": Decimal(2)},
    ]
    view = balance_view("alchemist", rows)
    assert view["essence_coins"] == Decimal("7.5")
    assert view["balances"] == {"essence_coins": Decimal("7.5"), "gold": Decimal(2)}
