"""Why this exists: accounts, balances and the ledger's own figures over HTTP."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from kernel.errors import ApiError, not_found
from kernel.lean import LeanRoute
from kernel.pages import Item, documented, item_of
from kernel.queries import read_query, reads
from kernel.service import ServiceDep
from kernel.tokens import AdminPrincipal, CurrentPrincipal
from mercatrix import audit
from mercatrix.accounts import balance_of, open_accounts
from mercatrix.schemas import AccountBody, AccountView, BalanceQuery, BalanceView, CheckView, TotalView

router = APIRouter(prefix="/api/v1", tags=["ledger"], route_class=LeanRoute)


@router.post("/accounts/", status_code=201, responses=documented(Item[AccountView], 201))
async def open_account(
    request: Request, service: ServiceDep, _principal: AdminPrincipal, body: AccountBody
) -> Response:
    """Open a user's account; 409 where it is open."""
    if not await open_accounts(service.pool, [body.user_id]):
        raise ApiError(409, "account_exists", f"{body.user_id} has an account already.")
    view = {"id": body.user_id, "user_id": body.user_id}
    return item_of(request, view, status=201, link=f"/api/v1/accounts/{body.user_id}/balance")


@router.get(
    "/accounts/{user_id}/balance",
    responses=documented(Item[BalanceView]),
    openapi_extra=reads(BalanceQuery),
)
async def get_balance(
    request: Request, service: ServiceDep, principal: CurrentPrincipal, user_id: str
) -> Response:
    """What a user holds; with `wait`, as soon as the account is open and holds `at_least`."""
    query = read_query(request, BalanceQuery)
    principal.ensure_may_act_for(user_id)

    async def look() -> dict[str, Any] | None:
        return await balance_of(service.pool, user_id)

    found = await service.changes.until("accounts", look, query.wait, enough=_reaches(query.at_least))
    if found is None:
        raise not_found("account", user_id)
    return item_of(request, found)


def _reaches(at_least: str | None) -> Callable[[dict[str, Any] | None], bool]:
    """A predicate on balances: there at all, and at least so much where that was asked for."""
    currency, _, text = (at_least or "any:0").partition(":")
    least = Decimal(text)
    return lambda found: found is not None and found["balances"].get(currency, Decimal(0)) >= least


@router.get("/ledger/total", responses=documented(Item[TotalView]))
async def get_total(request: Request, service: ServiceDep, _principal: AdminPrincipal) -> Response:
    """The sum over all postings: 0 at every instant."""
    return item_of(request, await audit.total(service.pool))


@router.get("/ledger/check", responses=documented(Item[CheckView]))
async def check_ledger(request: Request, service: ServiceDep, _principal: AdminPrincipal) -> Response:
    """Compare every balance with its postings, and every transaction with its own."""
    async with service.pool.acquire() as connection:
        return item_of(request, await audit.check(connection))
