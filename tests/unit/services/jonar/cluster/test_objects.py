"""Replicas are pods like the component's own, and are never taken for them."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jonar.cluster.objects import (
    DEPLOYMENT,
    Parent,
    TemplateError,
    autoscaler,
    follows,
    name_of,
    port_of,
    service,
    template,
    workload,
)
from jonar.deployments import Deployment
from jonar.quantities import parse_cpu, parse_memory
from kernel.ids import new_id
from tests.unit.services.jonar.cluster.fake_cluster import component
from tests.unit.services.jonar.fakes import make_deployment, make_policy

PARENT = Parent("jonar-0", "uid-of-jonar")


def _container(deployment: Deployment, own: dict[str, Any]) -> dict[str, Any]:
    (container,) = template(deployment, own, PARENT)["spec"]["containers"]
    return dict(container)


def test_a_deployment_keeps_as_many_pods_as_wanted_and_none_less() -> None:
    """It belongs to Jonar's pod; another version comes before the old one goes."""
    made = workload(make_deployment(3, min_ready_seconds=4.2), component(), PARENT)
    assert made["metadata"]["name"] == "hoardwell-dep-1"
    assert made["metadata"]["ownerReferences"] == [
        {"apiVersion": "v1", "kind": "Pod", "name": "jonar-0", "uid": "uid-of-jonar"}
    ]
    spec = made["spec"]
    assert (spec["replicas"], spec["minReadySeconds"], spec["progressDeadlineSeconds"]) == (3, 5, 30)
    assert spec["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}
    assert spec["selector"]["matchLabels"].items() <= spec["template"]["metadata"]["labels"].items()


def test_a_deadline_leaves_time_to_be_ready() -> None:
    """The API takes no other."""
    assert (
        workload(make_deployment(min_ready_seconds=90), component(), PARENT)["spec"][
            "progressDeadlineSeconds"
        ]
        == 91
    )


def test_a_replica_is_what_the_component_is() -> None:
    """Image, variables, probes and rights are the component's own; the component's Deployment stays as it is."""
    own = component()
    container, original = _container(make_deployment(), own), own["spec"]["template"]["spec"]["containers"][0]
    for kept in ("image", "envFrom", "ports", "readinessProbe", "securityContext"):
        assert container[kept] == original[kept]
    assert own == component()
    assert {mark["name"] for mark in container["env"]} == {
        "JONAR_DEPLOYMENT_ID",
        "JONAR_REPLICA_ID",
        "JONAR_VERSION",
    }


def test_another_version_is_another_template() -> None:
    """Or else the cluster would roll nothing."""
    deployment = make_deployment()
    before = template(deployment, component(), PARENT)
    deployment.want_version("2.0 beta/ß", 0.0)
    after = template(deployment, component(), PARENT)
    assert before != after
    assert before["metadata"]["labels"] == after["metadata"]["labels"]  # a label could not hold any version


def test_a_replica_answers_until_nobody_asks_it() -> None:
    """It goes on for a moment after it was asked to end; a component that has its own way keeps that."""
    pod = template(make_deployment(), component(), PARENT)["spec"]
    assert pod["containers"][0]["lifecycle"] == {"preStop": {"sleep": {"seconds": 2}}}
    assert pod["terminationGracePeriodSeconds"] == 12
    own = component()
    own_way = {"preStop": {"exec": {"command": ["drain"]}}}
    own["spec"]["template"]["spec"]["containers"][0]["lifecycle"] = own_way
    pod = template(make_deployment(), own, PARENT)["spec"]
    assert (pod["containers"][0]["lifecycle"], pod["terminationGracePeriodSeconds"]) == (own_way, 10)


def test_a_replica_is_none_of_the_components_own_pods() -> None:
    """It has their labels, for what holds for them holds for it, but those that they are found by."""
    own = component()
    labels = template(make_deployment(), own, PARENT)["metadata"]["labels"]
    assert labels["runeframeos.component"] == "hoardwell"
    assert "harness.component" not in labels
    assert not own["spec"]["selector"]["matchLabels"].items() <= labels.items()
    own["spec"]["selector"]["matchLabels"] = {"runeframeos.component": "hoardwell"}
    with pytest.raises(TemplateError, match="would be taken for its own: let its selector have"):
        template(make_deployment(), own, PARENT)


def test_the_container_that_answers_is_the_one_of_the_workloads_name() -> None:
    """Beside others, which keep what they have; else it is the first."""
    own = component("shop", {"app.kubernetes.io/name": "shop"})
    containers = own["spec"]["template"]["spec"]["containers"]
    containers.append({"name": "shop", "ports": [{"containerPort": 9000}]})
    sidecar, serving = template(make_deployment(), own, PARENT)["spec"]["containers"]
    assert ("env" in sidecar, "env" in serving) == (False, True)
    assert sidecar == containers[0]
    assert (port_of(own), port_of(component())) == (9000, 8000)


cores = st.integers(1, 8000).map(lambda thousandths: thousandths / 1000)


@given(
    cores,
    st.integers(1, 2**40),
    st.sampled_from(["20m", "1", "64"]),
    st.sampled_from(["1Mi", "512Mi", "64Gi"]),
)
def test_limits_always_leave_room_for_what_is_asked(
    cpu: float, memory: int, most: str, most_memory: str
) -> None:
    """Or else the API would refuse the pod; they are the component's own wherever they do."""
    deployment, own = make_deployment(cpu=cpu), component()
    own["spec"]["template"]["spec"]["containers"][0]["resources"]["limits"] = {
        "cpu": most,
        "memory": most_memory,
    }
    deployment.specification = type(deployment.specification)(
        "hoardwell", "1", cpu, memory, 0.0, 30.0, deployment.specification.policy
    )
    resources = _container(deployment, own)["resources"]
    asked, limits = resources["requests"], resources["limits"]
    assert parse_cpu(asked["cpu"]) >= cpu - 1e-9
    assert parse_memory(asked["memory"]) == memory
    assert parse_cpu(limits["cpu"]) >= parse_cpu(asked["cpu"])
    assert parse_memory(limits["memory"]) >= memory
    if parse_cpu(most) >= cpu:
        assert limits["cpu"] == most


def test_no_limits_stay_none() -> None:
    """What is asked for is no limit, as everywhere in Jonar."""
    own = component()
    del own["spec"]["template"]["spec"]["containers"][0]["resources"]
    assert _container(make_deployment(), own)["resources"] == {
        "requests": {"cpu": "500m", "memory": str(2**30)}
    }


def test_names_can_be_those_of_services() -> None:
    """DNS labels, however the id looks."""
    deployment = make_deployment(name=new_id("dep"))
    assert re.fullmatch(r"[a-z][-a-z0-9]{0,61}[a-z0-9]", name_of(deployment))


def test_a_service_leads_to_the_replicas_alone() -> None:
    """And goes with their Deployment."""
    made = service(make_deployment(), 9000, PARENT, {"metadata": {"name": "hoardwell-dep-1", "uid": "u"}})
    assert made["spec"]["selector"] == {DEPLOYMENT: "dep_1"}
    assert made["spec"]["ports"] == [{"name": "http", "port": 9000, "targetPort": 9000}]
    (owner,) = made["metadata"]["ownerReferences"]
    assert (owner["kind"], owner["uid"]) == ("Deployment", "u")


def test_an_autoscaler_follows_a_target_for_cpu_alone() -> None:
    """A plain cluster measures no requests; where they count too, Jonar decides for both."""
    policy = make_policy(least=2, most=7, requests=None, cpu=0.555, stabilisation=12.4)
    deployment = make_deployment(2, policy=policy)
    assert follows(deployment)
    assert not follows(make_deployment(policy=make_policy(requests=10.0, cpu=0.5)))
    assert not follows(make_deployment(policy=make_policy(requests=None, cpu=None)))
    spec = autoscaler(deployment, PARENT, {"metadata": {"name": "hoardwell-dep-1", "uid": "u"}})["spec"]
    assert (spec["minReplicas"], spec["maxReplicas"]) == (2, 7)
    assert spec["scaleTargetRef"]["name"] == "hoardwell-dep-1"
    assert spec["metrics"][0]["resource"]["target"] == {"type": "Utilization", "averageUtilization": 56}
    assert spec["behavior"]["scaleDown"] == {"stabilizationWindowSeconds": 12}
