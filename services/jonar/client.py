"""Why this exists: Jonar from the outside, for tests and programs; reads that follow an effect wait for it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx2

from kernel.client import ServiceClient, trusted_certificates
from kernel.entity import Entity


@dataclass(frozen=True, slots=True)
class Instance:
    """One replica of a deployment: the process `pid`, the container `container` or the pod `pod`.

    `url` is its own address, for those who reach Jonar.
    """

    id: str
    state: str
    pid: int | None = None
    container: str | None = None
    pod: str | None = None
    version: str = ""
    url: str = ""


class Deployment(Entity):
    """A deployment and how far it is."""

    component: str
    version: str
    state: str
    desired_replicas: int
    ready_replicas: int
    available_replicas: int
    instances: list[Instance]
    resources: dict[str, float]
    autoscaling: dict[str, float | None]
    url: str
    cluster_url: str | None = None
    created_at: datetime
    stopped_at: datetime | None = None


class ComponentEvent(Entity):
    """Something that happened to a component; `event` is the event's own type where `type` is `workload`."""

    component: str
    type: str
    subject: str
    event: str | None = None
    details: dict[str, Any]
    occurred_at: datetime


class ScalingEvent(Entity):
    """A change of the number of replicas: `scale_up` or `scale_down`."""

    deployment_id: str
    component: str
    type: str
    from_replicas: int
    to_replicas: int
    reason: str
    occurred_at: datetime


class Alert(Entity):
    """Something a person should look at, such as `distilera_error`."""

    type: str
    component: str
    message: str
    occurred_at: datetime


class Metrics(Entity):
    """Figures of running replicas; counters are since each one's start."""

    deployments: int
    replicas: int
    ready_replicas: int
    measured_replicas: int
    requests_total: float
    requests_per_second: float
    cpu_seconds: float
    cpu_cores: float
    memory_bytes: int


class ComponentMetrics(Metrics):
    """One component's; `activity` counts what its own events tell of."""

    component: str
    activity: dict[str, int]


class SystemMetrics(Metrics):
    """All components' together."""

    total_simulations: int
    total_alerts: int


class Load(Entity):
    """Load that has begun."""

    component: str
    requests_per_second: float
    seconds: float
    deployments: int


class JonarClient(ServiceClient):
    """The platform service's calls. Those that change something need the permission `admin_access`."""

    service = "jonar"
    test_url = "http://localhost:8004"

    async def deploy_component(self, config: Mapping[str, Any] | None = None, **fields: Any) -> Deployment:
        """Begin to run a component: `{"component", "version", "replicas", "resources": {"cpu", "memory"}}`.

        Also `min_ready_seconds`, `progress_deadline_seconds` and `autoscaling: {"min_replicas", "max_replicas",
        "target_requests_per_second", "target_cpu_utilisation", "scale_down_stabilisation_seconds"}`.
        """
        return await self.one(Deployment, "POST", "/api/v1/deployments/", {**(config or {}), **fields})

    async def get_deployment_status(self, deployment: str, wait: float = 20.0) -> Deployment:
        """How far it is, as soon as its rollout has settled, at the latest after `wait` seconds."""
        return await self.one(Deployment, "GET", f"/api/v1/deployments/{deployment}/", wait=wait)

    async def list_deployments(self, component: str | None = None) -> list[Deployment]:
        """All deployments ever asked for, the youngest first."""
        return await self.many(Deployment, "/api/v1/deployments/", params={"component": component})

    async def scale_component(self, deployment: str, replicas: int) -> Deployment:
        """Want another number of replicas, within the autoscaler's bounds."""
        return await self.one(
            Deployment, "PATCH", f"/api/v1/deployments/{deployment}/", {"replicas": replicas}
        )

    async def update_component(self, deployment: str, version: str) -> Deployment:
        """Want another version: its replicas take the places of the old ones, one by one, once they serve."""
        return await self.one(Deployment, "PATCH", f"/api/v1/deployments/{deployment}/", {"version": version})

    async def delete_deployment(self, deployment: str, wait: float = 20.0) -> Deployment:
        """Stop every replica; returns when they are gone, at the latest after `wait` seconds."""
        return await self.one(Deployment, "DELETE", f"/api/v1/deployments/{deployment}/", wait=wait)

    async def get_service_url(self, deployment: str) -> str:
        """One address for all ready replicas of a deployment."""
        return (await self.get_deployment_status(deployment, wait=0)).url

    async def test_service_health(self, url: str) -> httpx2.Response:
        """GET `url`/health, whatever the answer's status."""
        trusted = trusted_certificates()
        async with httpx2.AsyncClient(timeout=self.http.timeout, trust_env=False, verify=trusted) as client:
            return await client.get(f"{url.rstrip('/')}/health")

    async def get_component_metrics(self, name: str) -> ComponentMetrics:
        """What a component's replicas report; zeros, and the activity of its events, where none is deployed."""
        return await self.one(ComponentMetrics, "GET", f"/api/v1/components/{name}/metrics/")

    async def simulate_load(self, name: str, load_factor: float = 2.0, seconds: float = 5.0) -> Load:
        """Begin to send a component's ready replicas `load_factor` times the requests they are meant to take.

        Where nothing of it is deployed, one replica is, scaled up to two, for as long as the load lasts.
        """
        body = {"load_factor": load_factor, "seconds": seconds}
        return await self.one(Load, "POST", f"/api/v1/components/{name}/load/", body)

    async def get_scaling_events(
        self,
        name: str,
        wait: float = 10.0,
        *,
        type: str | None = None,  # noqa: A002  the field's name
        deployment: str | None = None,
        at_least: int = 1,
    ) -> list[ScalingEvent]:
        """Changes of the number of replicas, the latest first, as soon as there are `at_least`."""
        params = {"type": type, "deployment_id": deployment, "at_least": at_least}
        return await self.many(
            ScalingEvent, f"/api/v1/components/{name}/scaling-events/", params=params, wait=wait
        )

    async def get_component_events(
        self,
        name: str,
        wait: float = 5.0,
        *,
        type: str | None = None,  # noqa: A002  the field's name
        subject: str | None = None,
        at_least: int = 1,
    ) -> list[ComponentEvent]:
        """What happened to a component (deployed, ready, scaled, exited, workload …), the latest first."""
        params = {"type": type, "subject": subject, "at_least": at_least}
        return await self.many(ComponentEvent, f"/api/v1/components/{name}/events/", params=params, wait=wait)

    async def get_system_metrics(self, wait: float = 5.0, *, at_least: int = 1) -> SystemMetrics:
        """Totals, as soon as there were `at_least` simulations."""
        params = {"at_least": at_least}
        return await self.one(SystemMetrics, "GET", "/api/v1/system/metrics/", params=params, wait=wait)

    async def get_system_alerts(
        self,
        wait: float = 5.0,
        *,
        type: str | None = None,  # noqa: A002  the field's name
        component: str | None = None,
        at_least: int = 1,
    ) -> list[Alert]:
        """Alerts, the latest first, as soon as there are `at_least`."""
        params = {"type": type, "component": component, "at_least": at_least}
        return await self.many(Alert, "/api/v1/system/alerts/", params=params, wait=wait)
