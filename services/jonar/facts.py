"""Why this exists: what Jonar did or saw, worded once for the record, for other services and for people. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from jonar.deployments import Deployment, Status
from jonar.load import LoadResult
from jonar.runtime.base import Exit
from kernel.ids import new_id


@dataclass(frozen=True, slots=True)
class Alert:
    """Something a person should look at. `message` is one line."""

    type: str
    message: str


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that happened to a deployment.

    Args:
        type: Its name among a component's events, such as `scaled`.
        details: Its figures, as JSON values.
        published: The event that tells other services, such as `component.scaled`; None for none.
        alert: What to raise beside it.
    """

    type: str
    component: str
    deployment_id: str
    details: Mapping[str, Any]
    published: str | None = None
    alert: Alert | None = None
    id: str = field(default_factory=lambda: new_id("evt"))
    occurred_at: datetime = field(default_factory=lambda: datetime.now(UTC))


def deployed(deployment: Deployment) -> Fact:
    """Somebody asked for it."""
    return _fact("deployed", deployment, {"replicas": deployment.desired}, "component.deployed")


def ready(deployment: Deployment, status: Status) -> Fact:
    """Every replica that is wanted is available."""
    return _fact("ready", deployment, {"ready_replicas": status.ready_replicas}, "component.ready")


def scaled(deployment: Deployment, from_replicas: int, to_replicas: int, reason: str) -> Fact:
    """Another number of replicas is wanted from now on."""
    details = {"from_replicas": from_replicas, "to_replicas": to_replicas, "reason": reason}
    return _fact("scaled", deployment, details, "component.scaled")


def updated(deployment: Deployment, from_version: str, to_version: str) -> Fact:
    """Another version is wanted from now on."""
    return _fact("updated", deployment, {"from_version": from_version, "to_version": to_version})


def exited(deployment: Deployment, ended: Exit, delay: float | None) -> Fact:
    """A replica ended although nobody asked it to; it is replaced after `delay` seconds, None: by the cluster."""
    when = "by the cluster" if delay is None else f"in {delay:g} s" if delay else "at once"
    process = f" (process {ended.pid})" if ended.pid else ""
    why = f" ({ended.reason})" if ended.reason else ""
    message = (
        f"replica {ended.replica_id} of {deployment.id}{process} ended with {ended}{why}; replaced {when}"
    )
    details: dict[str, Any] = {"replica_id": ended.replica_id, "pid": ended.pid, "exit_code": ended.code}
    if ended.reason:
        details["reason"] = ended.reason
    return _fact("exited", deployment, details, "replica.exited", Alert("replica_exited", message))


def not_started(deployment: Deployment, message: str, delay: float | None) -> Fact:
    """A replica could not even be started; it is tried again after `delay` seconds, None: by the cluster."""
    again = "the cluster tries again" if delay is None else f"tried again in {delay:g} s"
    alert = Alert("replica_not_started", f"{deployment.id}: {message}; {again}")
    return _fact("not_started", deployment, {"message": message}, alert=alert)


def overdue(deployment: Deployment, status: Status) -> Fact:
    """The rollout did not settle by its deadline; Jonar goes on trying."""
    after = deployment.specification.progress_deadline
    message = f"{deployment.id}: {status.available_replicas} of {status.desired} replicas available after {after:g} s"
    details = {"desired_replicas": status.desired, "available_replicas": status.available_replicas}
    return _fact("overdue", deployment, details, alert=Alert("rollout_overdue", message))


def stopped(deployment: Deployment) -> Fact:
    """None of its replicas is left, and none is wanted."""
    return _fact("stopped", deployment, {})


def loaded(deployment: Deployment, result: LoadResult) -> Fact:
    """Load was generated against it."""
    return _fact("load", deployment, result.figures())


def _fact(
    type_: str,
    deployment: Deployment,
    details: Mapping[str, Any],
    published: str | None = None,
    alert: Alert | None = None,
) -> Fact:
    component = deployment.specification.component
    return Fact(type_, component, deployment.id, details, published, alert)
