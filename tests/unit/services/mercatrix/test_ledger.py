"""The rules of double entry, whatever transfers are asked for."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mercatrix.ledger import (
    TREASURY,
    Balance,
    Balances,
    Refusal,
    RefusedError,
    Transfer,
    applied,
    check,
    is_system,
    postings_of,
    touched,
)

COINS = "essence_coins"
PEOPLE = ("alchemist", "synthesizer", "validator")

transfers = st.builds(
    Transfer,
    st.sampled_from((*PEOPLE, TREASURY, "nobody")),
    st.sampled_from((*PEOPLE, TREASURY, "nobody")),
    st.decimals(min_value="0.0001", max_value=200, places=4),
)


def opened() -> Balances:
    """Three users with 100 each, and the treasury that gave it to them."""
    users = {(person, COINS): Balance(Decimal(100)) for person in PEOPLE}
    return {**users, (TREASURY, COINS): Balance(Decimal(-300), may_overdraw=True)}


@given(transfers)
def test_postings_sum_to_zero(transfer: Transfer) -> None:
    """What leaves one account arrives at the other."""
    assert sum(posting.amount for posting in postings_of(transfer)) == 0


@given(st.lists(transfers, max_size=30))
def test_no_history_makes_money_or_debts(asked: list[Transfer]) -> None:
    """After any transfers that the rules allow, all balances sum to zero and no user is below it."""
    balances = opened()
    for transfer in asked:
        try:
            check(transfer, balances)
        except RefusedError:
            continue
        balances = applied(balances, postings_of(transfer))
    assert sum(balance.amount for balance in balances.values()) == 0
    assert all(balances[person, COINS].amount >= 0 for person in PEOPLE)


@given(st.lists(transfers, max_size=10))
def test_balances_are_locked_once_each_in_one_order(asked: list[Transfer]) -> None:
    """The order of locking does not depend on the order of the transfers."""
    keys = touched(asked)
    assert keys == sorted(set(keys)) == touched(reversed(asked))
    assert {account for account, _ in keys} == {name for t in asked for name in (t.from_user, t.to_user)}


@pytest.mark.parametrize(
    ("transfer", "refusal", "field"),
    [
        (Transfer("alchemist", "alchemist", Decimal(1)), Refusal.SAME_ACCOUNT, "to_user"),
        (Transfer("nobody", "alchemist", Decimal(1)), Refusal.ACCOUNT_NOT_FOUND, "from_user"),
        (Transfer("alchemist", "nobody", Decimal(1)), Refusal.ACCOUNT_NOT_FOUND, "to_user"),
        (Transfer("alchemist", "validator", Decimal("100.0001")), Refusal.INSUFFICIENT_FUNDS, "amount"),
        (Transfer("alchemist", "validator", Decimal(1), "gold"), Refusal.ACCOUNT_NOT_FOUND, "from_user"),
    ],
)
def test_what_the_rules_forbid(transfer: Transfer, refusal: Refusal, field: str) -> None:
    """Each rule names itself and the field it concerns."""
    with pytest.raises(RefusedError) as refused:
        check(transfer, opened())
    assert (refused.value.refusal, refused.value.field) == (refusal, field)


def test_a_refusal_names_the_figures() -> None:
    """Its reader learns what there was and what was needed."""
    with pytest.raises(
        RefusedError, match=r"alchemist has 100 essence_coins, 250\.5 essence_coins are needed"
    ):
        check(Transfer("alchemist", "validator", Decimal("250.5000")), opened())


def test_everything_may_be_spent() -> None:
    """A balance may become exactly zero."""
    check(Transfer("alchemist", "validator", Decimal(100)), opened())


def test_the_treasury_may_overdraw() -> None:
    """Money comes into being as the treasury's debt."""
    check(Transfer(TREASURY, "alchemist", Decimal(10_000)), opened())


def test_system_accounts_are_told_by_their_name() -> None:
    """No user may spend from an account of this kind."""
    assert is_system(TREASURY)
    assert not is_system("alchemist_001")
