"""Why this exists: the shapes in which Jonar answers, and how they are made from rows and running deployments."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel

from jonar.deployments import Deployment, Replica, Status
from jonar.metrics import total
from jonar.proxy import REPLICAS, SERVICES


class InstanceView(BaseModel):
    """One replica: a process, a container or a pod. `url` is its own address, for those who reach Jonar."""

    id: str
    state: Literal["starting", "ready", "unready", "stopping", "exited"]
    pid: int | None
    container: str | None
    pod: str | None
    version: str
    url: str


class ResourceView(BaseModel):
    """Cores and bytes requested per replica."""

    cpu: float
    memory: int


class AutoscalingView(BaseModel):
    """What the autoscaler may do."""

    min_replicas: int
    max_replicas: int
    target_requests_per_second: float | None
    target_cpu_utilisation: float | None


class DeploymentView(BaseModel):
    """A deployment and how far it is. `url` is one address for all its ready replicas.

    `cluster_url` is another, without Jonar in between, for who is in the same cluster; null where there is none.
    """

    id: str
    component: str
    version: str
    state: Literal["progressing", "available", "failed", "stopped"]
    desired_replicas: int
    ready_replicas: int
    available_replicas: int
    instances: list[InstanceView]
    resources: ResourceView
    autoscaling: AutoscalingView
    url: str
    cluster_url: str | None
    created_at: datetime
    stopped_at: datetime | None


class ComponentEventView(BaseModel):
    """Something that happened to a component; `event` is the event's own type where `type` is `workload`."""

    id: str
    component: str
    type: str
    subject: str
    event: str | None
    details: dict[str, Any]
    occurred_at: datetime


class ScalingEventView(BaseModel):
    """A change of the number of replicas, and the figures that led to it."""

    id: str
    deployment_id: str
    component: str
    type: Literal["scale_up", "scale_down"]
    from_replicas: int
    to_replicas: int
    reason: str
    occurred_at: datetime


class AlertView(BaseModel):
    """Something a person should look at."""

    id: str
    type: str
    component: str
    message: str
    occurred_at: datetime


class ReplicaFigures(BaseModel):
    """What the running replicas report. Counters are since each one's start; those that ended are not in them."""

    deployments: int
    replicas: int
    ready_replicas: int
    measured_replicas: int
    requests_total: float
    requests_per_second: float
    cpu_seconds: float
    cpu_cores: float
    memory_bytes: int


class ComponentMetricsView(ReplicaFigures):
    """A component's figures; `activity` counts what its own events tell of, wherever it runs."""

    id: str
    component: str
    activity: dict[str, int]


class SystemMetricsView(ReplicaFigures):
    """Everything together. A simulation counts once, whatever became of it."""

    id: str
    total_simulations: int
    total_alerts: int


class LoadView(BaseModel):
    """Load that has begun: requests per second over all connections, to each of the component's deployments."""

    id: str
    component: str
    requests_per_second: float
    seconds: float
    deployments: int


def deployment_view(
    row: Mapping[str, Any], status: Status, deployment: Deployment | None, base_url: str
) -> dict[str, Any]:
    """A DeploymentView from its row, its status, and what runs of it."""
    return {
        "id": row["id"],
        "component": row["component"],
        "version": deployment.specification.version if deployment else row["version"],
        "state": status.state,
        "desired_replicas": status.desired,
        "ready_replicas": status.ready_replicas,
        "available_replicas": status.available_replicas,
        "instances": _instances(deployment, base_url.rstrip("/")),
        "resources": {"cpu": row["cpu"], "memory": row["memory"]},
        "autoscaling": {
            "min_replicas": row["min_replicas"],
            "max_replicas": row["max_replicas"],
            "target_requests_per_second": row["target_requests"],
            "target_cpu_utilisation": row["target_cpu"],
        },
        "url": f"{base_url.rstrip('/')}{SERVICES}{row['id']}",
        "cluster_url": deployment.cluster_url if deployment else None,
        "created_at": row["created_at"],
        "stopped_at": row["stopped_at"],
    }


def _instances(deployment: Deployment | None, base_url: str) -> list[dict[str, Any]]:
    replicas = deployment.replicas.values() if deployment else ()
    return [_instance(replica, base_url) for replica in replicas]


def _instance(replica: Replica, base_url: str) -> dict[str, Any]:
    return {
        "id": replica.id,
        "state": replica.state,
        "pid": replica.pid,
        "container": replica.container,
        "pod": replica.pod,
        "version": replica.version,
        "url": replica.public_url or f"{base_url}{REPLICAS}{replica.id}",
    }


def figures(deployments: Sequence[Deployment]) -> dict[str, Any]:
    """ReplicaFigures of running deployments."""
    live = [replica for deployment in deployments for replica in deployment.live]
    measured = total(replica.window for replica in live)
    return {
        "deployments": len(deployments),
        "replicas": len(live),
        "ready_replicas": sum(len(deployment.ready) for deployment in deployments),
        "measured_replicas": measured.measured,
        "requests_total": measured.requests,
        "requests_per_second": measured.requests_per_second,
        "cpu_seconds": measured.cpu_seconds,
        "cpu_cores": measured.cpu_cores,
        "memory_bytes": measured.memory,
    }
