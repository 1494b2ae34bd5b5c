"""Why this exists: Mercatrix for programs: transfers, balances and listings as typed records."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar

from kernel.client import ServiceClient
from kernel.entity import Entity


class Transaction(Entity):
    """A transfer that was made (`completed`), or was refused (`failed`) for `reason`."""

    from_user: str
    to_user: str
    amount: Decimal
    currency: str
    transaction_type: str
    status: str
    created_at: datetime
    reason: str | None = None
    note: str | None = None


class Balance(Entity):
    """What a user holds; its id is the user's. `balances` has every currency, `essence_coins` the usual one."""

    user_id: str
    essence_coins: Decimal
    balances: dict[str, Decimal]


class Listing(Entity):
    """An offer on the market, `open` or `closed`."""

    item_type: str
    quantity: int
    price_per_unit: Decimal
    currency: str
    seller: str
    status: str
    created_at: datetime
    closed_at: datetime | None = None


class MercatrixClient(ServiceClient):
    """The economy. What follows an asynchronous effect takes `wait`, seconds that the service waits for it."""

    service: ClassVar[str] = "mercatrix"
    test_url: ClassVar[str] = "http://localhost:8003"

    async def open_account(self, user: str) -> str:
        """Open a user's account without waiting for Distilera to tell of the user; returns the account's id."""
        data = await self.data("POST", "/api/v1/accounts/", {"user_id": user})
        return str(data["id"])

    async def process_transaction(
        self, transaction: Mapping[str, Any], idempotency_key: str | None = None, *, wait: float = 5.0
    ) -> Transaction:
        """Make a transfer.

        Args:
            transaction: `from_user`, `to_user`, `amount`; where they are not the usual ones `currency` and
                `transaction_type`; `note`, and for admin and service `id`.
            idempotency_key: The same key never moves money twice.
            wait: Seconds within which accounts of users just created may still be opened.

        Raises:
            ClientError: 422 with the rule that refuses it (`insufficient_funds`, `account_not_found`,
                `same_account`), 409 for a key that stood for another transfer.
        """
        return await self.one(
            Transaction,
            "POST",
            "/api/v1/transactions/",
            dict(transaction),
            headers=_keyed(idempotency_key),
            wait=wait,
        )

    async def pay_reward(
        self,
        user: str,
        amount: Decimal | float | str,
        reason: str,
        idempotency_key: str | None = None,
        *,
        wait: float = 5.0,
    ) -> Transaction:
        """Pay `amount` essence coins from the treasury to `user`."""
        body = {"user_id": user, "amount": amount, "reason": reason}
        headers = _keyed(idempotency_key)
        return await self.one(Transaction, "POST", "/api/v1/rewards/", body, headers=headers, wait=wait)

    async def get_transaction(self, transaction: str) -> Transaction:
        """One transfer."""
        return await self.one(Transaction, "GET", f"/api/v1/transactions/{transaction}/")

    async def get_user_transactions(
        self, user: str, *, at_least: int = 1, wait: float = 5.0
    ) -> list[Transaction]:
        """Every transfer from or to `user`, the latest first."""
        return await self._transactions(wait, user_id=user, at_least=at_least)

    async def get_all_transactions(self, *, at_least: int = 1, wait: float = 5.0) -> list[Transaction]:
        """Every transfer, the latest first."""
        return await self._transactions(wait, at_least=at_least)

    async def get_failed_transactions(
        self, user: str | None = None, *, at_least: int = 1, wait: float = 0.0
    ) -> list[Transaction]:
        """Refused transfers, the latest first; does not wait unless asked to, for usually there are none."""
        return await self._transactions(wait, user_id=user, status="failed", at_least=at_least)

    async def _transactions(self, wait: float, **params: Any) -> list[Transaction]:
        return await self.many(Transaction, "/api/v1/transactions/", params=params, wait=wait)

    async def get_user_balance(
        self, user: str, wait_for: Mapping[str, Decimal | float | str] | None = None, *, wait: float = 5.0
    ) -> Balance:
        """What `user` holds, after everything that Distilera had told by then, such as rewards.

        Args:
            user: The user, whose account may be on its way.
            wait_for: One currency with the amount to wait for: `{"essence_coins": 10}` waits for at least 10.
            wait: Seconds; what there is then is returned.
        """
        params = {"at_least": _at_least(wait_for)}
        return await self.one(Balance, "GET", f"/api/v1/accounts/{user}/balance", params=params, wait=wait)

    async def get_ledger_total(self) -> Decimal:
        """The sum over all postings: 0 at every instant."""
        return Decimal((await self.data("GET", "/api/v1/ledger/total"))["total"])

    async def check_ledger(self) -> dict[str, Any]:
        """Whether the ledger agrees with itself (`is_consistent`), and where it does not."""
        return dict(await self.data("GET", "/api/v1/ledger/check"))

    async def create_market_listing(self, listing: Mapping[str, Any], *, wait: float = 5.0) -> Listing:
        """Offer something: `item_type`, `quantity`, `price_per_unit`, and `seller` where that is another user."""
        return await self.one(Listing, "POST", "/api/v1/listings/", dict(listing), wait=wait)

    async def get_listing(self, listing: str) -> Listing:
        """One offer."""
        return await self.one(Listing, "GET", f"/api/v1/listings/{listing}/")

    async def list_listings(
        self, *, seller: str | None = None, status: str | None = None, item_type: str | None = None
    ) -> list[Listing]:
        """The market, the latest offers first."""
        params = {"seller": seller, "status": status, "item_type": item_type}
        return await self.many(Listing, "/api/v1/listings/", params=params)

    async def close_listing(self, listing: str) -> Listing:
        """End an offer."""
        return await self.one(Listing, "POST", f"/api/v1/listings/{listing}/close")


def _keyed(idempotency_key: str | None) -> dict[str, str]:
    return {} if idempotency_key is None else {"Idempotency-Key": idempotency_key}


def _at_least(wait_for: Mapping[str, Decimal | float | str] | None) -> str | None:
    """`{"essence_coins": 10}` as the service's query takes it."""
    if not wait_for:
        return None
    if len(wait_for) > 1:
        raise ValueError(f"wait_for takes one currency, not {', '.join(wait_for)}")
    [(currency, least)] = wait_for.items()
    return f"{currency}:{Decimal(str(least)):f}"
