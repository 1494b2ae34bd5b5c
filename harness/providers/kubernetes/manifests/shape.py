"""Why this exists: what is read of manifests has the shape that it has to have, or is told with its place. Pure.

Only what the harness itself looks at: of everything else the cluster knows better.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from harness.providers.kubernetes.generated.pods import Fields

_EACH = "[]"  # of a list
_METADATA: dict[str, type] = {"metadata.labels": dict}
_DATA: dict[str, type] = {**_METADATA, "data": dict, "stringData": dict}
_CONTAINER: dict[str, type] = {
    "": dict,
    ".name!": str,
    ".image": str,
    ".env": list,
    ".env[]": dict,
    ".env[].name!": str,
    ".env[].value": str,
    ".env[].valueFrom": dict,
    ".envFrom": list,
    ".envFrom[]": dict,
    ".ports": list,
    ".ports[]": dict,
    ".ports[].containerPort!": int,
}
_REFERENCES: dict[str, type] = {
    f"{path}!" if path.endswith((".name", ".key")) else path: kind
    for word in ("configMap", "secret")
    for path, kind in (
        (f".envFrom[].{word}Ref", dict),
        (f".envFrom[].{word}Ref.name", str),
        (f".env[].valueFrom.{word}KeyRef", dict),
        (f".env[].valueFrom.{word}KeyRef.name", str),
        (f".env[].valueFrom.{word}KeyRef.key", str),
    )
}
_WORKLOAD: dict[str, type] = {
    **_METADATA,
    "spec!": dict,
    "spec.replicas": int,
    "spec.template!": dict,
    "spec.template.metadata": dict,
    "spec.template.metadata.labels": dict,
    "spec.template.metadata.annotations": dict,
    "spec.template.spec!": dict,
    "spec.template.spec.containers!": list,
    "spec.template.spec.initContainers": list,
    **{
        f"spec.template.spec.{name}[]{path}": kind
        for name in ("containers", "initContainers")
        for path, kind in (_CONTAINER | _REFERENCES).items()
    },
}
_SELECTOR: dict[str, type] = {
    "spec.selector": dict,
    "spec.selector.matchLabels": dict,
    "spec.selector.matchExpressions": list,
    "spec.selector.matchExpressions[]": dict,
    "spec.selector.matchExpressions[].key!": str,
    "spec.selector.matchExpressions[].operator!": str,
    "spec.selector.matchExpressions[].values": list,
}
_SHAPES: Mapping[str, Mapping[str, type]] = {
    **dict.fromkeys(("Deployment", "StatefulSet", "Job"), _WORKLOAD),
    "Service": {
        **_METADATA,
        "spec": dict,
        "spec.selector": dict,
        "spec.ports": list,
        "spec.ports[]": dict,
        "spec.ports[].port!": int,
    },
    "ConfigMap": _DATA,
    "Secret": _DATA,
    "PodDisruptionBudget": {**_METADATA, "spec": dict, **_SELECTOR},
    "HorizontalPodAutoscaler": {**_METADATA, "spec": dict, "spec.scaleTargetRef": dict},
}
_WORDS = {dict: "a mapping", list: "a list", str: "text", int: "a number"}


def faults(fields: Fields) -> tuple[str, ...]:
    """What keeps an object from being read, a place and what belongs there each: `spec.ports[0].port is no number`.

    Args:
        fields: Of an object, with apiVersion, kind and a name.
    """
    return tuple(
        fault
        for path, kind in _SHAPES.get(fields["kind"], _METADATA).items()
        for fault in _faults(fields, path, kind)
    )


def _faults(fields: Fields, path: str, kind: type) -> Iterator[str]:
    is_needed, steps = path.endswith(("!", _EACH)), path.rstrip("!").replace(_EACH, f".{_EACH}").split(".")
    for place, found in _found(fields, steps, ""):
        if found is None:
            if is_needed:
                yield f"{place} is missing"
        elif not isinstance(found, kind) or isinstance(found, bool):
            yield f"{place} is not {_WORDS[kind]}"


def _found(value: Any, steps: list[str], place: str) -> Iterator[tuple[str, Any]]:
    """What is at a path, with its place; nothing where what holds it is not there, or is something else."""
    if not steps:
        yield place, value
    elif steps[0] == _EACH and isinstance(value, list):
        for number, each in enumerate(value):
            yield from _found(each, steps[1:], f"{place}[{number}]")
    elif isinstance(value, dict):
        yield from _found(value.get(steps[0]), steps[1:], f"{place}.{steps[0]}".lstrip("."))
