"""Why this exists: transfers and rewards over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Header
from starlette.requests import Request
from starlette.responses import Response

from kernel.errors import ApiError, not_found
from kernel.lean import LeanRoute
from kernel.pages import Item, Page, documented, item_of, page_of
from kernel.queries import Found, WaitQuery, enough, read_query, reads
from kernel.service import Service, ServiceDep
from kernel.tokens import AdminPrincipal, CurrentPrincipal, Principal
from mercatrix import transactions
from mercatrix.accounts import are_open, open_accounts
from mercatrix.ledger import TREASURY, Transfer, is_system
from mercatrix.rewards import reward
from mercatrix.schemas import Key, PaymentBody, RewardBody, TransactionQuery, TransactionView
from mercatrix.transactions import Answer, Order

router = APIRouter(prefix="/api/v1", tags=["transactions"], route_class=LeanRoute)

KeyHeader = Annotated[Key | None, Header(alias="Idempotency-Key")]


@router.post("/transactions/", status_code=201, responses=documented(Item[TransactionView], 201))
async def process(
    request: Request,
    service: ServiceDep,
    principal: CurrentPrincipal,
    body: PaymentBody,
    idempotency_key: KeyHeader = None,
    wait: WaitQuery = 0,
) -> Response:
    """Make a transfer, at most once per idempotency key; 422 where the rules refuse it.

    With `wait`, accounts that are about to be opened are waited for.
    """
    _ensure_may_ask_for(principal, body)
    order = Order(
        Transfer(body.from_user, body.to_user, body.amount, body.currency, body.transaction_type),
        requested_by=principal.user_id,
        idempotency_key=_one_key(idempotency_key, body.idempotency_key),
        id=body.id,
        note=body.note,
    )
    return await _paid(request, service, order, wait)


@router.post("/rewards/", status_code=201, responses=documented(Item[TransactionView], 201))
async def pay_reward(
    request: Request,
    service: ServiceDep,
    principal: AdminPrincipal,
    body: RewardBody,
    idempotency_key: KeyHeader = None,
    wait: WaitQuery = 0,
) -> Response:
    """Pay a user from the treasury."""
    await open_accounts(service.pool, [TREASURY])
    order = Order(
        reward(body.user_id, body.amount),
        requested_by=principal.user_id,
        idempotency_key=_one_key(idempotency_key, body.idempotency_key),
        note=body.reason,
    )
    return await _paid(request, service, order, wait)


@router.get(
    "/transactions/", responses=documented(Page[TransactionView]), openapi_extra=reads(TransactionQuery)
)
async def list_transactions(request: Request, service: ServiceDep, principal: CurrentPrincipal) -> Response:
    """Transfers from or to a user, the latest first; a user sees its own, admin and service everybody's."""
    query = read_query(request, TransactionQuery)
    user_id = query.user_id if query.user_id or principal.is_privileged else principal.user_id
    if user_id is not None:
        principal.ensure_may_act_for(user_id)

    async def look() -> Found:
        return await transactions.latest(service.pool, user_id, query.status, query.page_request)

    rows, total = await enough(service.changes, "transactions", look, query)
    return page_of(request, rows, total, query.page_request)


@router.get("/transactions/{transaction_id}/", responses=documented(Item[TransactionView]))
async def get_transaction(
    request: Request, service: ServiceDep, principal: CurrentPrincipal, transaction_id: str
) -> Response:
    """One transfer; a user sees those from or to itself."""
    row = await transactions.get(service.pool, transaction_id)
    if row is None:
        raise not_found("transaction", transaction_id)
    if principal.user_id not in (row["from_user"], row["to_user"]):
        principal.ensure_may_act_for(None)
    return item_of(request, row)


def _ensure_may_ask_for(principal: Principal, body: PaymentBody) -> None:
    """A user pays from its own account and lets the service choose the id; nobody is the treasury by name."""
    if principal.is_privileged:
        return
    principal.ensure_may_act_for(body.from_user)
    if is_system(body.from_user):
        raise ApiError(403, "forbidden", f"{body.from_user} belongs to no user.")
    if body.id is not None:
        raise ApiError(
            403, "forbidden", "Only admin and service may give an id.", fields=[("id", "leave it out")]
        )


def _one_key(header: str | None, body: str | None) -> str | None:
    """The idempotency key, from wherever it was given."""
    if header and body and header != body:
        fault = ("idempotency_key", "differs from the Idempotency-Key header")
        raise ApiError(400, "validation_failed", "There are two idempotency keys.", fields=[fault])
    return header or body


async def _paid(request: Request, service: Service, order: Order, wait: float) -> Response:
    if wait:
        involved = {order.transfer.from_user, order.transfer.to_user}
        await service.changes.until("accounts", lambda: are_open(service.pool, involved), wait)
    return _answer(request, await transactions.pay(service.pool, order))


def _answer(request: Request, answer: Answer) -> Response:
    row = answer.transaction
    if answer.has_failed:
        message = f"{row['note'] or row['reason']} The refusal is recorded as {row['id']}."
        raise ApiError(422, row["reason"], message, fields=[("transaction_id", row["id"])])
    response = item_of(request, row, status=201, link=f"/api/v1/transactions/{row['id']}/")
    if answer.is_replay:
        response.headers["Idempotent-Replayed"] = "true"
    return response
