"""What a Compose service says is said to the cluster, secrets apart, and neighbours find it by its names."""

import base64
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.providers.kubernetes.generated.objects import COMPONENT, Origin, objects_of
from harness.providers.kubernetes.generated.variables import split
from harness.spec.model import (
    Component,
    ComponentSettings,
    ContainerSettings,
    GrantedFile,
    Healthcheck,
    Mount,
    Port,
    ReadySettings,
    Resources,
)
from tests.doubles.containers import component

ORIGIN = Origin("harness-e", {"harness.environment": "e"})
SECRET = "s3cret-value"


def made(one: Component, *, is_one_shot: bool = False) -> dict[tuple[str, str], dict[str, Any]]:
    """Its objects, by kind and name."""
    objects = objects_of(one, "image:1", split(one.environment, [SECRET]), ORIGIN, is_one_shot=is_one_shot)
    return {(each["kind"], each["metadata"]["name"]): each for each in objects}


def container(one: Component) -> dict[str, Any]:
    """The container of its pods."""
    found: dict[str, Any] = made(one)["Deployment", "web"]["spec"]["template"]["spec"]["containers"][0]
    return found


def test_variables_with_secrets_are_kept_apart() -> None:
    """By their name, their value, or the password of a URL."""
    variables = {"MODE": "test", "API_KEY": "k", "URL": "redis://:pass@cache:6379", "LINE": f"x {SECRET}"}
    objects = made(component(environment=variables))
    assert objects["ConfigMap", "web-environment"]["data"] == {"MODE": "test"}
    hidden = objects["Secret", "web-environment"]["data"]
    assert {name: base64.b64decode(value).decode() for name, value in hidden.items()} == {
        name: value for name, value in variables.items() if name != "MODE"
    }


VARIABLES = st.dictionaries(
    st.text("ABKEY_", min_size=1, max_size=6), st.text(max_size=8) | st.just(f"a{SECRET}b")
)


@given(VARIABLES)
def test_no_variable_is_lost_and_no_secret_shown(environment: Mapping[str, str]) -> None:
    """Whatever their names and values are."""
    variables = split(environment, [SECRET])
    assert {**variables.open, **variables.secret} == environment
    assert not variables.open.keys() & variables.secret.keys()
    assert not [value for value in variables.open.values() if SECRET in value]


def test_pods_change_with_their_variables() -> None:
    """A Deployment whose template stays would not replace them."""
    one, other = (made(component(environment={"MODE": mode}))["Deployment", "web"] for mode in "ab")
    assert one["spec"]["template"] != other["spec"]["template"]


def test_neighbours_find_it_by_its_name_and_aliases() -> None:
    """Each is a Service that selects its pods alone."""
    objects = made(component(ports=(Port(8000),), expose=(9000,), aliases=("www",)))
    for name in ("web", "www"):
        spec = objects["Service", name]["spec"]
        assert [port["port"] for port in spec["ports"]] == [8000, 9000]
        assert spec["selector"] == {**ORIGIN.labels, COMPONENT: "web"}
        assert spec["publishNotReadyAddresses"] is True, "nodes hear late of a pod's readiness"


def test_several_pods_are_led_to_when_they_are_ready() -> None:
    """One that is not would take its share of connections, and refuse them."""
    service = made(component(ports=(Port(8000),), replicas=2))["Service", "web"]
    assert service["spec"]["publishNotReadyAddresses"] is False


def test_what_does_not_listen_has_no_service() -> None:
    """A cluster refuses one without ports."""
    assert not [kind for kind, _ in made(component(aliases=("www",))) if kind == "Service"]


def test_what_ends_by_itself_is_a_job() -> None:
    """That is tried once."""
    job = made(component(), is_one_shot=True)["Job", "web"]["spec"]
    assert (job["backoffLimit"], job["template"]["spec"]["restartPolicy"]) == (0, "Never")


def test_its_words_and_limits() -> None:
    """Entrypoint and command are what a pod calls command and args."""
    one = container(
        component(
            entrypoint=("run",), command=("web",), resources=Resources(0.5, 64 << 20), user="10001:10002"
        )
    )
    assert (one["command"], one["args"]) == (["run"], ["web"])
    assert one["resources"]["limits"] == {"cpu": "500m", "memory": str(64 << 20)}
    assert one["securityContext"] == {"runAsUser": 10001, "runAsGroup": 10002}


def test_its_mounts() -> None:
    """Nothing of this machine is among them."""
    mounts = (
        Mount("bind", "/code", "/here"),
        Mount("volume", "/data", "kept"),
        Mount("tmpfs", "/scratch", size=1024),
    )
    spec = made(component(mounts=mounts, files=(GrantedFile("key", "/run/key", content="k"),)))
    pod = spec["Deployment", "web"]["spec"]["template"]["spec"]
    assert [mounted["mountPath"] for mounted in pod["containers"][0]["volumeMounts"]] == [
        "/data",
        "/scratch",
        "/run/key",
    ]
    assert [volume.get("emptyDir") for volume in pod["volumes"]] == [
        {},
        {"medium": "Memory", "sizeLimit": "1024"},
        None,
    ]
    assert spec["Secret", "web-files"]["data"] == {"0": base64.b64encode(b"k").decode()}


def test_privileges_are_those_of_the_file() -> None:
    """And none where it is silent."""
    assert "securityContext" not in container(component())
    settings = ContainerSettings(read_only=True, cap_drop=("ALL",))
    assert container(component(container=settings))["securityContext"] == {
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


def test_an_init_is_that_of_its_pod() -> None:
    """Which is the first process of all in it, where they share them."""
    spec = made(component(container=ContainerSettings(init=True)))["Deployment", "web"]["spec"]["template"][
        "spec"
    ]
    assert spec["shareProcessNamespace"] is True


def test_no_variables_and_no_token_that_nobody_asked_for() -> None:
    """`WEB_PORT=tcp://…` of a neighbour would overwrite the file's own."""
    pod = made(component())["Deployment", "web"]["spec"]["template"]["spec"]
    assert (pod["enableServiceLinks"], pod["automountServiceAccountToken"]) == (False, False)


def _probe(**more: Any) -> Any:
    found = container(component(ports=(Port(8000),), **more)).get("readinessProbe", {})
    return {name: value for name, value in found.items() if name in ("exec", "httpGet", "tcpSocket")}


def test_what_ready_means() -> None:
    """What the file says to the harness, then its healthcheck, then its port."""
    check = Healthcheck(("CMD-SHELL", "curl localhost"))
    http = ComponentSettings(ready=ReadySettings(http="/ready"))
    assert _probe(settings=http, healthcheck=check) == {"httpGet": {"path": "/ready", "port": 8000}}
    assert _probe(healthcheck=check) == {"exec": {"command": ["/bin/sh", "-c", "exec curl localhost"]}}
    assert _probe(healthcheck=Healthcheck(("CMD", "true"))) == {"exec": {"command": ["true"]}}
    assert _probe(healthcheck=Healthcheck((), disabled=True)) == {"tcpSocket": {"port": 8000}}
    assert _probe() == {"tcpSocket": {"port": 8000}}
    assert "readinessProbe" not in container(component())


@pytest.mark.parametrize(
    ("line", "run"),
    [
        ('pg_isready -U "$POSTGRES_USER" -d app', 'exec pg_isready -U "$POSTGRES_USER" -d app'),
        (" /usr/bin/true ", "exec /usr/bin/true"),
        ("curl -f localhost || exit 1", "curl -f localhost || exit 1"),
        ("PASSWORD=$P redis-cli ping", "PASSWORD=$P redis-cli ping"),
        ("redis-cli ping | grep PONG", "redis-cli ping | grep PONG"),
        ("test $(cat /ready) = yes", "test $(cat /ready) = yes"),
        ("exit 0", "exit 0"),
        ("while true; do sleep 1; done", "while true; do sleep 1; done"),
        ("[ -e /ready ]", "[ -e /ready ]"),
    ],
)
def test_a_probe_that_is_one_program_leaves_no_process(line: str, run: str) -> None:
    """A kubelet ends only the shell, of which a program takes the place where it is all there is."""
    assert _probe(healthcheck=Healthcheck(("CMD-SHELL", line))) == {
        "exec": {"command": ["/bin/sh", "-c", run]}
    }
