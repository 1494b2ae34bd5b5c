"""The harness in a pod: with the rights that docs/kubernetes.md gives it and no others, and no port-forward."""

import json
import os
import re
import secrets
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from ruamel.yaml import YAML

import harness
from harness.providers.kubernetes.connection.streams import lines_of
from harness.providers.kubernetes.namespaces.removal import remove
from harness.providers.kubernetes.supplying.images import CONTAINERD
from tests.contract.ecosystem import IMAGE
from tests.contract.stage import bring_image, cluster_or_skip

if TYPE_CHECKING:
    from kubernetes.client import CoreV1Api

CHECKOUT = Path(harness.__file__).parents[1]
LIBRARIES = Path(pytest.__file__).parents[1]
FILE = """
name: inside
x-harness: {suites: {all: tests}}
services:
  web:
    image: python:3.11-slim
    command: [python3, -S, -m, http.server, "8000"]
    stop_grace_period: 500ms
    ports: ["8000"]
    x-harness: {ready: {http: /}, exports: {TEST_WEB_URL: "{url}"}}
"""
TEST = """
import os, urllib.request
def test_it(ecosystem):
    assert os.environ["TEST_WEB_URL"].endswith(".svc:8000")
    assert urllib.request.urlopen(os.environ["TEST_WEB_URL"]).status == 200
"""
RUN = """
import sys
from harness.cli.entry import main
sys.argv[1:] = ["test", "--no-coverage", "--provider", "kubernetes"]
main()
"""

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def core(tmp_path: Path) -> "CoreV1Api":
    """Of a cluster whose node is this machine: the pod takes the checkout from it."""
    if CONTAINERD not in os.environ:
        pytest.skip(f"missing: a node on this machine ({CONTAINERD})")
    if sys.version_info[:2] != (3, 11):
        pytest.skip(f"missing: libraries for the Python of {IMAGE}")
    core = cluster_or_skip()
    bring_image(core, tmp_path)
    return core


@pytest.fixture
def place(core: "CoreV1Api") -> Iterator[str]:
    """A namespace with the service account of the documentation, and its role; all of it goes."""
    from kubernetes.client import RbacAuthorizationV1Api  # noqa: PLC0415 - an extra

    name = f"harness-ci-{secrets.token_hex(4)}"
    rights = RbacAuthorizationV1Api(core.api_client)
    account, role, binding = documented(name)
    namespace: Any = {"metadata": {"name": name}}
    core.create_namespace(namespace)
    core.create_namespaced_service_account(name, account)
    rights.create_cluster_role(role)
    rights.create_cluster_role_binding(binding)
    yield name
    rights.delete_cluster_role_binding(name)
    rights.delete_cluster_role(name)
    assert remove(core, name) == ()


def documented(name: str) -> list[Any]:
    """What docs/kubernetes.md says, with names of the test's own."""
    text = (CHECKOUT / "docs" / "kubernetes.md").read_text()
    (block,) = re.findall(r"```yaml\n(apiVersion: v1\nkind: ServiceAccount\n.*?)```", text, re.DOTALL)
    text = block.replace("namespace: ci", f"namespace: {name}").replace(
        "name: ecosystem-harness", f"name: {name}"
    )
    return list(YAML(typ="safe").load_all(text))


def test_a_run_in_a_pod(core: "CoreV1Api", place: str, tmp_path: Path) -> None:
    """Starts, tests and tears down; the namespace of its environment is gone."""
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_it.py").write_text(TEST)
    (tmp_path / "docker-compose.test.yml").write_text(FILE)
    (tmp_path / "pytest.ini").write_text("[pytest]\nasyncio_default_fixture_loop_scope = function\n")
    core.create_namespaced_pod(place, pod(tmp_path))
    phase, told = run_to_end(core, place)
    assert phase == "Succeeded", told  # the exit code is 0, so nothing was left
    assert "1 passed" in told
    left = [
        str(e.metadata.name)
        for e in core.list_namespace().items
        if e.metadata and str(tmp_path) in str(e.metadata)
    ]
    assert left == []
    shutil.rmtree(tmp_path / "results")


def pod(project: Path) -> Any:
    """What runs the suites of a project."""
    mounts = {"checkout": CHECKOUT, "libraries": LIBRARIES, "project": project}
    variables = {
        "PYTHONPATH": "/checkout:/libraries",
        "PYTHONDONTWRITEBYTECODE": "1",
        "HARNESS_KUBE_CONTEXTS": "in-cluster",
        "HOME": "/tmp",  # noqa: S108 - in the container
    }
    container = {
        "name": "harness",
        "image": IMAGE,
        "imagePullPolicy": "IfNotPresent",
        "workingDir": "/project",
        "command": ["python3", "-c", RUN],
        "env": [{"name": name, "value": value} for name, value in variables.items()],
        "volumeMounts": [
            {"name": name, "mountPath": f"/{name}", "readOnly": name != "project"} for name in mounts
        ],
    }
    volumes = [{"name": name, "hostPath": {"path": str(path)}} for name, path in mounts.items()]
    spec = {
        "serviceAccountName": "harness",
        "restartPolicy": "Never",
        "containers": [container],
        "volumes": volumes,
    }
    return {"metadata": {"name": "harness"}, "spec": spec}


def run_to_end(core: "CoreV1Api", namespace: str) -> tuple[str, str]:
    """How the pod ends, and what it has written."""
    options: dict[str, Any] = {"watch": True, "resource_version": "0", "_preload_content": False}
    phase = ""
    for line in lines_of(core.list_namespaced_pod(namespace, timeout_seconds=240, **options)):
        phase = json.loads(line)["object"]["status"]["phase"]
        if phase in {"Succeeded", "Failed"}:
            break
    return phase, str(core.read_namespaced_pod_log("harness", namespace))
