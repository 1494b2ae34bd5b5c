"""Why this exists: the market's open listings over REST, as Mercatrix's events told of them."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel
from starlette.responses import Response

from distilera.store import marketplace
from kernel.pages import Page, PageQuery, documented, page_of
from kernel.queries import WaitQuery
from kernel.service import ServiceDep

router = APIRouter(prefix="/api/v1/marketplace/items", tags=["marketplace"])

Filter = Annotated[str | None, Query(max_length=128)]


class ItemView(BaseModel):
    """An open listing; the price is decimal text."""

    id: str
    item_type: str
    quantity: int
    price_per_unit: Decimal
    seller: str
    listed_at: datetime


@router.get("/", responses=documented(Page[ItemView]))
async def list_items(
    request: Request,
    service: ServiceDep,
    page: PageQuery,
    containing: Filter = None,
    seller: Filter = None,
    item_type: Filter = None,
    wait: WaitQuery = 0.0,
) -> Response:
    """Open listings, newest first; with `wait` held back until there are any, or until the one `containing` names."""
    if wait:

        async def look() -> bool:
            return await marketplace.is_listed(service.pool, containing)

        await service.changes.until(marketplace.TOPIC, look, wait)
    rows, total = await marketplace.page_of_items(service.pool, page, seller=seller, item_type=item_type)
    return page_of(request, rows, total, page)
