"""A team's manifests become one environment's: labels, images, and passwords of its own."""

import base64
import copy
from typing import Any

import pytest

from harness.providers.kubernetes.generated.objects import COMPONENT, VARIABLES, Origin
from harness.providers.kubernetes.generated.variables import split
from harness.providers.kubernetes.manifests.fitting import objects_for, shared_objects
from harness.providers.kubernetes.manifests.model import Manifests, identity
from harness.providers.substitution import Secret
from harness.spec.model import Component, GrantedFile
from tests.doubles.containers import component
from tests.doubles.manifests import Fields, an_object, container, folder_of, service, workload

ORIGIN = Origin("harness-e", {"harness.environment": "e"})
SECRETS = (Secret("DB_PASSWORD", "written", "drawn"),)
OWN = [{"configMapRef": {"name": "web-environment"}}, {"secretRef": {"name": "web-environment"}}]


def fitted(manifests: Manifests, one: Component | None = None) -> dict[str, Fields]:
    """All objects of `web`, by kind and name."""
    one = one or component()
    variables = split(one.environment, ["drawn"])
    objects = objects_for(one, manifests, "built:2", variables, ORIGIN, SECRETS)
    return {identity(each): each for each in objects}


def main_of(objects: dict[str, Fields], kind: str = "Deployment") -> Fields:
    """Its container."""
    found: Fields = objects[f"{kind} web"]["spec"]["template"]["spec"]["containers"][0]
    return found


def told_by(secret: Fields) -> dict[str, str]:
    """What a Secret holds."""
    return {name: base64.b64decode(value).decode() for name, value in secret["data"].items()}


@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet", "Job"])
def test_everything_is_the_environments(kind: str) -> None:
    """In its namespace, and found by its labels, pods as well; what selects pods stays as it is."""
    manifests = folder_of(
        workload(kind=kind, selector={"matchLabels": {"app": "web"}}, replicas=3), service()
    )
    objects = fitted(manifests)
    labels = {**ORIGIN.labels, COMPONENT: "web"}
    for each in objects.values():
        assert each["metadata"]["namespace"] == "harness-e"
        assert each["metadata"]["labels"].items() >= labels.items()
    spec = objects[f"{kind} web"]["spec"]
    assert spec["template"]["metadata"]["labels"] == {"app": "web", **labels}
    assert (spec["selector"], spec["replicas"]) == ({"matchLabels": {"app": "web"}}, 3)
    assert objects["Service web"]["spec"]["selector"] == {"app": "web"}


@pytest.mark.parametrize("told", [{}, {"replicas": None}])
def test_how_many_pods_there_are_is_always_said(told: dict[str, Any]) -> None:
    """What is not said is not changed: one that was scaled to zero would not come back."""
    for kind in ("Deployment", "StatefulSet"):
        assert fitted(folder_of(workload(kind=kind, **told)))[f"{kind} web"]["spec"]["replicas"] == 1
    assert "replicas" not in fitted(folder_of(workload(kind="Job")))["Job web"]["spec"]


def test_what_was_read_stays_as_it_was() -> None:
    """It is fitted once for every start."""
    manifests = folder_of(workload(), service(), an_object("ConfigMap", "other", data={"A": "written"}))
    before = copy.deepcopy(manifests.objects)
    fitted(manifests)
    shared_objects(manifests, ["web"], ORIGIN, SECRETS)
    assert manifests.objects == before


def test_configuration_comes_before_what_reads_it() -> None:
    """And names before what they lead to."""
    budget = an_object("PodDisruptionBudget", "web", spec={"selector": {"matchLabels": {"app": "web"}}})
    objects = list(fitted(folder_of(budget, workload(), service())))
    assert objects == [
        "ConfigMap web-environment",
        "Secret web-environment",
        "Service web",
        "Deployment web",
        "PodDisruptionBudget web",
    ]


def test_its_image_is_that_of_the_environment() -> None:
    """Wherever its pods are made from it; other containers keep theirs."""
    spec: dict[str, Any] = {
        "initContainers": [
            {"name": "prepare", "image": "example/web:1"},
            {"name": "wait", "image": "busybox"},
        ],
        "containers": [
            {"name": "proxy", "image": "envoy:1", "imagePullPolicy": "Always"},
            {"name": "web", "image": "example/web:1", "imagePullPolicy": "Always"},
        ],
    }
    made = fitted(folder_of(workload(template={"metadata": {"labels": {"app": "web"}}, "spec": spec})))
    pod = made["Deployment web"]["spec"]["template"]["spec"]
    images = {each["name"]: each["image"] for each in (*pod["initContainers"], *pod["containers"])}
    assert images == {"prepare": "built:2", "wait": "busybox", "proxy": "envoy:1", "web": "built:2"}
    policies = {each["name"]: each["imagePullPolicy"] for each in pod["containers"]}
    assert policies == {"proxy": "Always", "web": "IfNotPresent"}


def test_its_variables_are_those_of_the_environment() -> None:
    """Wherever its manifests take them from; what the file does not say, and what only a cluster knows, stays."""
    env = [
        {"name": "MODE", "value": "other"},
        {"name": "API_KEY", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "api"}}},
        {"name": "POD", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
        {"name": "MORE", "value": "1"},
    ]
    env_from = [OWN[1], {"configMapRef": {"name": "shared"}}]
    manifests = folder_of(workload(containers=[container(env=env, envFrom=env_from)]))
    variables = {"MODE": "test", "API_KEY": "k", "POD": "none"}
    objects = fitted(manifests, component(environment=variables))
    main = main_of(objects)
    assert [each["name"] for each in main["env"]] == ["POD", "MORE"]
    assert main["envFrom"] == [{"configMapRef": {"name": "shared"}}, *OWN]
    assert objects["ConfigMap web-environment"]["data"] == {"MODE": "test", "POD": "none"}
    assert told_by(objects["Secret web-environment"]) == {"API_KEY": "k"}


def test_pods_change_with_their_variables() -> None:
    """A workload whose template stays would not replace them; what is noted there already stays."""
    manifests = folder_of(workload())
    manifests.objects[0]["spec"]["template"]["metadata"]["annotations"] = {"note": "kept"}
    notes = [
        fitted(manifests, component(environment={"MODE": mode}))["Deployment web"]["spec"]["template"][
            "metadata"
        ]["annotations"]
        for mode in "ab"
    ]
    assert [note["note"] for note in notes] == ["kept", "kept"]
    assert notes[0][VARIABLES] != notes[1][VARIABLES]


def test_files_that_it_is_granted_are_those_of_the_file() -> None:
    """In the Secret that its manifests may mount."""
    objects = fitted(folder_of(workload()), component(files=(GrantedFile("key", "/run/key", content="k"),)))
    assert told_by(objects["Secret web-files"]) == {"0": "k"}


def test_secrets_of_the_file_are_drawn_anew_everywhere() -> None:
    """In configuration that several read, and in containers beside the component's own; by name, or in a URL."""
    url = "postgresql://me:written@db/x"
    encoded = {name: base64.b64encode(value).decode() for name, value in (("DB_PASSWORD", b"written"),)}
    sidecar = {
        "name": "exporter",
        "image": "e",
        "env": [{"name": "URL", "value": url}, {"name": "N", "value": "written"}],
    }
    manifests = folder_of(
        workload(containers=[container(), sidecar]),
        an_object("ConfigMap", "shared", data={"URL": url, "WORD": "written"}),
        an_object("Secret", "shared", data=encoded | {"blob": "/w=="}, stringData={"password": "written"}),
    )
    _, exporter = fitted(manifests)["Deployment web"]["spec"]["template"]["spec"]["containers"]
    actual = "postgresql://me:drawn@db/x"
    assert [each["value"] for each in exporter["env"]] == [actual, "written"]
    shared = {identity(each): each for each in shared_objects(manifests, ["web"], ORIGIN, SECRETS)}
    assert shared["ConfigMap shared"]["data"] == {"URL": actual, "WORD": "written"}
    assert base64.b64decode(shared["Secret shared"]["data"]["DB_PASSWORD"]) == b"drawn"
    assert shared["Secret shared"]["data"]["blob"] == "/w=="
    assert shared["Secret shared"]["stringData"] == {"password": "drawn"}


def test_what_is_shared_is_the_environments_too() -> None:
    """Also the pods of what makes some and is no component; they are no component's."""
    nightly = {"jobTemplate": {"spec": {"template": {"spec": {"containers": [container()]}}}}}
    manifests = folder_of(
        workload(),
        an_object("ServiceAccount", "robot", status={}),
        an_object("CronJob", "nightly", "batch/v1", spec=nightly),
        an_object("DaemonSet", "agent", "apps/v1", spec={"template": {"spec": {}}}),
    )
    robot, job, agent = shared_objects(manifests, ["web"], ORIGIN, SECRETS)
    assert "status" not in robot
    assert robot["metadata"] == {"name": "robot", "namespace": "harness-e", "labels": dict(ORIGIN.labels)}
    for template in (job["spec"]["jobTemplate"]["spec"]["template"], agent["spec"]["template"]):
        assert template["metadata"]["labels"] == ORIGIN.labels
