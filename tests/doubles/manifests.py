"""Why this exists: tests about manifests need whole ones, of which each changes one thing."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.providers.kubernetes.manifests.model import Manifests

Fields = dict[str, Any]
FOLDER = Path("/project/k8s")


def folder_of(*objects: Fields) -> Manifests:
    """A folder that holds these."""
    return Manifests(FOLDER, objects)


def an_object(kind: str, name: str, version: str = "v1", **fields: Any) -> Fields:
    """Anything."""
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name}, **fields}


def workload(
    name: str = "web", kind: str = "Deployment", containers: Sequence[Fields] = (), **spec: Any
) -> Fields:
    """What makes pods, selected by their `app`; with one container, of port 8000, where nothing else is said."""
    template = {
        "metadata": {"labels": {"app": name}},
        "spec": {"containers": list(containers) or [container()]},
    }
    version = "batch/v1" if kind == "Job" else "apps/v1"
    return an_object(kind, name, version, spec={"template": template, **spec})


def container(image: str = "example/web:1", ports: Sequence[int] = (8000,), **more: Any) -> Fields:
    """One of a pod."""
    return {
        "name": "main",
        "image": image,
        "ports": [{"containerPort": port} for port in ports],
        **more,
    }


def service(name: str = "web", leads_to: str = "web", ports: Mapping[int, Any] | None = None) -> Fields:
    """A name that pods are reached by, with the port of the pod that each of its own leads to."""
    led = {8000: 8000} if ports is None else ports
    spec = {
        "selector": {"app": leads_to},
        "ports": [{"port": port, "targetPort": target} for port, target in led.items()],
    }
    return an_object("Service", name, spec=spec)
