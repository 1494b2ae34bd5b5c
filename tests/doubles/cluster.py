"""A cluster that knows namespaces, and tells of their end as an API server does."""

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

from kubernetes.client import (
    ApiException,
    V1ListMeta,
    V1Namespace,
    V1NamespaceCondition,
    V1NamespaceList,
    V1NamespaceStatus,
    V1ObjectMeta,
)

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@dataclass
class FakeCore:
    """The part of `CoreV1Api` that removes namespaces.

    Attributes:
        now: By its own clock.
        namespaces: That are there, by name.
        resisting: Names of those that do not go, with what the cluster says of it.
        refusing: What it answers to who wants one removed.
        changing: Names of those that change as soon as they have been listed.
        asked: What it was asked for, in order.
    """

    now: datetime = NOW
    namespaces: dict[str, V1Namespace] = field(default_factory=dict)
    resisting: dict[str, str] = field(default_factory=dict)
    refusing: dict[str, Exception] = field(default_factory=dict)
    changing: set[str] = field(default_factory=set)
    asked: list[tuple[str, str]] = field(default_factory=list)

    def add(self, name: str, labels: Mapping[str, str], annotations: Mapping[str, str], **more: Any) -> None:
        """Another namespace."""
        metadata = V1ObjectMeta(
            name=name,
            uid=name,
            resource_version="1",
            labels=dict(labels),
            annotations=dict(annotations),
            **more,
        )
        self.namespaces[name] = V1Namespace(metadata=metadata, status=V1NamespaceStatus(phase="Active"))

    def list_namespace_with_http_info(
        self, label_selector: str, **_options: Any
    ) -> tuple[V1NamespaceList, int, dict[str, str]]:
        """Those with a label, and when that was."""
        found = [
            each for each in self.namespaces.values() if label_selector in (_metadata(each).labels or {})
        ]
        listed = V1NamespaceList(items=[V1Namespace(metadata=_copy(_metadata(each))) for each in found])
        for name in self.changing:
            _metadata(self.namespaces[name]).resource_version = "2"
        return listed, 200, {"Date": format_datetime(self.now, usegmt=True)}

    def list_namespace(self, field_selector: str, **options: Any) -> Any:
        """One by its name; or, watched, that it has gone, if it goes."""
        name = field_selector.partition("=")[2]
        if options.get("watch"):
            self.asked.append(("watch", name))
            if name in self.resisting:
                return FakeStream()
            del self.namespaces[name]
            return FakeStream(b'{"type": "DELETED"}\n')
        items = [self.namespaces[name]] if name in self.namespaces else []
        return V1NamespaceList(items=items, metadata=V1ListMeta(resource_version="7"))

    def delete_namespace(self, name: str, body: Any) -> None:
        """Begin to."""
        self.asked.append(("delete", name))
        if name in self.refusing:
            raise self.refusing[name]
        if name not in self.namespaces:
            raise ApiException(status=404)
        found = self.namespaces[name]
        if body.preconditions and body.preconditions.resource_version != _metadata(found).resource_version:
            raise ApiException(status=409)
        condition = self.resisting.get(name)
        conditions = (
            [V1NamespaceCondition(type="Trouble", status="True", message=condition)] if condition else []
        )
        found.status = V1NamespaceStatus(phase="Terminating", conditions=conditions)

    def delete_collection_namespaced_pod(self, name: str, grace_period_seconds: int) -> None:
        """Have them end."""
        self.asked.append((f"end pods within {grace_period_seconds} s", name))


class FakeStream(io.BytesIO):
    """An answer that goes on, of which this is all that comes."""


def _metadata(namespace: V1Namespace) -> V1ObjectMeta:
    assert namespace.metadata is not None
    return namespace.metadata


def _copy(metadata: V1ObjectMeta) -> V1ObjectMeta:
    return V1ObjectMeta(**{name: getattr(metadata, name) for name in metadata.attribute_map})


def refusal(status: int, message: str) -> ApiException:
    """What the API server answers."""
    error = ApiException(status=status)
    error.body = json.dumps({"message": message})
    return error
