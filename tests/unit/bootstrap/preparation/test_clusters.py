"""Which cluster a request is for is known before it is asked anything; who says that it is for tests names it."""

from pathlib import Path

import pytest

from harness.bootstrap.preparation.clusters import context_of
from harness.core.errors import UsageError
from harness.providers.kubernetes.connection.access import VARIABLE
from harness.providers.names import DOCKER, KUBERNETES

KUBECONFIG = """
apiVersion: v1
kind: Config
current-context: production
contexts:
  - {name: production, context: {cluster: a, user: a}}
  - {name: staging, context: {cluster: b, user: b}}
  - {name: kind-tests, context: {cluster: c, user: c}}
"""


@pytest.fixture
def variables(tmp_path: Path) -> dict[str, str]:
    """They lead to a kubeconfig with three contexts."""
    file = tmp_path / "kubeconfig"
    file.write_text(KUBECONFIG)
    return {"KUBECONFIG": str(file)}


def test_other_providers_have_none(variables: dict[str, str]) -> None:
    """Nothing is read for them."""
    assert context_of(DOCKER, "", variables) == ""


def test_one_that_is_said_to_be_for_tests(variables: dict[str, str]) -> None:
    """For this request alone, and beside those that are allowed anyway."""
    assert context_of(KUBERNETES, "staging", variables, is_for_tests=True) == "staging"
    assert context_of(KUBERNETES, "kind-tests", variables, is_for_tests=True) == "kind-tests"
    with pytest.raises(UsageError, match="'staging' is not allowed for tests") as refused:
        context_of(KUBERNETES, "staging", variables)
    assert "--context staging --allow-context" in str(refused.value.hint)
    assert VARIABLE not in variables


def test_the_current_one_is_never_meant_by_it(variables: dict[str, str]) -> None:
    """It is another one after the next `kubectl config use-context`."""
    with pytest.raises(UsageError, match="which context is for tests is not said"):
        context_of(KUBERNETES, "", variables, is_for_tests=True)
