"""Why this exists: the objects that a deployment is in a cluster, as pure manifests.

A replica is a pod like those of the component's own Deployment, which therefore says what images, variables, probes and
rights replicas have: Jonar hands nothing over and knows no secret of theirs. Everything belongs to Jonar's pod and is
removed by the cluster when that is, whatever becomes of Jonar.
"""

import copy
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jonar.cluster.api import AUTOSCALERS, DEPLOYMENTS, SERVICES, Fields
from jonar.deployments import Deployment
from jonar.quantities import parse_cpu, parse_memory

DEPLOYMENT = "jonar.deployment"
PARENT = "jonar.parent"  # the uid of the pod of the Jonar that made it
VERSION = "jonar.version"
COMPONENT = "runeframeos.component"
# By these the component's own workload, its Service and a test harness find its pods; replicas are none of those.
_NAME, _HARNESS = "app.kubernetes.io/name", "harness.component"

DRAIN = 2  # seconds that a replica goes on to answer after it was asked to end: until nobody sends it anything more
_PORT = 8000  # where every service's image listens
_DEFAULT_GRACE = 30  # seconds; the API's own


class TemplateError(Exception):
    """The component's own Deployment cannot be what replicas are made after; the message says why."""


@dataclass(frozen=True, slots=True)
class Parent:
    """Jonar's own pod."""

    name: str
    uid: str

    @property
    def reference(self) -> Fields:
        """What makes the cluster remove what belongs to it."""
        return {"apiVersion": "v1", "kind": "Pod", "name": self.name, "uid": self.uid}


def name_of(deployment: Deployment) -> str:
    """The name of all of its objects: a DNS label, as a Service's has to be."""
    return f"{deployment.specification.component}-{deployment.id.replace('_', '-')}"


def port_of(own: Mapping[str, Any]) -> int:
    """Where replicas answer, by the component's own Deployment."""
    ports = _serving(own["metadata"]["name"], own["spec"]["template"]["spec"]["containers"]).get("ports")
    return int(ports[0]["containerPort"]) if ports else _PORT


def workload(deployment: Deployment, own: Mapping[str, Any], parent: Parent) -> Fields:
    """The Deployment, made after the component's `own`.

    Raises:
        TemplateError: replicas would be taken for the component's own pods.
    """
    asked = deployment.specification
    least = math.ceil(asked.min_ready_seconds)
    return _object(DEPLOYMENTS.api_version, "Deployment", deployment, parent, parent.reference) | {
        "spec": {
            "replicas": deployment.desired,
            "selector": {"matchLabels": {DEPLOYMENT: deployment.id}},
            "minReadySeconds": least,
            "progressDeadlineSeconds": max(math.ceil(asked.progress_deadline), least + 1),
            "revisionHistoryLimit": 1,
            # another version comes before the old one goes, one by one
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}},
            "template": template(deployment, own, parent),
        }
    }


def template(deployment: Deployment, own: Mapping[str, Any], parent: Parent) -> Fields:
    """What its pods are made after: another version makes it another, and so the cluster roll them."""
    original = own["spec"]["template"]
    annotations = {**original["metadata"].get("annotations", {}), VERSION: deployment.specification.version}
    return {
        "metadata": {"labels": _labels(deployment, own, parent), "annotations": annotations},
        "spec": _pod(deployment, own["metadata"]["name"], original["spec"]),
    }


def service(deployment: Deployment, port: int, parent: Parent, owner: Mapping[str, Any]) -> Fields:
    """One address in the cluster for all of its ready pods; it goes with its Deployment, `owner`."""
    return _object(SERVICES.api_version, "Service", deployment, parent, _reference(owner)) | {
        "spec": {
            "selector": {DEPLOYMENT: deployment.id},
            "ports": [{"name": "http", "port": port, "targetPort": port}],
        }
    }


def autoscaler(deployment: Deployment, parent: Parent, owner: Mapping[str, Any]) -> Fields:
    """The HorizontalPodAutoscaler that follows a target for CPU; it goes with its Deployment, `owner`."""
    policy = deployment.specification.policy
    assert policy.target_cpu is not None  # noqa: S101 - `follows` was asked
    target = {"type": "Utilization", "averageUtilization": max(1, round(100 * policy.target_cpu))}
    scaled = {
        "apiVersion": DEPLOYMENTS.api_version,
        "kind": "Deployment",
        "name": name_of(deployment),
    }
    return _object(
        AUTOSCALERS.api_version, "HorizontalPodAutoscaler", deployment, parent, _reference(owner)
    ) | {
        "spec": {
            "scaleTargetRef": scaled,
            "minReplicas": policy.min_replicas,
            "maxReplicas": policy.max_replicas,
            "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": target}}],
            "behavior": {"scaleDown": {"stabilizationWindowSeconds": round(policy.stabilisation)}},
        }
    }


def follows(deployment: Deployment) -> bool:
    """Whether a HorizontalPodAutoscaler can follow its policy: a plain cluster measures CPU, not requests.

    Where requests count, alone or beside CPU, Jonar decides: two that scale one deployment undo each other's work.
    """
    policy = deployment.specification.policy
    return policy.target_cpu is not None and policy.target_requests is None


def _object(
    api_version: str, kind: str, deployment: Deployment, parent: Parent, owner: Mapping[str, Any]
) -> Fields:
    return {
        "apiVersion": api_version,
        "kind": kind,
        "metadata": {
            "name": name_of(deployment),
            "labels": _marks(deployment, parent),
            "ownerReferences": [dict(owner)],
        },
    }


def _marks(deployment: Deployment, parent: Parent) -> dict[str, str]:
    return {DEPLOYMENT: deployment.id, PARENT: parent.uid, _NAME: name_of(deployment)}


def _reference(owner: Mapping[str, Any]) -> Fields:
    metadata = owner["metadata"]
    return {
        "apiVersion": DEPLOYMENTS.api_version,
        "kind": "Deployment",
        "name": metadata["name"],
        "uid": metadata["uid"],
    }


def _labels(deployment: Deployment, own: Mapping[str, Any], parent: Parent) -> dict[str, str]:
    """The component's, so that what holds for its pods (policies of the network) holds for these; but not its name."""
    kept = own["spec"]["template"]["metadata"].get("labels", {})
    labels = {k: v for k, v in kept.items() if k != _HARNESS} | _marks(deployment, parent)
    selected = own["spec"]["selector"].get("matchLabels", {})
    if selected and all(labels.get(key) == value for key, value in selected.items()):
        raise TemplateError(
            f"pods like those of {own['metadata']['name']} would be taken for its own: let its selector have the "
            f"label {_NAME}, which Jonar changes; it has {', '.join(selected)}"
        )
    return labels


def _pod(deployment: Deployment, name: str, original: Mapping[str, Any]) -> Fields:
    pod = copy.deepcopy(dict(original))
    container = _serving(name, pod["containers"])
    marks: list[Fields] = [
        {"name": "JONAR_DEPLOYMENT_ID", "value": deployment.id},
        {"name": "JONAR_REPLICA_ID", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
        {"name": "JONAR_VERSION", "value": deployment.specification.version},
    ]
    own = {mark["name"] for mark in marks}
    container["env"] = [v for v in container.get("env", ()) if v["name"] not in own] + marks
    container["resources"] = _resources(deployment, container.get("resources", {}))
    if "preStop" not in container.get("lifecycle", {}):
        container.setdefault("lifecycle", {})["preStop"] = {"sleep": {"seconds": DRAIN}}
        pod["terminationGracePeriodSeconds"] = DRAIN + (
            pod.get("terminationGracePeriodSeconds") or _DEFAULT_GRACE
        )
    return pod


def _serving(name: str, containers: list[Fields]) -> Fields:
    """The container that answers: the one named as its Deployment, else the first."""
    return next((container for container in containers if container["name"] == name), containers[0])


def _resources(deployment: Deployment, original: Mapping[str, Any]) -> Fields:
    """What was asked for; limits are the component's own, as far as they leave room for that."""
    cpu, memory = deployment.specification.cpu, deployment.specification.memory
    limits = dict(original.get("limits", {}))
    if "cpu" in limits and parse_cpu(str(limits["cpu"])) < cpu:
        limits["cpu"] = _cores(cpu)
    if "memory" in limits and parse_memory(str(limits["memory"])) < memory:
        limits["memory"] = str(memory)
    others = {k: v for k, v in original.get("requests", {}).items() if k not in ("cpu", "memory")}
    asked = {"requests": {**others, "cpu": _cores(cpu), "memory": str(memory)}}
    return {**asked, "limits": limits} if limits else asked


def _cores(cpu: float) -> str:
    return f"{max(1, math.ceil(round(1000 * cpu, 6)))}m"
