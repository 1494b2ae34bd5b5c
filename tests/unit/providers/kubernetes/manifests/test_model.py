"""Whose an object is, and what a selector selects, as the cluster itself decides it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.providers.kubernetes.manifests.model import (
    Manifests,
    identity,
    main_container,
    pod_labels,
    replicas_of,
    selects,
)
from tests.doubles.manifests import Fields, an_object, folder_of, service, workload


def names(objects: tuple[Fields, ...]) -> list[str]:
    """As people name them."""
    return [identity(each) for each in objects]


def ecosystem() -> Manifests:
    """A component with all that can point at one, beside another one and what is nobody's."""
    scaled = {"scaleTargetRef": {"kind": "Deployment", "name": "web"}}
    return folder_of(
        an_object("NetworkPolicy", "closed", spec={"podSelector": {}}),
        an_object("HorizontalPodAutoscaler", "web", spec=scaled),
        an_object("PodDisruptionBudget", "web", spec={"selector": {"matchLabels": {"app": "web"}}}),
        an_object("PodDisruptionBudget", "all", spec={"selector": {}}),
        an_object("ConfigMap", "web-environment"),
        an_object("Secret", "web-files"),
        an_object("ConfigMap", "shared"),
        workload("web"),
        workload("store", "StatefulSet"),
        service("web"),
        service("www"),
        service("store", "store"),
        service("elsewhere", "nobody"),
        an_object("Service", "external", spec={"externalName": "example.com"}),
    )


def test_what_belongs_to_a_component() -> None:
    """Its Services, so that it is found, then itself, then what has to find it."""
    assert names(ecosystem().of("web")) == [
        "Service web",
        "Service www",
        "Deployment web",
        "HorizontalPodAutoscaler web",
        "PodDisruptionBudget web",
    ]
    assert names(ecosystem().of("store")) == ["Service store", "StatefulSet store"]


def test_what_belongs_to_none() -> None:
    """All the rest, without the configuration that an environment makes itself."""
    assert names(ecosystem().others(["web", "store"])) == [
        "NetworkPolicy closed",
        "PodDisruptionBudget all",
        "ConfigMap shared",
        "Service elsewhere",
        "Service external",
    ]


@given(st.sets(st.sampled_from(["web", "store"])))
def test_nothing_is_laid_down_twice_and_nothing_is_lost(components: set[str]) -> None:
    """Whatever components there are: but for what an environment makes itself, each object has one place."""
    manifests = ecosystem()
    laid = [identity(each) for name in components for each in manifests.of(name)]
    laid += names(manifests.others(sorted(components)))
    made = {"ConfigMap web-environment", "Secret web-files"} if "web" in components else set()
    assert sorted(laid) == sorted({identity(each) for each in manifests.objects} - made)


@pytest.mark.parametrize(
    ("expression", "labels", "holds"),
    [
        ({"operator": "In", "values": ["a", "b"]}, {"x": "a"}, True),
        ({"operator": "In", "values": ["a"]}, {}, False),
        ({"operator": "NotIn", "values": ["a"]}, {"x": "b"}, True),
        ({"operator": "NotIn", "values": ["a"]}, {}, True),
        ({"operator": "Exists"}, {"x": ""}, True),
        ({"operator": "Exists"}, {}, False),
        ({"operator": "DoesNotExist"}, {}, True),
        ({"operator": "DoesNotExist"}, {"x": "a"}, False),
    ],
)
def test_what_an_expression_selects(expression: dict[str, Any], labels: dict[str, str], holds: bool) -> None:
    """All that a LabelSelector has, alone and beside labels that match."""
    selector = {"matchExpressions": [{"key": "x", **expression}]}
    assert selects(selector, labels) is holds
    assert selects({**selector, "matchLabels": {"y": "1"}}, {**labels, "y": "1"}) is holds
    assert not selects({**selector, "matchLabels": {"y": "1"}}, labels)


def test_the_container_of_the_component() -> None:
    """The one with its name, else the first, else none."""
    first, own = {"name": "proxy"}, {"name": "web"}
    assert main_container({"containers": [first, own]}, "web") is own
    assert main_container({"containers": [first]}, "web") is first
    assert main_container({}, "web") == {}


def test_how_many_pods_it_is_to_have() -> None:
    """As the manifest says, else one; whatever another one says."""
    others = (workload("store", "StatefulSet", replicas=5), service())
    assert replicas_of((*others, workload("web", replicas=3)), "web") == 3
    assert replicas_of((*others, workload("web")), "web") == 1
    assert pod_labels(an_object("Job", "bare")) == {}


def test_how_many_pods_it_may_have() -> None:
    """With what scales it."""
    spec = {"scaleTargetRef": {"kind": "Deployment", "name": "web"}, "maxReplicas": 5}
    scaler = an_object("HorizontalPodAutoscaler", "web", "autoscaling/v2", spec=spec)
    assert folder_of(workload(replicas=2), scaler).most_pods("web") == 5
    assert folder_of(workload(replicas=7), scaler).most_pods("web") == 7
    assert folder_of(workload()).most_pods("web") == 1
