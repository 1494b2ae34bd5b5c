"""Whatever manifests and the Compose file do not say alike is told, all of it at once, and no secret with it."""

import base64
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.providers.kubernetes.manifests.agreement import disagreements
from harness.spec.model import Build, Component, ComponentSettings, Condition, Dependency, PodSettings, Port
from tests.doubles.containers import component
from tests.doubles.manifests import FOLDER, Fields, an_object, container, folder_of, service, workload

WEB = component(ports=(Port(8000),))


def told(one: Component | Mapping[str, Component], *objects: Fields) -> list[str]:
    """What `web`, or all these components, and these objects disagree on."""
    components = {"web": one} if isinstance(one, Component) else one
    return [each.message for each in disagreements(components, folder_of(*objects), "k8s")]


def with_env(*env: Fields, **more: Any) -> Fields:
    """A workload whose container has variables."""
    return workload(containers=[container(env=list(env), **more)])


def literal(name: str, value: str) -> Fields:
    """A variable as manifests write one."""
    return {"name": name, "value": value}


def test_what_agrees() -> None:
    """Nothing is told."""
    assert told(WEB, workload(), service()) == []


def test_a_component_without_a_workload() -> None:
    """What else is said of it does not matter then; and the other way round."""
    (message,) = told(WEB, service())
    assert message == "web is in the file, and k8s has no workload of that name"
    (message,) = told({}, workload(kind="StatefulSet"))
    assert message == "StatefulSet web is in k8s, and the file has no service web"


def test_a_component_with_two_workloads() -> None:
    """Nobody could tell which one it is."""
    (message,) = told(WEB, workload(), workload(kind="Job"), service())
    assert message == "web is there twice in k8s: Deployment web and Job web"


def test_what_ends_and_what_runs_on() -> None:
    """A Job is waited for until it has ended, and nothing else ever does."""
    waits = component("late", depends_on=(Dependency("web", Condition.COMPLETED),))
    late = workload("late", containers=[container(ports=())])
    (message,) = told({"web": component(), "late": waits}, workload(containers=[container(ports=())]), late)
    assert message == "others wait until web has ended, and Deployment web in k8s never does"
    (message,) = told(component(), workload(kind="Job", containers=[container(ports=())]))
    assert message == "web runs on by the file, and in k8s it is a Job, which ends"


def test_a_workload_of_no_pods() -> None:
    """It would never be ready."""
    (message,) = told(WEB, workload(replicas=0), service())
    assert message.startswith("web has 0 replicas in k8s")


def test_images() -> None:
    """Of what is pulled; what is built has any name."""
    (message,) = told(WEB, workload(containers=[container("example/web:2")]), service())
    assert message == "web is made from example/web:1 by the file, and from example/web:2 in k8s"
    built = component(ports=(Port(8000),), image=None, build=Build(FOLDER))
    assert told(built, workload(containers=[container("anything")]), service()) == []
    (message,) = told(built, workload(containers=[container("")]), service())
    assert message == "Deployment web in k8s has no container with an image"


def test_ports() -> None:
    """Each that one side has alone; those of other protocols are nobody's business."""
    udp = {"containerPort": 53, "protocol": "UDP"}
    both = component(ports=(Port(8000), Port(53, protocol="udp")), expose=(9000,))
    alone = container(ports=(8000, 7000))
    alone["ports"].append(udp)
    found = told(both, workload(containers=[alone]), service(ports={8000: 8000, 9000: 9000}))
    assert found == [
        "web has port 9000 in the file, and 8000, 7000 alone in k8s",
        "web has port 7000 in k8s, and not in the file",
    ]
    (message,) = told(WEB, workload(containers=[container(ports=())]), service())
    assert message == "web has port 8000 in the file, and none in k8s"


@pytest.mark.parametrize(
    ("services", "message"),
    [
        ((), "neighbours reach web as web, and k8s has no Service web"),
        ((service(leads_to="other"),), "Service web in k8s does not lead to the pods of web"),
        ((an_object("Service", "web", spec={}),), "Service web in k8s does not lead to the pods of web"),
        (
            (service(ports={80: 8000}),),
            "neighbours reach web at port 8000, and Service web in k8s does not have it",
        ),
        (
            (service(ports={8000: 80}),),
            "neighbours reach web at port 8000, and Service web in k8s leads it to 80",
        ),
        (
            (service(ports={8000: "nowhere"}),),
            "neighbours reach web at port 8000, and Service web in k8s leads it to nowhere",
        ),
    ],
)
def test_services_that_neighbours_would_not_find_it_by(services: tuple[Fields, ...], message: str) -> None:
    """By its name, at its port."""
    assert told(WEB, workload(), *services) == [message]


def test_ports_by_name_and_by_default() -> None:
    """A Service may name the container's port, or leave it out."""
    named = container()
    named["ports"][0]["name"] = "http"
    assert told(WEB, workload(containers=[named]), service(ports={8000: "http"})) == []
    assert told(WEB, workload(), service(ports={8000: None})) == []


def test_every_alias_takes_a_service() -> None:
    """Neighbours use it like the name."""
    both = component(ports=(Port(8000),), aliases=("www",))
    (message,) = told(both, workload(), service())
    assert message == "neighbours reach web as www, and k8s has no Service www"
    assert told(both, workload(), service(), service("www")) == []


def test_a_service_that_leads_to_others_too() -> None:
    """Every second request would be somebody else's."""
    other = workload("other")
    other["spec"]["template"]["metadata"]["labels"] = {"app": "web"}
    components = {"web": WEB, "other": component("other", ports=(Port(8000),))}
    assert "Service web in k8s leads to the pods of other, too" in told(
        components, workload(), other, service(), service("other")
    )


def test_variables_that_one_side_has_alone() -> None:
    """Whatever object holds them."""
    configured = component(environment={"MODE": "test", "LEVEL": "1"}, ports=(Port(8000),))
    objects = (
        with_env(literal("MODE", "test"), envFrom=[{"configMapRef": {"name": "c"}, "prefix": "X_"}]),
        service(),
        an_object("ConfigMap", "c", data={"MORE": "1"}),
    )
    assert told(configured, *objects) == [
        "variable LEVEL of web is in the file, and not in k8s",
        "variable X_MORE of web is in k8s, in ConfigMap c, and not in the file",
    ]


def test_a_secret_that_holds_what_the_file_does_not() -> None:
    """Its name is told, and never its value."""
    own = an_object("Secret", "web-environment", stringData={"API_KEY": "hush", "OLD_KEY": "whisper"})
    keyed = component(environment={"API_KEY": "k"}, ports=(Port(8000),))
    found = told(keyed, with_env(envFrom=[{"secretRef": {"name": "web-environment"}}]), own, service())
    assert found == ["variable OLD_KEY of web is in k8s, in Secret web-environment, and not in the file"]


def test_values_that_differ() -> None:
    """But for secrets: an environment has its own, and nobody reads of those."""
    encoded = base64.b64encode(b"other").decode()
    objects = (
        with_env(literal("MODE", "other"), envFrom=[{"secretRef": {"name": "s"}}]),
        service(),
        an_object("Secret", "s", data={"API_KEY": encoded, "LEVEL": encoded}),
    )
    variables = {"MODE": "test", "API_KEY": "mine", "LEVEL": "1"}
    found = told(component(environment=variables, ports=(Port(8000),)), *objects)
    assert found == [
        "LEVEL of web is '1' in the file, and 'other' in k8s",
        "MODE of web is 'test' in the file, and 'other' in k8s",
    ]


def test_a_secret_where_the_file_has_none() -> None:
    """Only that is told."""
    one = component(environment={"ADDRESS": "redis://db:1"}, ports=(Port(8000),))
    (message,) = told(one, with_env(literal("ADDRESS", "redis://:hush@db:1")), service())
    assert message == "ADDRESS of web is 'redis://db:1' in the file, and holds a secret in k8s"


def test_what_differs_only_as_the_file_says() -> None:
    """Variables of a cluster alone are what manifests have to have."""
    settings = ComponentSettings(kubernetes=PodSettings({"RUNTIME": "kubernetes"}))
    both = component(environment={"RUNTIME": "docker"}, settings=settings, ports=(Port(8000),))
    assert told(both, with_env(literal("RUNTIME", "kubernetes")), service()) == []
    (message,) = told(both, with_env(literal("RUNTIME", "docker")), service())
    assert message == "RUNTIME of web is 'kubernetes' in the file, and 'docker' in k8s"


def test_what_the_environment_makes_need_not_be_there() -> None:
    """The component's own ConfigMap holds what everybody may read, and its own Secret the rest."""
    variables = {"MODE": "test", "API_KEY": "k"}
    one = component(environment=variables, ports=(Port(8000),))
    config, secret = ({f"{kind}Ref": {"name": "web-environment"}} for kind in ("configMap", "secret"))
    assert told(one, with_env(envFrom=[config, secret]), service()) == []
    assert told(one, with_env(envFrom=[config]), service()) == [
        "variable API_KEY of web is in the file, and not in k8s"
    ]
    assert told(one, with_env(envFrom=[secret]), service()) == [
        "variable MODE of web is in the file, and not in k8s"
    ]


def test_single_variables_of_other_objects() -> None:
    """They are there, or they are missing; what a pod is told of itself has no value to compare."""
    one = component(environment={"MODE": "test", "API_KEY": "k", "POD": "x"}, ports=(Port(8000),))
    env = [
        {"name": "MODE", "valueFrom": {"configMapKeyRef": {"name": "c", "key": "mode"}}},
        {"name": "API_KEY", "valueFrom": {"secretKeyRef": {"name": "s", "key": "api"}}},
        {"name": "POD", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
    ]
    found = told(one, with_env(*env), service(), an_object("ConfigMap", "c", data={"mode": "test"}))
    assert found == ["web takes variables from Secret s (api), which k8s does not have"]


def test_objects_that_are_missing() -> None:
    """Unless the manifests can do without."""
    references = [
        {"configMapRef": {"name": "c"}},
        {"secretRef": {"name": "s", "optional": True}},
    ]
    assert told(WEB, with_env(envFrom=references), service()) == [
        "web takes variables from ConfigMap c, which k8s does not have"
    ]


def test_what_is_not_of_the_environments_namespace() -> None:
    """By name: another namespace's, or no namespace's at all."""
    elsewhere = an_object("Secret", "s")
    elsewhere["metadata"]["namespace"] = "prod"
    role = an_object("ClusterRole", "all", "rbac.authorization.k8s.io/v1")
    found = told(WEB, workload(), service(), elsewhere, role)
    assert found == [
        "Secret s in k8s is of namespace prod, and each environment has its own",
        "ClusterRole all in k8s is no namespace's, and an environment has but its namespace",
    ]


def test_all_of_it_is_told_at_once_with_what_to_do() -> None:
    """A person mends them in one go."""
    broken = workload(containers=[container("other", ports=(1,), env=[literal("X", "1")])], replicas=0)
    found = disagreements({"web": WEB, "db": component("db")}, folder_of(broken), "k8s")
    assert [each.component for each in found] == ["web"] * 6 + ["db"]
    assert all(each.remedy and str(each) == f"{each.message} — {each.remedy}" for each in found)


SECRET = st.text("abcdef", min_size=12, max_size=12)


@given(SECRET, SECRET, st.booleans())
def test_no_secret_is_ever_told(file: str, manifest: str, is_url: bool) -> None:
    """Neither of the file's nor of the manifests'."""
    name = "ADDRESS" if is_url else "API_KEY"
    ours, theirs = (f"redis://:{value}@db:1" if is_url else value for value in (file, manifest))
    one = component(environment={name: ours, "MODE": "a"}, ports=(Port(8000),))
    found = disagreements(
        {"web": one}, folder_of(with_env(literal(name, theirs), literal("MODE", "b")), service()), "k8s"
    )
    assert "MODE of web is 'a' in the file" in str(found)
    assert file not in str(found)
    assert manifest not in str(found)
