"""No test runs in a cluster that nobody has allowed, and the way there is taken from the kubeconfig alone."""

from pathlib import Path

import pytest

from harness.core.errors import HarnessError, UsageError
from harness.providers.kubernetes.access import VARIABLE, choose, is_allowed, missing, resolve

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
