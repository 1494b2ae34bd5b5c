"""Why this exists: messages and inboxes over HTTP."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from hoardwell import inbox, messages
from hoardwell.schemas import (
    DeliveryView,
    InboxQuery,
    LogQuery,
    MessageBody,
    MessageView,
    ReadBody,
    ReadView,
)
from hoardwell.wording import direct
from kernel.errors import ApiError, not_found
from kernel.lean import LeanRoute
from kernel.pages import Item, Page, documented, item_of, page_of
from kernel.queries import Found, enough, read_query, reads
from kernel.service import ServiceDep
from kernel.tokens import CurrentPrincipal, Principal

router = APIRouter(prefix="/api/v1", tags=["messages"], route_class=LeanRoute)

TOPIC = "messages"


@router.get("/messages/", responses=documented(Page[MessageView]), openapi_extra=reads(LogQuery))
async def list_messages(request: Request, service: ServiceDep, principal: CurrentPrincipal) -> Response:
    """Messages in the order things happened; a user sees its own, admin and service all of them."""
    query, seen_by = read_query(request, LogQuery), _seen_by(principal)

    async def look() -> Found:
        return await messages.log(service.pool, query, seen_by)

    rows, total = await enough(service.changes, TOPIC, look, query)
    return page_of(request, rows, total, query.page_request)


@router.post("/messages/", status_code=201, responses=documented(Item[MessageView], 201))
async def send_message(
    request: Request, service: ServiceDep, principal: CurrentPrincipal, body: MessageBody
) -> Response:
    """Send a direct message."""
    sender = body.from_user or principal.user_id
    principal.ensure_may_act_for(sender)
    if body.id is not None and not principal.is_privileged:
        raise ApiError(
            403, "forbidden", "Only admin and service may give an id.", fields=[("id", "leave it out")]
        )
    async with service.pool.acquire() as connection, connection.transaction():
        row = await messages.write(
            connection, direct(body.to_user, body.content), message_id=body.id, sender_id=sender
        )
    if row is None:
        raise ApiError(409, "message_exists", f"There is a message {body.id!r} already.")
    return item_of(request, row, status=201, link=f"/api/v1/messages/{row['id']}/")


@router.get("/messages/{message_id}/", responses=documented(Item[MessageView]))
async def get_message(
    request: Request, service: ServiceDep, principal: CurrentPrincipal, message_id: str
) -> Response:
    """One message; 404 also where it is not the caller's."""
    row = await messages.get(service.pool, message_id, _seen_by(principal))
    if row is None:
        raise not_found("message", message_id)
    return item_of(request, row)


@router.get(
    "/inbox/{user_id}/",
    responses=documented(Page[DeliveryView]),
    openapi_extra=reads(InboxQuery),
)
async def get_inbox(
    request: Request, service: ServiceDep, principal: CurrentPrincipal, user_id: str
) -> Response:
    """A user's inbox, the latest first; `meta.unread` counts what is unread in all of it."""
    query = read_query(request, InboxQuery)
    principal.ensure_may_act_for(user_id)

    async def look() -> Found:
        return await inbox.latest(service.pool, user_id, query)

    rows, total = await enough(service.changes, TOPIC, look, query)
    unread = await inbox.unread(service.pool, user_id)
    return page_of(request, rows, total, query.page_request, meta={"unread": unread})


@router.post("/inbox/{user_id}/read", responses=documented(Item[ReadView]))
async def mark_read(
    request: Request, service: ServiceDep, principal: CurrentPrincipal, user_id: str, body: ReadBody
) -> Response:
    """Mark messages of a user as read."""
    principal.ensure_may_act_for(user_id)
    marked = await inbox.mark_read(service.pool, user_id, body.message_ids)
    return item_of(request, {"marked": marked, "unread": await inbox.unread(service.pool, user_id)})


def _seen_by(principal: Principal) -> str | None:
    """Whose messages a principal may see: its own, None for everybody's."""
    return None if principal.is_privileged else principal.user_id
