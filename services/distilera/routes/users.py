"""Why this exists: users over REST."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel
from starlette.responses import Response

from distilera import accounts
from distilera.domain.users import NewUser, Profile, UserChange
from distilera.store import users
from kernel.lean import LeanRoute
from kernel.pages import Item, Page, PageQuery, documented, item_of, page_of
from kernel.service import ServiceDep
from kernel.tokens import CurrentPrincipal

router = APIRouter(prefix="/api/v1/users", tags=["users"], route_class=LeanRoute)


class UserView(BaseModel):
    """A user as clients see it."""

    id: str
    name: str
    email: str
    role: str
    is_active: bool
    profile: Profile
    created_at: datetime
    updated_at: datetime


@router.get("/", responses=documented(Page[UserView]))
async def list_users(
    request: Request,
    service: ServiceDep,
    principal: CurrentPrincipal,
    page: PageQuery,
    email: Annotated[str | None, Query(max_length=254)] = None,
) -> Response:
    """Users, newest first; a user sees itself, admins and services see everyone."""
    only = None if principal.is_privileged else principal.user_id
    rows, total = await users.page_of_users(service.pool, page, only=only, email=email)
    return page_of(request, rows, total, page)


@router.post("/", status_code=201, responses=documented(Item[UserView], 201))
async def create_user(
    request: Request, service: ServiceDep, principal: CurrentPrincipal, user: NewUser
) -> Response:
    """Create a user (admins and services)."""
    created = await accounts.create(service, principal, user)
    return item_of(request, created, status=201, link=f"{request.url.path}{created['id']}/")


@router.get("/{user_id}/", responses=documented(Item[UserView]))
async def get_user(
    request: Request, service: ServiceDep, principal: CurrentPrincipal, user_id: str
) -> Response:
    """One user."""
    return item_of(request, await accounts.read(service, principal, user_id))


@router.patch("/{user_id}/", responses=documented(Item[UserView]))
async def change_user(
    request: Request, service: ServiceDep, principal: CurrentPrincipal, user_id: str, wanted: UserChange
) -> Response:
    """Change a user; fields left out stay as they are."""
    return item_of(request, await accounts.change(service, principal, user_id, wanted))
