"""Why this exists: a namespace that does not go says in numbers what is left in it; a person needs names.

The sentences are those of k8s.io/kubernetes/pkg/controller/namespace/deletion/status_condition_utils.go.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from kubernetes.client import CoreV1Api, V1Namespace

_REMAINING = "NamespaceContentRemaining"
_FINALIZERS = "NamespaceFinalizersRemaining"
_COUNTED = re.compile(r"([^\s.]+)\.(\S*) has \d+ resource instances")
_SHOWN = 5  # of each kind


class Kind(NamedTuple):
    """A kind of object, as in a URL."""

    resource: str
    group: str


def blocking(core: "CoreV1Api", namespace: "V1Namespace") -> str:
    """What keeps a namespace from going: what is left in it by name, and whatever else the cluster says."""
    status = namespace.status
    conditions = {c.type: c.message or "" for c in (status and status.conditions) or () if c.status == "True"}
    left = [
        _told(kind, each)
        for kind in kinds_in(conditions.get(_REMAINING, ""))
        for each in _left(core, namespace, kind)
    ]
    named = {_REMAINING, _FINALIZERS} if left else set()
    told = [*left, *(message for name, message in conditions.items() if name not in named)]
    return "; ".join(told) or f"is still {status.phase if status else 'there'}"


def kinds_in(message: str) -> Iterable[Kind]:
    """What a sentence such as `Some resources are remaining: pods. has 1 resource instances` counts. Pure."""
    return [Kind(resource, group) for resource, group in _COUNTED.findall(message)]


def _told(kind: Kind, left: Mapping[str, Any]) -> str:
    """One object, and what it waits for."""
    metadata, spec = left["metadata"], left.get("spec") or {}
    waits = [f"the finalizer {name}" for name in metadata.get("finalizers") or ()]
    if kind.resource == "pods" and spec.get("nodeName"):
        waits.append(f"node {spec['nodeName']} to say that its containers have ended")
    return f"{kind.resource}/{metadata['name']} waits for {' and '.join(waits) or 'the cluster'}"


def _left(core: "CoreV1Api", namespace: "V1Namespace", kind: Kind) -> Iterator[Mapping[str, Any]]:
    """The first few objects of a kind; none where the cluster does not say, and its own sentence has to do."""
    assert namespace.metadata is not None  # noqa: S101 - it was listed
    version = "api/v1"
    if kind.group:
        group = _get(core, f"/apis/{kind.group}")
        version = f"apis/{group['preferredVersion']['groupVersion']}" if group else ""
    found = version and _get(core, f"/{version}/namespaces/{namespace.metadata.name}/{kind.resource}", _SHOWN)
    yield from found["items"] if found else ()


def _get(core: "CoreV1Api", path: str, limit: int | None = None) -> Any:
    """What the API server answers, whatever the client library knows of it; None when it does not."""
    api = core.api_client
    query = [("limit", limit)] if limit else []
    request = api.param_serialize("GET", path, query_params=query, auth_settings=["BearerToken"])
    answer = api.call_api(*request)
    told = answer.read()
    return json.loads(told) if answer.status == HTTPStatus.OK else None
