"""Why this exists: what the objects of a folder of manifests are to each other: whose Service, whose pods. Pure.

Fields are those of the Kubernetes API, as the manifests write them.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.providers.kubernetes.generated.pods import Fields, config_name, files_name

WORKLOADS = ("Deployment", "StatefulSet", "Job")
"""What a component can be: it makes pods, and has their template at `spec.template`."""

_LABELS: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Manifests:
    """The objects of a folder.

    Args:
        folder: Where they come from.
        objects: In their order.
    """

    folder: Path
    objects: tuple[Fields, ...]

    def workloads(self, component: str = "") -> tuple[Fields, ...]:
        """What makes pods, of one component or of all: a component's has its name."""
        found = (each for each in self.objects if each["kind"] in WORKLOADS)
        return tuple(each for each in found if not component or name_of(each) == component)

    def of(self, component: str) -> tuple[Fields, ...]:
        """What is laid down when a component is started: what points at its pods, and the workload between them."""
        owned = [each for each in self.objects if self._owner(each) == component]
        before = [each for each in owned if each["kind"] == "Service"]
        workload = [each for each in owned if each["kind"] in WORKLOADS]
        return (*before, *workload, *(each for each in owned if each not in before + workload))

    def others(self, components: Collection[str]) -> tuple[Fields, ...]:
        """What belongs to none of these components, nor holds the variables that the environment makes for one."""
        made = {name for component in components for name in (config_name(component), files_name(component))}
        return tuple(
            each
            for each in self.objects
            if self._owner(each) not in components and not (is_configuration(each) and name_of(each) in made)
        )

    def most_pods(self, component: str) -> int:
        """How many pods a component may have, with what it is scaled by."""
        of = self.of(component)
        scaled = (each["spec"].get("maxReplicas") for each in of if each["kind"] == "HorizontalPodAutoscaler")
        return max(replicas_of(of, component), *(number for number in scaled if isinstance(number, int)), 0)

    def configuration(self, kind: str, name: str) -> Fields | None:
        """The ConfigMap or Secret of that name; None where there is none."""
        return next((each for each in self.objects if each["kind"] == kind and name_of(each) == name), None)

    def services(self, component: str) -> tuple[Fields, ...]:
        """The Services that lead to a component's pods."""
        labels = [pod_labels(each) for each in self.workloads(component)]
        return tuple(
            each
            for each in self.objects
            if each["kind"] == "Service" and any(selects(_service_selector(each), one) for one in labels)
        )

    def _owner(self, each: Fields) -> str:
        """The component that an object belongs to; empty where it is none's."""
        kind, spec = each["kind"], each.get("spec") or {}
        if kind in WORKLOADS:
            return name_of(each)
        if kind == "HorizontalPodAutoscaler":
            return str((spec.get("scaleTargetRef") or {}).get("name", ""))
        if kind == "Service":
            return self._selected(_service_selector(each))
        if kind == "PodDisruptionBudget":
            return self._selected(spec.get("selector") or {})
        return ""

    def _selected(self, selector: Mapping[str, Any]) -> str:
        """The first whose pods a selector selects; one that selects all pods is nobody's."""
        if not any(selector.values()):
            return ""
        return next((name_of(each) for each in self.workloads() if selects(selector, pod_labels(each))), "")


def name_of(each: Fields) -> str:
    """An object's name."""
    return str(each["metadata"]["name"])


def identity(each: Fields) -> str:
    """An object as people name it: `Deployment web`."""
    return f"{each['kind']} {name_of(each)}"


def is_configuration(each: Fields) -> bool:
    """Whether it holds variables, or files."""
    return each["kind"] in ("ConfigMap", "Secret")


def template_of(workload: Fields) -> Fields:
    """The template of its pods; empty where it has none."""
    template: Fields = (workload.get("spec") or {}).get("template") or {}
    return template


def pod_labels(workload: Fields) -> Mapping[str, str]:
    """What its pods are selected by."""
    return (template_of(workload).get("metadata") or {}).get("labels") or _LABELS


def pod_spec_of(workload: Fields) -> Fields:
    """The spec of its pods; empty where it has none."""
    spec: Fields = template_of(workload).get("spec") or {}
    return spec


def main_container(spec: Mapping[str, Any], component: str) -> Fields:
    """Of the containers of a pod the component's own: that with its name, else the first; empty where there is none."""
    containers: list[Fields] = list(spec.get("containers") or ())
    return next((each for each in containers if each.get("name") == component), next(iter(containers), {}))


def replicas_of(objects: Iterable[Fields], component: str) -> int:
    """How many pods a component is to have when it is ready."""
    workloads = (each for each in objects if each["kind"] in WORKLOADS and name_of(each) == component)
    told = (each["spec"].get("replicas") for each in workloads)
    return next((int(number) for number in told if number is not None), 1)


def selects(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """Whether a LabelSelector (meta/v1) selects what has these labels; an empty one selects everything."""
    wanted: Mapping[str, str] = selector.get("matchLabels") or _LABELS
    expressions = selector.get("matchExpressions") or ()
    return all(labels.get(name) == value for name, value in wanted.items()) and all(
        _holds(each, labels) for each in expressions
    )


def _holds(expression: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    value, values = labels.get(expression["key"]), expression.get("values") or ()
    match expression["operator"]:
        case "In":
            return value in values
        case "NotIn":
            return value not in values
        case "Exists":
            return value is not None
    return value is None  # DoesNotExist


def _service_selector(service: Fields) -> Mapping[str, Any]:
    """Of a Service, as a LabelSelector; one without any leads to no pods."""
    return {"matchLabels": (service.get("spec") or {}).get("selector") or {}}
