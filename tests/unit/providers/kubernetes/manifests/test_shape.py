"""What has the wrong shape is told with its place, and what has the right one can be read whatever it holds."""

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.providers.kubernetes.generated.objects import Origin
from harness.providers.kubernetes.generated.variables import split
from harness.providers.kubernetes.manifests.agreement import disagreements
from harness.providers.kubernetes.manifests.fitting import objects_for, shared_objects
from harness.providers.kubernetes.manifests.shape import faults
from harness.spec.model import Port
from tests.doubles.containers import component
from tests.doubles.manifests import Fields, an_object, container, folder_of, service, workload


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        (an_object("Deployment", "web"), "spec is missing"),
        (workload(replicas="2"), "spec.replicas is not a number"),
        (workload(template={"spec": {}}), "spec.template.spec.containers is missing"),
        (workload(containers=[{"image": "web"}]), "spec.template.spec.containers[0].name is missing"),
        (
            workload(containers=[container(env=[{"name": "A", "value": 1}])]),
            "spec.template.spec.containers[0].env[0].value is not text",
        ),
        (
            workload(containers=[container(), container(env={"A": "1"})]),
            "spec.template.spec.containers[1].env is not a list",
        ),
        (
            workload(containers=[container(envFrom=[{"secretRef": {}}])]),
            "spec.template.spec.containers[0].envFrom[0].secretRef.name is missing",
        ),
        (an_object("Service", "web", spec={"ports": [{"targetPort": 1}]}), "spec.ports[0].port is missing"),
        (an_object("Service", "web", spec={"ports": {"port": 1}}), "spec.ports is not a list"),
        (an_object("ConfigMap", "web", data=["A=1"]), "data is not a mapping"),
        (
            an_object("PodDisruptionBudget", "web", spec={"selector": {"matchExpressions": [{}]}}),
            "spec.selector.matchExpressions[0].key is missing",
        ),
    ],
)
def test_what_has_the_wrong_shape(fields: Fields, fault: str) -> None:
    """The place is the one that a person has to look at."""
    assert fault in faults(fields)


@pytest.mark.parametrize(
    "fields", [workload(), service(), an_object("Service", "web"), an_object("Widget", "web", spec="any")]
)
def test_what_has_the_right_shape(fields: Fields) -> None:
    """Also what nobody here knows."""
    assert faults(fields) == ()


def whole() -> list[Fields]:
    """Of everything that is looked at, one."""
    own = container(
        env=[
            {"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}},
            {"name": "A", "value": "1"},
        ],
        envFrom=[{"configMapRef": {"name": "c"}}],
    )
    chosen = {
        "matchLabels": {"app": "web"},
        "matchExpressions": [{"key": "a", "operator": "In", "values": ["b"]}],
    }
    return [
        workload(containers=[own], replicas=2),
        service(),
        an_object("ConfigMap", "c", data={"A": "1"}),
        an_object("Secret", "s", data={"k": "aw=="}, stringData={"b": "c"}),
        an_object("PodDisruptionBudget", "web", spec={"selector": chosen}),
        an_object("HorizontalPodAutoscaler", "web", spec={"scaleTargetRef": {"name": "web"}}),
    ]


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path to everything in a value, but for what was looked at when it was read."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in inner:
        if key not in ("apiVersion", "kind") and (key, path[1:]) != ("name", ("metadata",)):
            yield (*path, key)
            yield from places(each, (*path, key))


PLACES = [path for path in places(whole()) if len(path) > 1 and path[1:] != ("metadata",)]
ANYTHING: st.SearchStrategy[Any] = st.sampled_from(
    [None, True, 0, 8000, 1.5, "", "web", [], ["web"], [{}], [[]], {}, {"name": "web"}, {"a": 1}]
)


@given(st.lists(st.tuples(st.sampled_from(PLACES), ANYTHING), min_size=1, max_size=2))
def test_what_is_not_told_can_be_used(changes: list[tuple[tuple[Any, ...], Any]]) -> None:
    """Whatever somebody writes in any place: it is told, or it is compared and fitted, and breaks nothing."""
    objects = whole()
    for path, value in changes:
        with contextlib.suppress(LookupError, TypeError):  # it is in what was replaced before
            holder: Any = objects
            for key in path[:-1]:
                holder = holder[key]
            holder[path[-1]] = value
    if any(faults(each) for each in objects):
        return
    one, manifests, origin = component(ports=(Port(8000),)), folder_of(*objects), Origin("ns", {})
    if not any("has no container" in str(told) for told in disagreements({"web": one}, manifests, "k8s")):
        objects_for(one, manifests, "image", split({}, ()), origin, ())
    shared_objects(manifests, ["web"], origin, ())
