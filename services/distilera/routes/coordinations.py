"""Why this exists: coordinated simulations over REST; the work itself is done in the background."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from distilera.domain.agents import DEFAULT_RECIPE, MOST_AGENTS, Agent
from distilera.domain.lifecycle import FINISHED, State
from distilera.domain.users import RecordId
from distilera.reports import reported
from distilera.routes.access import ensure_own_id
from distilera.routes.simulations import RecipeBody
from distilera.store import coordinations
from kernel.pages import Item, documented, item_of
from kernel.queries import WaitQuery
from kernel.service import Service, ServiceDep
from kernel.tokens import CurrentPrincipal

router = APIRouter(prefix="/api/v1/coordinations", tags=["coordinations"])


class AgentBody(BaseModel):
    """An agent that is to take part."""

    model_config = ConfigDict(extra="forbid")
    name: Annotated[str, Field(min_length=1, max_length=100)]
    role: Annotated[str, Field(min_length=1, max_length=100)]


class NewCoordination(BaseModel):
    """Agents, and the recipe they work on: by default fire, water and earth to phoenix essence."""

    model_config = ConfigDict(extra="forbid")
    id: RecordId | None = None
    agents: Annotated[list[AgentBody], Field(max_length=MOST_AGENTS)]
    recipe: RecipeBody | None = None


class AgentView(AgentBody):
    """An agent and what it contributed; null while it is at work."""

    contribution: dict[str, Any] | None
    reported_at: datetime | None


class CoordinationView(BaseModel):
    """A coordination as clients see it."""

    id: str
    user_id: str
    elements: list[str]
    reaction_type: str | None
    target_result: str | None
    status: State
    result: str | None
    created_at: datetime
    finished_at: datetime | None
    agents: list[AgentView]


@router.post("/", status_code=201, responses=documented(Item[CoordinationView], 201))
async def start_coordination(
    request: Request, service: ServiceDep, principal: CurrentPrincipal, wanted: NewCoordination
) -> Response:
    """Let agents work together on one simulation."""
    ensure_own_id(principal, wanted.id)
    agents = [Agent(agent.name, agent.role) for agent in wanted.agents]
    recipe = wanted.recipe.recipe() if wanted.recipe else DEFAULT_RECIPE
    async with (
        reported(service, "start_coordination", principal.user_id),
        service.pool.acquire() as connection,
        connection.transaction(),
    ):
        row = await coordinations.start(connection, wanted.id, principal.user_id, agents, recipe)
    return item_of(request, row, status=201, link=f"{request.url.path}{row['id']}/")


@router.get("/{coordination_id}/", responses=documented(Item[CoordinationView]))
async def get_coordination(
    request: Request,
    service: ServiceDep,
    principal: CurrentPrincipal,
    coordination_id: str,
    wait: WaitQuery = 0.0,
) -> Response:
    """One coordination; with `wait` the answer is held back until it has ended."""
    row = await coordinations.by_id(service.pool, coordination_id)
    principal.ensure_may_act_for(row["user_id"])
    if wait and not _has_ended(row):
        row = await _until_ended(service, coordination_id, wait)
    return item_of(request, row)


def _has_ended(row: coordinations.Coordination) -> bool:
    return State(row["status"]) in FINISHED


async def _until_ended(service: Service, coordination_id: str, wait: float) -> coordinations.Coordination:
    async def look() -> coordinations.Coordination:
        return await coordinations.by_id(service.pool, coordination_id)

    topic = coordinations.topic_of(coordination_id)
    return await service.changes.until(topic, look, wait, enough=_has_ended)
