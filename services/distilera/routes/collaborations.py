"""Why this exists: collaborations over REST."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from distilera.domain.collaboration import MOST_PARTICIPANTS, party_of
from distilera.domain.lifecycle import State
from distilera.domain.users import RecordId
from distilera.routes.access import ensure_known, ensure_own_id
from distilera.store import collaborations
from kernel.errors import ApiError
from kernel.pages import Item, Page, PageQuery, documented, item_of, page_of
from kernel.service import ServiceDep
from kernel.tokens import CurrentPrincipal, Principal
from kernel.values import StorableJson

router = APIRouter(prefix="/api/v1/collaborations", tags=["collaborations"])


class NewCollaboration(BaseModel):
    """Who is to work together on what."""

    model_config = ConfigDict(extra="forbid")
    id: RecordId | None = None
    leader: RecordId
    participants: Annotated[list[RecordId], Field(max_length=MOST_PARTICIPANTS)]
    simulation_type: Annotated[str, Field(pattern="^[a-z][a-z0-9_]{0,63}$")]


class NewContribution(BaseModel):
    """What a member adds; its own unless `user_id` says whose. `element` may name a substance."""

    model_config = ConfigDict(extra="forbid")
    user_id: RecordId | None = None
    contribution: Annotated[dict[str, StorableJson], Field(max_length=50)]


class CollaborationView(BaseModel):
    """A collaboration as clients see it; the participants do not include the leader."""

    id: str
    leader: str
    participants: list[str]
    simulation_type: str
    status: State
    result: str | None
    created_at: datetime
    finished_at: datetime | None


class ContributionView(BaseModel):
    """A contribution that was accepted."""

    id: str
    collaboration_id: str
    user_id: str
    contribution: dict[str, Any]
    status: Literal["accepted"]
    created_at: datetime


@router.get("/", responses=documented(Page[CollaborationView]))
async def list_collaborations(
    request: Request, service: ServiceDep, principal: CurrentPrincipal, page: PageQuery
) -> Response:
    """Collaborations, newest first; a user sees those it takes part in, admins and services all."""
    member = None if principal.is_privileged else principal.user_id
    rows, total = await collaborations.page_of_collaborations(service.pool, page, member=member)
    return page_of(request, rows, total, page)


@router.post("/", status_code=201, responses=documented(Item[CollaborationView], 201))
async def create_collaboration(
    request: Request, service: ServiceDep, principal: CurrentPrincipal, wanted: NewCollaboration
) -> Response:
    """Let users work together; a user leads its own, admins and services name any leader."""
    principal.ensure_may_act_for(wanted.leader)
    ensure_own_id(principal, wanted.id)
    party = party_of(wanted.leader, wanted.participants)
    async with service.pool.acquire() as connection, connection.transaction():
        await ensure_known(connection, principal, "leader", [party.leader])
        await ensure_known(connection, principal, "participants", party.participants)
        row = await collaborations.create(connection, wanted.id, party, wanted.simulation_type)
    return item_of(request, row, status=201, link=f"{request.url.path}{row['id']}/")


@router.get("/{collaboration_id}/", responses=documented(Item[CollaborationView]))
async def get_collaboration(
    request: Request, service: ServiceDep, principal: CurrentPrincipal, collaboration_id: str
) -> Response:
    """One collaboration, for its members."""
    row = await collaborations.by_id(service.pool, collaboration_id)
    _ensure_member(principal, row)
    return item_of(request, row)


@router.post(
    "/{collaboration_id}/contributions/", status_code=201, responses=documented(Item[ContributionView], 201)
)
async def add_contribution(
    request: Request,
    service: ServiceDep,
    principal: CurrentPrincipal,
    collaboration_id: str,
    wanted: NewContribution,
) -> Response:
    """Accept a member's contribution; a stranger's own is forbidden, one in a stranger's name breaks a rule."""
    user_id = wanted.user_id or principal.user_id
    principal.ensure_may_act_for(user_id)
    async with service.pool.acquire() as connection, connection.transaction():
        _ensure_member(principal, await collaborations.by_id(connection, collaboration_id))
        accepted = await collaborations.contribute(connection, collaboration_id, user_id, wanted.contribution)
    return item_of(request, accepted, status=201)


@router.post("/{collaboration_id}/complete/", responses=documented(Item[CollaborationView]))
async def complete_collaboration(
    request: Request, service: ServiceDep, principal: CurrentPrincipal, collaboration_id: str
) -> Response:
    """Work the result out, which is the leader's to do. Asking again is no error and has no further effect."""
    async with service.pool.acquire() as connection, connection.transaction():
        row = await collaborations.by_id(connection, collaboration_id)
        principal.ensure_may_act_for(row["leader"])
        row = await collaborations.complete(connection, collaboration_id)
    return item_of(request, row, link=f"/api/v1/collaborations/{collaboration_id}/")


def _ensure_member(principal: Principal, row: collaborations.Collaboration) -> None:
    is_member = principal.user_id in collaborations.party_of_row(row).members
    if not (is_member or principal.is_privileged):
        raise ApiError(403, "not_a_member", "You do not take part in this collaboration.")
