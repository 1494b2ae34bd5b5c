"""No test runs in a cluster that nobody has allowed, and the way there is taken from the kubeconfig alone."""

import tempfile
from pathlib import Path
from typing import Any

import pytest
from kubernetes.config import incluster_config

from harness.core.errors import HarnessError, UsageError
from harness.providers.kubernetes.connection import access
from harness.providers.kubernetes.connection.access import (
    VARIABLE,
    choose,
    connect,
    is_allowed,
    missing,
    resolve,
)
from harness.providers.kubernetes.connection.way import Way, headers_of

KNOWN = ("kind-tests", "production")


@pytest.mark.parametrize("context", ["kind-tests", "k3d-x", "minikube"])
def test_local_clusters_are_allowed(context: str) -> None:
    """Nobody runs production on them."""
    assert is_allowed(context, {})


@pytest.mark.parametrize("context", ["production", "kind", "my-kind-tests", "minikube-2", ""])
def test_others_are_not(context: str) -> None:
    """Also where a name only looks alike."""
    assert not is_allowed(context, {})


def test_a_variable_allows_more() -> None:
    """Names and patterns."""
    variables = {VARIABLE: "staging, ci-*"}
    assert is_allowed("staging", variables)
    assert is_allowed("ci-7", variables)
    assert not is_allowed("production", variables)


def test_the_current_context_is_taken_where_none_is_named() -> None:
    """As kubectl does."""
    assert choose("", KNOWN, "kind-tests", {}) == "kind-tests"


def test_one_that_is_not_for_tests_is_refused() -> None:
    """Named or current; the message says how to allow it."""
    for asked, current in (("production", "kind-tests"), ("", "production")):
        with pytest.raises(UsageError, match="'production' is not allowed for tests") as refused:
            choose(asked, KNOWN, current, {})
        assert f"{VARIABLE}=production" in str(refused.value.hint)


def test_one_that_is_not_there_is_refused() -> None:
    """The message says which are."""
    with pytest.raises(UsageError, match="no context 'kind-test'") as refused:
        choose("kind-test", KNOWN, "production", {})
    assert "kind-tests, production" in str(refused.value.hint)


def _kubeconfig(path: Path, *contexts: str, current: str = "") -> Path:
    listed = "\n".join(f"  - name: {name}\n    context: {{cluster: c, user: u}}" for name in contexts)
    path.write_text(f"apiVersion: v1\nkind: Config\ncurrent-context: {current}\ncontexts:\n{listed}\n")
    return path


def test_several_files_are_one_kubeconfig(tmp_path: Path) -> None:
    """The first that names a current context wins; one that is not there counts for nothing."""
    first = _kubeconfig(tmp_path / "first", "kind-a")
    second = _kubeconfig(tmp_path / "second", "kind-b", current="kind-b")
    variables = {"KUBECONFIG": f"{first}:{tmp_path / 'missing'}:{second}"}
    assert resolve("", variables) == "kind-b"
    assert resolve("kind-a", variables) == "kind-a"
    assert missing(variables) is None


def test_no_kubeconfig(tmp_path: Path) -> None:
    """What is missing, where it was looked for, and how to get one."""
    lacking = missing({"KUBECONFIG": str(tmp_path / "missing")})
    assert lacking is not None
    assert str(tmp_path / "missing") in lacking.line
    assert "kind create cluster" in str(lacking.hint)


@pytest.mark.parametrize("text", ["contexts: [", "- a\n", ""])
def test_a_kubeconfig_that_is_none(text: str, tmp_path: Path) -> None:
    """Is told, whatever it holds."""
    file = tmp_path / "config"
    file.write_text(text)
    with pytest.raises(HarnessError, match=r"cannot be read|no context"):
        resolve("", {"KUBECONFIG": str(file)})


@pytest.fixture
def pod(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The variables of a pod that has a service account's token."""
    token, certificate = tmp_path / "token", tmp_path / "ca.crt"
    token.write_text("t0ken")
    certificate.write_text("no certificate, and nothing looks at it")
    monkeypatch.setattr(access, "_TOKEN", token)
    monkeypatch.setattr(incluster_config, "SERVICE_TOKEN_FILENAME", str(token))
    monkeypatch.setattr(incluster_config, "SERVICE_CERT_FILENAME", str(certificate))
    return {
        "KUBERNETES_SERVICE_HOST": "10.96.0.1",
        "KUBERNETES_SERVICE_PORT": "443",
        "KUBECONFIG": str(tmp_path / "missing"),
    }


def test_in_a_pod_its_own_cluster_is_one_more_context(pod: dict[str, str], tmp_path: Path) -> None:
    """To be allowed by name, like any other; a kubeconfig that is there says which is the current one."""
    assert missing(pod) is None
    with pytest.raises(UsageError, match="'in-cluster' is not allowed for tests"):
        resolve("", pod)
    allowed = pod | {VARIABLE: "in-cluster"}
    assert resolve("", allowed) == "in-cluster"
    file = _kubeconfig(tmp_path / "config", "kind-a", current="kind-a")
    assert resolve("", allowed | {"KUBECONFIG": str(file)}) == "kind-a"
    assert resolve("in-cluster", allowed | {"KUBECONFIG": str(file)}) == "in-cluster"


def test_outside_of_pods_there_is_no_such_context(tmp_path: Path) -> None:
    """Whatever is allowed."""
    file = _kubeconfig(tmp_path / "config", "kind-a", current="kind-a")
    with pytest.raises(UsageError, match="no context 'in-cluster'"):
        resolve("in-cluster", {"KUBECONFIG": str(file), VARIABLE: "in-cluster"})


def test_who_runs_in_a_pod_shows_its_token(pod: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The one that is there now: the cluster writes another one from time to time."""
    for name, value in pod.items():
        monkeypatch.setenv(name, value)
    client = connect("in-cluster")
    assert client.configuration.host == "https://10.96.0.1:443"
    way = Way(client.configuration.host, lambda: headers_of(client), None)
    assert way.headers == {"authorization": "bearer t0ken"}


KEYS = """
apiVersion: v1
kind: Config
contexts: [{name: kind-a, context: {cluster: c, user: u}}]
clusters: [{name: c, cluster: {server: "https://127.0.0.1:1", insecure-skip-tls-verify: true}}]
users: [{name: u, user: {client-certificate-data: Y2VydA==, client-key-data: a2V5}}]
"""


def test_keys_stay_out_of_the_file_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who is killed could not remove them."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "empty"))
    (tmp_path / "empty").mkdir()
    (tmp_path / "config").write_text(KEYS)
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "config"))
    monkeypatch.setattr("kubernetes.client.ApiClient", lambda settings: settings)
    settings: Any = connect("kind-a")
    assert Path(settings.cert_file).read_text() == "cert"
    assert Path(settings.key_file).read_text() == "key"
    assert list((tmp_path / "empty").iterdir()) == []
