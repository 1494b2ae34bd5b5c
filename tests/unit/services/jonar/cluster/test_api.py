"""What Jonar says to the Kubernetes API, as whom, and what it says of refusals."""

from pathlib import Path

import httpx2
import pytest

from jonar.cluster.api import DEPLOYMENTS, FIGURES, PODS, Account, Api, ClusterError
from tests.unit.services.jonar.cluster.fake_cluster import JONAR, FakeCluster, Refusal


def test_outside_of_a_pod_there_is_nobody_to_be(tmp_path: Path) -> None:
    """The refusal says what Jonar's pod needs."""
    with pytest.raises(ClusterError, match="automountServiceAccountToken: true"):
        Account.of_this_pod({"KUBERNETES_SERVICE_HOST": "h", "KUBERNETES_SERVICE_PORT": "1"}, tmp_path)
    with pytest.raises(ClusterError, match="serviceAccountName"):
        Account.of_this_pod({}, tmp_path)


def test_a_pod_knows_its_cluster(tmp_path: Path) -> None:
    """Also where addresses are those of IPv6."""
    FakeCluster().api(tmp_path)
    account = Account.of_this_pod(
        {"KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "443"}, tmp_path
    )
    assert (account.server, account.namespace) == ("https://[fd00::1]:443", "here")


def test_kinds_have_their_places() -> None:
    """The core's stand elsewhere than those of groups."""
    assert PODS.path("ns", "p") == "/api/v1/namespaces/ns/pods/p"
    assert FIGURES.path("ns") == "/apis/metrics.k8s.io/v1beta1/namespaces/ns/pods"
    assert (PODS.api_version, DEPLOYMENTS.api_version) == ("v1", "apps/v1")


async def test_a_token_is_used_as_long_as_it_is_the_one(tmp_path: Path) -> None:
    """The kubelet writes a new one before the old one expires."""
    cluster = FakeCluster()
    api = cluster.api(tmp_path)
    await api.get(PODS, JONAR)
    (tmp_path / "token").write_text("second\n")
    await api.get(PODS, JONAR)
    assert cluster.tokens == ["Bearer first", "Bearer second"]


async def test_what_is_not_allowed_is_told_with_the_rule_that_is_missing(tmp_path: Path) -> None:
    """As a Role has it; a quota that is used up has the same status, and no rule helps."""
    cluster = FakeCluster()
    api = cluster.api(tmp_path)
    cluster.refusals = [
        Refusal(
            "POST", "deployments", 403, 'User "u" cannot create resource "deployments" in API group "apps"'
        ),
        Refusal("GET", "pods", 403, 'User "u" cannot watch resource "pods" in API group ""'),
        Refusal("POST", "deployments", 403, "exceeded quota: pods"),
    ]
    rule = r'needs \{apiGroups: \["apps"\], resources: \[deployments\], verbs: \[create\]\}'
    with pytest.raises(ClusterError, match=rule) as refused:
        await api.create(DEPLOYMENTS, {})
    assert refused.value.status == 403
    with pytest.raises(ClusterError, match=r'apiGroups: \[""\], resources: \[pods\], verbs: \[watch\]'):
        async with api.watch(PODS, "1"):
            pass
    with pytest.raises(ClusterError, match=r"answers 403: exceeded quota: pods$"):
        await api.create(DEPLOYMENTS, {})


async def test_an_api_out_of_reach_is_told_with_its_address(tmp_path: Path) -> None:
    """Whether something is asked or watched."""

    def refuse(_request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("no route")

    FakeCluster().api(tmp_path)
    where = {"KUBERNETES_SERVICE_HOST": "10.0.0.1", "KUBERNETES_SERVICE_PORT": "443"}
    api = Api(Account.of_this_pod(where, tmp_path), httpx2.MockTransport(refuse))
    with pytest.raises(ClusterError, match=r"does not answer at https://10.0.0.1:443.*no route"):
        await api.list(PODS)
    with pytest.raises(ClusterError, match="no route"):
        async with api.watch(PODS, "1"):
            pass
    await api.aclose()


async def test_a_removal_may_come_too_late(tmp_path: Path) -> None:
    """What is gone need not be removed; what may not be removed is told."""
    cluster = FakeCluster()
    api = cluster.api(tmp_path)
    assert not await api.delete(PODS, "gone")
    cluster.refusals = [Refusal("DELETE", "pods", 500, "disk full")]
    with pytest.raises(ClusterError, match="delete pods: the Kubernetes API answers 500: disk full"):
        await api.delete(PODS, JONAR)
