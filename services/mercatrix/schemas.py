"""Why this exists: what Mercatrix is asked and what it answers, as the OpenAPI document shows it."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, Field, StringConstraints

from kernel.changes import LONGEST_WAIT
from kernel.queries import WaitingQuery
from mercatrix.money import DEFAULT_CURRENCY, Amount, Currency

RecordId = Annotated[str, StringConstraints(pattern=r"^\S{1,128}$")]
Word = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
Key = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Sentence = Annotated[str, StringConstraints(min_length=1, max_length=500)]


class AccountBody(BaseModel):
    """An account to be opened."""

    user_id: RecordId


class AccountView(BaseModel):
    """An open account."""

    id: str
    user_id: str


class BalanceQuery(BaseModel):
    """How long to wait for the account, and for what: `at_least` is `currency:amount`."""

    wait: Annotated[float, Field(ge=0, le=LONGEST_WAIT)] = 0
    at_least: (
        Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,31}:\d{1,16}(\.\d{1,4})?$")] | None
    ) = None


class BalanceView(BaseModel):
    """What an account holds."""

    id: str
    user_id: str
    essence_coins: Decimal
    balances: dict[str, Decimal]


class PaymentBody(BaseModel):
    """A transfer to be made. `id` may be given by admin and service only."""

    from_user: RecordId
    to_user: RecordId
    amount: Amount
    currency: Currency = DEFAULT_CURRENCY
    transaction_type: Word = "payment"
    note: Sentence | None = None
    id: RecordId | None = None
    idempotency_key: Key | None = None


class RewardBody(BaseModel):
    """A payment from the treasury."""

    user_id: RecordId
    amount: Amount
    reason: Sentence
    idempotency_key: Key | None = None


class TransactionQuery(WaitingQuery):
    """Which transfers: from or to `user_id`, and how they ended."""

    user_id: str | None = None
    status: Literal["completed", "failed"] | None = None


class TransactionView(BaseModel):
    """A transfer that was made, or was refused for `reason`."""

    id: str
    from_user: str
    to_user: str
    amount: Decimal
    currency: str
    transaction_type: str
    status: str
    reason: str | None
    note: str | None
    created_at: datetime


class TotalView(BaseModel):
    """The sum over all postings, zero at every instant."""

    total: Decimal
    postings: int


class DifferenceView(BaseModel):
    """A balance that is not the sum of its postings."""

    account_id: str
    currency: str
    balance: Decimal
    postings: Decimal


class CheckView(BaseModel):
    """Whether the ledger agrees with itself, and where not."""

    is_consistent: bool
    total: Decimal
    differences: list[DifferenceView]
    unbalanced_transactions: list[str]


class ListingBody(BaseModel):
    """An offer; `seller` is the caller unless admin or service name another, `id` is theirs to give."""

    item_type: Word
    quantity: Annotated[int, Field(ge=1, le=1_000_000_000)]
    price_per_unit: Amount
    currency: Currency = DEFAULT_CURRENCY
    seller: RecordId | None = None
    id: RecordId | None = None


class ListingQuery(WaitingQuery):
    """Which offers."""

    seller: str | None = None
    status: Literal["open", "closed"] | None = None
    item_type: str | None = None


class ListingView(BaseModel):
    """An offer, `open` or `closed`."""

    id: str
    item_type: str
    quantity: int
    price_per_unit: Decimal
    currency: str
    seller: str
    status: str
    created_at: datetime
    closed_at: datetime | None
