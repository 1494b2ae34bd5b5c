"""Why this exists: the market's listings over HTTP."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from kernel.errors import ApiError
from kernel.lean import LeanRoute
from kernel.pages import Item, Page, documented, item_of, page_of
from kernel.queries import Found, WaitQuery, enough, read_query, reads
from kernel.service import ServiceDep
from kernel.tokens import CurrentPrincipal
from mercatrix import listings
from mercatrix.accounts import are_open
from mercatrix.schemas import ListingBody, ListingQuery, ListingView

router = APIRouter(prefix="/api/v1/listings", tags=["listings"], route_class=LeanRoute)


@router.post("/", status_code=201, responses=documented(Item[ListingView], 201))
async def create(
    request: Request,
    service: ServiceDep,
    principal: CurrentPrincipal,
    body: ListingBody,
    wait: WaitQuery = 0,
) -> Response:
    """Offer something; with `wait`, the seller's account that is about to be opened is waited for."""
    seller = body.seller or principal.user_id
    principal.ensure_may_act_for(seller)
    if body.id is not None and not principal.is_privileged:
        raise ApiError(
            403, "forbidden", "Only admin and service may give an id.", fields=[("id", "leave it out")]
        )
    if wait:
        await service.changes.until("accounts", lambda: are_open(service.pool, [seller]), wait)
    async with service.pool.acquire() as connection, connection.transaction():
        row = await listings.create(connection, body, seller)
    return item_of(request, row, status=201, link=f"/api/v1/listings/{row['id']}/")


@router.get("/", responses=documented(Page[ListingView]), openapi_extra=reads(ListingQuery))
async def list_listings(request: Request, service: ServiceDep, _principal: CurrentPrincipal) -> Response:
    """The market, open to every user, the latest offers first."""
    query = read_query(request, ListingQuery)

    async def look() -> Found:
        return await listings.latest(service.pool, query)

    rows, total = await enough(service.changes, "listings", look, query)
    return page_of(request, rows, total, query.page_request)


@router.get("/{listing_id}/", responses=documented(Item[ListingView]))
async def get_listing(
    request: Request, service: ServiceDep, _principal: CurrentPrincipal, listing_id: str
) -> Response:
    """One offer."""
    return item_of(request, await listings.get(service.pool, listing_id))


@router.post("/{listing_id}/close", responses=documented(Item[ListingView]))
async def close_listing(
    request: Request, service: ServiceDep, principal: CurrentPrincipal, listing_id: str
) -> Response:
    """End an offer of one's own."""
    async with service.pool.acquire() as connection, connection.transaction():
        principal.ensure_may_act_for((await listings.get(connection, listing_id))["seller"])
        row = await listings.close(connection, listing_id)
    return item_of(request, row, link=f"/api/v1/listings/{listing_id}/")
