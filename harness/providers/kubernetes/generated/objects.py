"""Why this exists: the objects that a component is in a cluster, generated from its Compose service. Pure.

Each is a whole manifest for a server-side apply. Neighbours reach a component by its own name, and by every alias.
"""

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from harness.providers.kubernetes.generated.pods import Fields, config_name, files_name, pod_spec
from harness.providers.kubernetes.generated.variables import Variables
from harness.spec.model import Component

COMPONENT = "harness.component"
VARIABLES = "harness.variables"


@dataclass(frozen=True, slots=True)
class Origin:
    """What objects say of where they come from: `labels` to select them by."""

    namespace: str
    labels: Mapping[str, str]


def objects_of(
    component: Component, image: str, variables: Variables, origin: Origin, *, is_one_shot: bool
) -> tuple[Fields, ...]:
    """Everything of a component, in the order in which one needs the other."""
    return (
        *configuration_of(component, variables, origin),
        *_services(component, origin),
        _workload(component, image, variables, origin, is_one_shot=is_one_shot),
    )


def configuration_of(component: Component, variables: Variables, origin: Origin) -> Iterator[Fields]:
    """What it is told: its variables, and the files that it is granted."""
    name = config_name(component.name)
    yield _object("v1", "ConfigMap", name, component, origin) | {"data": dict(variables.open)}
    yield _object("v1", "Secret", name, component, origin) | {"data": _encoded(variables.secret)}
    if component.files:
        files = {
            str(number): file.content or (file.source.read_text() if file.source else "")
            for number, file in enumerate(component.files)
        }
        yield _object("v1", "Secret", files_name(component.name), component, origin) | {
            "data": _encoded(files)
        }


def _services(component: Component, origin: Origin) -> Iterator[Fields]:
    ports = [{"name": f"port-{port}", "port": port, "targetPort": port} for port in component.targets]
    for name in (component.name, *component.aliases) if ports else ():
        spec = {
            "selector": _selected(component, origin),
            "ports": ports,
            # Nodes learn a moment after a pod is ready that connections go there, and refuse them until then: who
            # waited for it would be refused. So it is led to from its beginning, as a name of Compose does; among
            # several pods, only to those that are ready.
            "publishNotReadyAddresses": component.replicas == 1,
        }
        yield _object("v1", "Service", name, component, origin) | {"spec": spec}


def _workload(
    component: Component, image: str, variables: Variables, origin: Origin, *, is_one_shot: bool
) -> Fields:
    template = {
        "metadata": {
            "labels": {**origin.labels, COMPONENT: component.name},
            "annotations": {VARIABLES: variables.digest},
        },
        "spec": pod_spec(component, image, restarts=not is_one_shot),
    }
    if is_one_shot:
        job = {"backoffLimit": 0, "template": template}
        return _object("batch/v1", "Job", component.name, component, origin) | {"spec": job}
    deployment = {
        "replicas": component.replicas,
        # what keeps data must not run twice on it
        "strategy": {"type": "Recreate"},
        "selector": {"matchLabels": _selected(component, origin)},
        "template": template,
    }
    return _object("apps/v1", "Deployment", component.name, component, origin) | {"spec": deployment}


def _object(version: str, kind: str, name: str, component: Component, origin: Origin) -> Fields:
    return {
        "apiVersion": version,
        "kind": kind,
        "metadata": {
            "name": name,
            "namespace": origin.namespace,
            "labels": {**origin.labels, COMPONENT: component.name},
        },
    }


def _selected(component: Component, origin: Origin) -> dict[str, str]:
    return {**origin.labels, COMPONENT: component.name}


def _encoded(values: Mapping[str, str]) -> dict[str, str]:
    return {name: base64.b64encode(value.encode()).decode() for name, value in values.items()}
