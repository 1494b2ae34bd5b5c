"""What a cluster counts as left in a namespace is looked for by name."""

import io
import json
from typing import Any, cast

import pytest
from kubernetes.client import CoreV1Api, V1Namespace, V1NamespaceCondition, V1NamespaceStatus, V1ObjectMeta

from harness.providers.kubernetes.namespaces.blocking import Kind, blocking, kinds_in


@pytest.mark.parametrize(
    ("message", "kinds"),
    [
        ("", []),
        ("something else", []),
        ("Some resources are remaining: pods. has 1 resource instances", [Kind("pods", "")]),
        (
            "Some resources are remaining: a. has 2 resource instances, leases.k8s.io has 1 resource instances",
            [Kind("a", ""), Kind("leases", "k8s.io")],
        ),
    ],
)
def test_kinds_are_read_from_the_clusters_sentence(message: str, kinds: list[Kind]) -> None:
    """As the namespace controller writes it; another version's sentence is shown as it is."""
    assert kinds_in(message) == kinds


class FakeApi:
    """What answers to paths, both as client of one API and as what is below it."""

    def __init__(self, answers: dict[str, object]) -> None:
        self.api_client = self
        self._answers = answers

    def param_serialize(self, method: str, path: str, **_options: object) -> tuple[str, str]:
        """What is asked."""
        return method, path

    def call_api(self, method: str, path: str) -> "FakeAnswer":
        """What is there; 404 for what is not."""
        assert method == "GET"
        return FakeAnswer(self._answers.get(path))


class FakeAnswer(io.BytesIO):
    """A body, and a status."""

    def __init__(self, told: object) -> None:
        super().__init__(json.dumps(told).encode())
        self.status = 200 if told is not None else 404


def told(answers: dict[str, object], **conditions: str) -> str:
    """What is said of a namespace whose conditions say so much."""
    listed = [
        V1NamespaceCondition(type=name, status="True", message=text) for name, text in conditions.items()
    ]
    status = V1NamespaceStatus(phase="Terminating", conditions=listed)
    core = cast(CoreV1Api, FakeApi(answers))
    return blocking(core, V1Namespace(metadata=V1ObjectMeta(name="mine"), status=status))


def named(name: str, *finalizers: str, **spec: str) -> dict[str, Any]:
    """An object."""
    return {"metadata": {"name": name, "finalizers": list(finalizers)}, "spec": spec}


def test_what_is_left_is_named_with_what_it_waits_for() -> None:
    """Finalizers, and nodes; by the version of its group that the cluster prefers."""
    answers: dict[str, object] = {
        "/api/v1/namespaces/mine/pods": {"items": [named("stuck", nodeName="ghost"), named("held", "a/b")]},
        "/apis/shop.example": {"preferredVersion": {"groupVersion": "shop.example/v2"}},
        "/apis/shop.example/v2/namespaces/mine/orders": {"items": [named("first", "a/b", "c/d")]},
    }
    counted = "pods. has 2 resource instances, orders.shop.example has 1 resource instances"
    said = told(
        answers, NamespaceContentRemaining=counted, NamespaceFinalizersRemaining="a/b in 2 resource instances"
    )
    assert said.split("; ") == [
        "pods/stuck waits for node ghost to say that its containers have ended",
        "pods/held waits for the finalizer a/b",
        "orders/first waits for the finalizer a/b and the finalizer c/d",
    ]


def test_what_cannot_be_looked_at_is_told_as_the_cluster_has_it() -> None:
    """An API whose server is gone, say."""
    counted = "orders.shop.example has 1 resource instances"
    assert told({}, NamespaceContentRemaining=counted) == counted
    failed = "Discovery failed for some groups, 1 failing: shop.example/v2: stale"
    assert told({}, NamespaceDeletionDiscoveryFailure=failed) == failed


def test_a_cluster_that_has_not_looked_yet_says_nothing() -> None:
    """Its first look is 5 s after it was asked."""
    assert told({}) == "is still Terminating"
