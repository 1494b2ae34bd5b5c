"""Why this exists: simulations over REST."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from distilera.domain.lifecycle import State
from distilera.domain.reactions import Recipe
from distilera.domain.users import RecordId
from distilera.reports import reported
from distilera.routes.access import ensure_known, ensure_own_id
from distilera.store import simulations
from kernel.changes import Connection
from kernel.pages import Item, Page, PageQuery, documented, item_of, page_of
from kernel.service import Service, ServiceDep
from kernel.tokens import CurrentPrincipal, Principal

router = APIRouter(prefix="/api/v1/simulations", tags=["simulations"])

Substance = Annotated[str, Field(min_length=1, max_length=50)]


class RecipeBody(BaseModel):
    """What is to be brought together. Which words are known is the domain's business, answered 422."""

    model_config = ConfigDict(extra="forbid")
    elements: Annotated[list[Substance], Field(max_length=20)]
    reaction_type: Substance | None = None
    target_result: Substance | None = None

    def recipe(self) -> Recipe:
        """The same as a value of the domain."""
        return Recipe(tuple(self.elements), self.reaction_type, self.target_result)


class NewSimulation(RecipeBody):
    """A simulation to be created; it is the caller's own unless `user_id` says whose. `start` lets it run at once."""

    id: RecordId | None = None
    user_id: RecordId | None = None
    start: bool = True


class Failure(BaseModel):
    """Why a simulation is to fail."""

    model_config = ConfigDict(extra="forbid")
    reason: Annotated[str, Field(min_length=1, max_length=500)]


class SimulationView(BaseModel):
    """A simulation as clients see it."""

    id: str
    user_id: str
    elements: list[str]
    reaction_type: str | None
    target_result: str | None
    status: State
    result: str | None
    reason: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


@router.get("/", responses=documented(Page[SimulationView]))
async def list_simulations(
    request: Request,
    service: ServiceDep,
    principal: CurrentPrincipal,
    page: PageQuery,
    status: State | None = None,
    user_id: Annotated[str | None, Query(max_length=128)] = None,
) -> Response:
    """Simulations, newest first; a user sees its own, admins and services all."""
    if user_id is not None:
        principal.ensure_may_act_for(user_id)
    whose = user_id or (None if principal.is_privileged else principal.user_id)
    rows, total = await simulations.page_of_simulations(service.pool, page, user_id=whose, status=status)
    return page_of(request, rows, total, page)


@router.post("/", status_code=201, responses=documented(Item[SimulationView], 201))
async def create_simulation(
    request: Request, service: ServiceDep, principal: CurrentPrincipal, wanted: NewSimulation
) -> Response:
    """Create a simulation and let it run. One that the rules do not allow is told of as `distilera.error`."""
    user_id = wanted.user_id or principal.user_id
    principal.ensure_may_act_for(user_id)
    ensure_own_id(principal, wanted.id)
    async with reported(service, "create_simulation", user_id):
        created = await _create(service, principal, user_id, wanted)
    return item_of(request, created, status=201, link=f"{request.url.path}{created['id']}/")


async def _create(
    service: Service, principal: Principal, user_id: str, wanted: NewSimulation
) -> simulations.Simulation:
    async with service.pool.acquire() as connection, connection.transaction():
        await ensure_known(connection, principal, "user_id", [user_id])
        created = await simulations.create(connection, wanted.id, user_id, wanted.recipe())
        return await simulations.start(connection, created["id"]) if wanted.start else created


@router.get("/{simulation_id}/", responses=documented(Item[SimulationView]))
async def get_simulation(
    request: Request, service: ServiceDep, principal: CurrentPrincipal, simulation_id: str
) -> Response:
    """One simulation."""
    row = await simulations.by_id(service.pool, simulation_id)
    principal.ensure_may_act_for(row["user_id"])
    return item_of(request, row)


@router.post("/{simulation_id}/start/", responses=documented(Item[SimulationView]))
async def start_simulation(
    request: Request, service: ServiceDep, principal: CurrentPrincipal, simulation_id: str
) -> Response:
    """Let a pending simulation run. Asking again is no error."""
    return await _move(request, service, principal, simulation_id, simulations.start)


@router.post("/{simulation_id}/complete/", responses=documented(Item[SimulationView]))
async def complete_simulation(
    request: Request, service: ServiceDep, principal: CurrentPrincipal, simulation_id: str
) -> Response:
    """Work the result out. Asking again is no error and has no further effect."""
    return await _move(request, service, principal, simulation_id, simulations.complete)


@router.post("/{simulation_id}/fail/", responses=documented(Item[SimulationView]))
async def fail_simulation(
    request: Request, service: ServiceDep, principal: CurrentPrincipal, simulation_id: str, failure: Failure
) -> Response:
    """End a simulation without a result."""

    async def fail(connection: Connection, record_id: str) -> simulations.Simulation:
        return await simulations.fail(connection, record_id, failure.reason)

    return await _move(request, service, principal, simulation_id, fail)


Move = Callable[[Connection, str], Awaitable[dict[str, Any]]]


async def _move(
    request: Request, service: Service, principal: Principal, simulation_id: str, move: Move
) -> Response:
    async with service.pool.acquire() as connection, connection.transaction():
        row = await simulations.by_id(connection, simulation_id)
        principal.ensure_may_act_for(row["user_id"])
        moved = await move(connection, simulation_id)
    return item_of(request, moved, link=f"/api/v1/simulations/{simulation_id}/")
