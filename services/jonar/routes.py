"""Why this exists: Jonar's REST interface. Who has a token may look; who changes something needs admin_access."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from jonar import store, views
from jonar.deployments import Deployment
from jonar.platform import Platform
from jonar.requests import ChangeRequest, DeployRequest, LoadRequest, known_component
from kernel.errors import ApiError, not_found
from kernel.ids import new_id
from kernel.pages import Item, Page, PageQuery, documented, item_of, page_of
from kernel.queries import AtLeastQuery, Found, WaitQuery
from kernel.service import Service, ServiceDep, state_of
from kernel.tokens import current_principal, require

router = APIRouter(prefix="/api/v1", tags=["platform"], dependencies=[Depends(current_principal)])

_ADMIN = [Depends(require("admin_access"))]
TypeQuery = Annotated[str | None, Query(max_length=100)]
IdQuery = Annotated[str | None, Query(max_length=100)]


async def _platform(request: Request) -> Platform:
    platform: Platform = state_of(request, "platform")
    return platform


PlatformDep = Annotated[Platform, Depends(_platform)]


def _has(at_least: int) -> Any:
    def enough(found: Found) -> bool:
        return found[1] >= at_least

    return enough


@router.post(
    "/deployments/",
    status_code=201,
    dependencies=_ADMIN,
    responses=documented(Item[views.DeploymentView], 201),
)
async def deploy(
    request: Request, asked: DeployRequest, service: ServiceDep, platform: PlatformDep
) -> Response:
    """Begin to run a component; ask for the deployment with `wait` to learn when its replicas are available."""
    deployment = asked.deployment(platform.settings.stabilisation)
    await platform.deploy(service, deployment)
    return await _deployment(request, service, platform, deployment.id, status=201)


@router.get("/deployments/", responses=documented(Page[views.DeploymentView]))
async def list_deployments(
    request: Request, service: ServiceDep, platform: PlatformDep, page: PageQuery, component: TypeQuery = None
) -> Response:
    """Deployments, the youngest first."""
    rows, total = await store.list_deployments(service.pool, component, page)
    return page_of(request, [_view(request, platform, row) for row in rows], total, page)


@router.get("/deployments/{deployment_id}/", responses=documented(Item[views.DeploymentView]))
async def get_deployment(
    request: Request, deployment_id: str, service: ServiceDep, platform: PlatformDep, wait: WaitQuery = 0
) -> Response:
    """How far a deployment is; with `wait` as soon as its rollout has settled (available, failed or stopped)."""
    await _existing(service, deployment_id)
    await _settled(service, platform, deployment_id, wait)
    return await _deployment(request, service, platform, deployment_id)


@router.patch(
    "/deployments/{deployment_id}/", dependencies=_ADMIN, responses=documented(Item[views.DeploymentView])
)
async def change(
    request: Request, deployment_id: str, asked: ChangeRequest, service: ServiceDep, platform: PlatformDep
) -> Response:
    """Want another number of replicas, within the autoscaler's bounds, or another version.

    Replicas of another version come before those of the old one go, so that requests are answered all the while.
    """
    await _existing(service, deployment_id)
    deployment = platform.controller.find(deployment_id)
    if deployment is None or deployment.is_stopped:
        raise ApiError(409, "deployment_stopped", f"Deployment {deployment_id} has stopped; deploy anew.")
    if asked.replicas is not None:
        _within_bounds(deployment, asked.replicas)
        platform.controller.scale(deployment_id, asked.replicas, "asked for")
    if asked.version is not None:
        platform.controller.update(deployment_id, asked.version)
    return await _deployment(request, service, platform, deployment_id)


@router.delete(
    "/deployments/{deployment_id}/", dependencies=_ADMIN, responses=documented(Item[views.DeploymentView])
)
async def delete_deployment(
    request: Request, deployment_id: str, service: ServiceDep, platform: PlatformDep, wait: WaitQuery = 5
) -> Response:
    """Stop every replica; answers when they are gone, at the latest after `wait` seconds. Idempotent."""
    await _existing(service, deployment_id)
    platform.controller.remove(deployment_id)
    await _settled(service, platform, deployment_id, wait)
    return await _deployment(request, service, platform, deployment_id)


@router.get("/components/{component}/metrics/", responses=documented(Item[views.ComponentMetricsView]))
async def component_metrics(
    request: Request, component: str, service: ServiceDep, platform: PlatformDep
) -> Response:
    """What a component's replicas here report, and the activity that its events tell of."""
    known_component(component)
    deployments = platform.controller.deployments(component)
    told = await store.activity(service.pool, component)
    row = {"id": component, "component": component, "activity": told, **views.figures(deployments)}
    return item_of(request, row)


@router.post(
    "/components/{component}/load/",
    status_code=202,
    dependencies=_ADMIN,
    responses=documented(Item[views.LoadView], 202),
)
async def simulate_load(
    request: Request, component: str, asked: LoadRequest, service: ServiceDep, platform: PlatformDep
) -> Response:
    """Begin to send a component's ready replicas real requests; 409 while it has none.

    Where it has no deployment, one of one replica is made that ends with the load.
    """
    known_component(component)
    plans = await platform.load(service, component, asked.load_factor, asked.seconds)
    row = {
        "id": new_id("load"),
        "component": component,
        "requests_per_second": sum(plan.rate for plan in plans),
        "seconds": asked.seconds,
        "deployments": len(plans),
    }
    return item_of(request, row, status=202)


@router.get("/components/{component}/scaling-events/", responses=documented(Page[views.ScalingEventView]))
async def scaling_events(
    request: Request,
    component: str,
    service: ServiceDep,
    page: PageQuery,
    type: TypeQuery = None,  # noqa: A002  the parameter's name on the wire
    deployment_id: IdQuery = None,
    at_least: AtLeastQuery = 1,
    wait: WaitQuery = 0,
) -> Response:
    """Changes of the number of replicas, the latest first; with `wait` as soon as there are `at_least`."""

    async def look() -> Found:
        return await store.list_scaling_events(
            service.pool, known_component(component), type, deployment_id, page
        )

    rows, total = await service.changes.until(f"component:{component}", look, wait, enough=_has(at_least))
    return page_of(request, rows, total, page)


@router.get("/components/{component}/events/", responses=documented(Page[views.ComponentEventView]))
async def component_events(
    request: Request,
    component: str,
    service: ServiceDep,
    page: PageQuery,
    type: TypeQuery = None,  # noqa: A002  the parameter's name on the wire
    subject: IdQuery = None,
    at_least: AtLeastQuery = 1,
    wait: WaitQuery = 0,
) -> Response:
    """What happened to a component, the latest first; with `wait` as soon as there are `at_least`."""

    async def look() -> Found:
        return await store.list_component_events(
            service.pool, known_component(component), type, subject, page
        )

    rows, total = await service.changes.until(f"component:{component}", look, wait, enough=_has(at_least))
    return page_of(request, rows, total, page)


@router.get("/system/metrics/", responses=documented(Item[views.SystemMetricsView]))
async def system_metrics(
    request: Request,
    service: ServiceDep,
    platform: PlatformDep,
    at_least: AtLeastQuery = 1,
    wait: WaitQuery = 0,
) -> Response:
    """Totals over all components; with `wait` as soon as there were `at_least` simulations."""

    async def look() -> dict[str, int]:
        return await store.count_totals(service.pool)

    def enough(totals: dict[str, int]) -> bool:
        return totals["total_simulations"] >= at_least

    totals = await service.changes.until("workload", look, wait, enough=enough)
    return item_of(request, {"id": "system", **totals, **views.figures(platform.controller.deployments())})


@router.get("/system/alerts/", responses=documented(Page[views.AlertView]))
async def system_alerts(
    request: Request,
    service: ServiceDep,
    page: PageQuery,
    type: TypeQuery = None,  # noqa: A002  the parameter's name on the wire
    component: TypeQuery = None,
    at_least: AtLeastQuery = 1,
    wait: WaitQuery = 0,
) -> Response:
    """Alerts, the latest first; with `wait` as soon as there are `at_least`."""

    async def look() -> Found:
        return await store.list_alerts(service.pool, type, component, page)

    rows, total = await service.changes.until("alerts", look, wait, enough=_has(at_least))
    return page_of(request, rows, total, page)


def _within_bounds(deployment: Deployment, replicas: int) -> None:
    policy = deployment.specification.policy
    if policy.clamp(replicas) != replicas:
        bounds = f"{policy.min_replicas}..{policy.max_replicas}"
        message = f"{replicas} replicas are outside the autoscaler's bounds {bounds} of {deployment.id}."
        raise ApiError(422, "outside_bounds", message, fields=[("replicas", f"write a number of {bounds}")])


async def _existing(service: Service, deployment_id: str) -> dict[str, Any]:
    row = await store.find_deployment(service.pool, deployment_id)
    if row is None:
        raise not_found("deployment", deployment_id)
    return row


async def _settled(service: Service, platform: Platform, deployment_id: str, wait: float) -> None:
    """Return when the rollout has settled, at the latest after `wait` seconds."""

    async def look() -> bool:
        return platform.status(deployment_id).is_settled

    await service.changes.until(f"deployment:{deployment_id}", look, wait)


async def _deployment(
    request: Request, service: Service, platform: Platform, deployment_id: str, status: int = 200
) -> Response:
    row = await _existing(service, deployment_id)
    link = f"/api/v1/deployments/{deployment_id}/"
    return item_of(request, _view(request, platform, row), status=status, link=link)


def _view(request: Request, platform: Platform, row: dict[str, Any]) -> dict[str, Any]:
    deployment = platform.controller.find(row["id"])
    return views.deployment_view(row, platform.status(row["id"]), deployment, str(request.base_url))
