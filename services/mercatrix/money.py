"""Why this exists: one notion of an amount, a positive decimal of at most four places."""

from decimal import Decimal
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

PLACES = 4
QUANTUM = Decimal(1).scaleb(-PLACES)
LARGEST = Decimal(10) ** 12
DEFAULT_CURRENCY = "essence_coins"


def quantized(amount: Decimal) -> Decimal:
    """`amount` with exactly four places, as the database keeps it; its digits are never rounded away."""
    return amount.quantize(QUANTUM)


def spoken(amount: Decimal, currency: str) -> str:
    """`100.5 essence_coins`: an amount as a person reads it, without trailing zeros."""
    return f"{amount.normalize():f} {currency}"


Amount = Annotated[Decimal, Field(gt=0, le=LARGEST, decimal_places=PLACES), AfterValidator(quantized)]
Currency = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
