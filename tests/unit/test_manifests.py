"""RuneFrameOS' manifests say the same as its Compose file, and no pod may more than it has to."""

from functools import lru_cache
from pathlib import Path
from shutil import which
from typing import Any

import pytest

from harness.providers.kubernetes.manifests.checking import found_in
from harness.providers.kubernetes.manifests.model import Manifests, identity, name_of, pod_spec_of
from harness.providers.kubernetes.manifests.reading import read
from harness.spec.loader import load
from harness.spec.model import Ecosystem

ROOT = Path(__file__).parents[2]
OVERLAYS = ("test", "ci")

pytestmark = pytest.mark.skipif(
    not (which("kustomize") or which("kubectl")), reason="neither kustomize nor kubectl is here"
)


@lru_cache
def ecosystem() -> Ecosystem:
    """What the Compose file says."""
    return load((ROOT / "docker-compose.test.yml",), {}).ecosystem


@lru_cache
def rendered(overlay: str) -> Manifests:
    """What is applied."""
    return read(ROOT / "k8s" / "overlays" / overlay)


def pods(overlay: str) -> list[tuple[str, dict[str, Any]]]:
    """The spec of every pod, by what makes it."""
    return [(identity(each), pod_spec_of(each)) for each in rendered(overlay).workloads()]


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_manifests_and_compose_file_agree(overlay: str) -> None:
    """On services, ports, images and variables."""
    components = ecosystem().components
    assert [str(found) for found in found_in(ecosystem(), rendered(overlay), components)] == []


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_pods_may_what_they_have_to(overlay: str) -> None:
    """By what the restricted Pod Security Standard asks for, on a file system that they cannot write to."""
    for owner, pod in pods(overlay):
        assert pod["securityContext"]["runAsNonRoot"], owner
        assert pod["securityContext"]["runAsUser"] > 0, owner
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, owner
        for container in (*pod.get("initContainers", ()), *pod["containers"]):
            assert (
                container["securityContext"].items()
                >= {
                    "allowPrivilegeEscalation": False,
                    "readOnlyRootFilesystem": True,
                    "capabilities": {"drop": ["ALL"]},
                }.items()
            ), owner
            assert container["resources"].keys() == {"requests", "limits"}, owner
            assert container["imagePullPolicy"] == "IfNotPresent", owner


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_what_runs_on_is_asked_how_it_is(overlay: str) -> None:
    """Whether it takes requests, whether it lives, and how long its start may take."""
    for workload in rendered(overlay).workloads():
        if workload["kind"] != "Job":
            (container,) = pod_spec_of(workload)["containers"]
            assert container.keys() >= {"startupProbe", "readinessProbe", "livenessProbe"}, identity(workload)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_jonar_alone_may_ask_the_cluster(overlay: str) -> None:
    """In its own namespace; the others, and the account of whoever says nothing, have no token."""
    kinds = {each["kind"] for each in rendered(overlay).objects}
    assert {"Role", "RoleBinding"} <= kinds
    assert not {"ClusterRole", "ClusterRoleBinding"} & kinds
    with_token = [
        owner for owner, pod in pods(overlay) if pod.get("automountServiceAccountToken") is not False
    ]
    assert with_token == ["Deployment test-jonar"]


def test_no_credentials_but_those_of_the_pipeline_are_written_down() -> None:
    """The harness brings its own."""
    assert not [each for each in rendered("test").objects if each["kind"] == "Secret"]
    secrets = {
        name_of(each).rpartition("-")[0] for each in rendered("ci").objects if each["kind"] == "Secret"
    }
    assert secrets == {f"{name}-environment" for name in ecosystem().components}
