"""Why this exists: the rules of double entry as pure values, before any database is asked."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from mercatrix.money import DEFAULT_CURRENCY, quantized, spoken

SYSTEM_PREFIX = "system:"
TREASURY = f"{SYSTEM_PREFIX}treasury"


class Refusal(StrEnum):
    """Why a transfer was not made; each word is also the error code that its caller reads."""

    SAME_ACCOUNT = "same_account"
    ACCOUNT_NOT_FOUND = "account_not_found"
    INSUFFICIENT_FUNDS = "insufficient_funds"


class RefusedError(Exception):
    """A transfer that the rules forbid.

    Args:
        refusal: The rule.
        field: The field of the transfer that it concerns.
        message: A sentence with the accounts and amounts in question.
    """

    def __init__(self, refusal: Refusal, field: str, message: str) -> None:
        super().__init__(message)
        self.refusal = refusal
        self.field = field
        self.message = message


@dataclass(frozen=True, slots=True)
class Transfer:
    """`amount` of `currency` (positive, four places) from one account to another, and what for."""

    from_user: str
    to_user: str
    amount: Decimal
    currency: str = DEFAULT_CURRENCY
    transaction_type: str = "payment"


@dataclass(frozen=True, slots=True)
class Posting:
    """One side of a transfer: `amount` is negative where money leaves the account."""

    account_id: str
    currency: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Balance:
    """What an account holds in one currency."""

    amount: Decimal
    may_overdraw: bool = False


Balances = dict[tuple[str, str], Balance]


def is_system(account_id: str) -> bool:
    """Whether an account belongs to the economy itself and not to a user."""
    return account_id.startswith(SYSTEM_PREFIX)


def postings_of(transfer: Transfer) -> tuple[Posting, Posting]:
    """Both sides of a transfer; they sum to zero."""
    amount = quantized(transfer.amount)
    return (
        Posting(transfer.from_user, transfer.currency, -amount),
        Posting(transfer.to_user, transfer.currency, amount),
    )


def touched(transfers: Iterable[Transfer]) -> list[tuple[str, str]]:
    """Every (account, currency) that the transfers change, once each and sorted."""
    sides = (posting for transfer in transfers for posting in postings_of(transfer))
    return sorted({(posting.account_id, posting.currency) for posting in sides})


def applied(balances: Balances, postings: Collection[Posting]) -> Balances:
    """The balances after the postings."""
    after = dict(balances)
    for posting in postings:
        key = (posting.account_id, posting.currency)
        after[key] = Balance(after[key].amount + posting.amount, after[key].may_overdraw)
    return after


def check(transfer: Transfer, balances: Mapping[tuple[str, str], Balance]) -> None:
    """Whether the rules allow `transfer`; `balances` holds those of every account that exists.

    Raises:
        RefusedError: the accounts are the same, one is missing, or the payer has too little.
    """
    if transfer.from_user == transfer.to_user:
        raise RefusedError(Refusal.SAME_ACCOUNT, "to_user", f"{transfer.to_user} cannot pay itself.")
    for field, account_id in (("from_user", transfer.from_user), ("to_user", transfer.to_user)):
        if (account_id, transfer.currency) not in balances:
            raise RefusedError(Refusal.ACCOUNT_NOT_FOUND, field, f"{account_id} has no account.")
    payer = balances[transfer.from_user, transfer.currency]
    if not payer.may_overdraw and payer.amount < transfer.amount:
        raise RefusedError(
            Refusal.INSUFFICIENT_FUNDS,
            "amount",
            f"{transfer.from_user} has {spoken(payer.amount, transfer.currency)}, "
            f"{spoken(transfer.amount, transfer.currency)} are needed.",
        )
