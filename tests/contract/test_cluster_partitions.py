"""A partition in a cluster counts only where it is seen to cut; elsewhere it is refused, and nothing stays of it.

Where the cluster's own network plugin enforces NetworkPolicies, that one does it. A plain bridge does not: there a
plugin of the tests does what policies say (tests/doubles/network_plugin.py), on the real pods' real connections.
"""

import asyncio
import contextlib
import os
import secrets
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from harness.core.errors import NotPossibleHereError
from harness.engine import Environment
from harness.faults import TESTS, Kill, Partition
from harness.keeper.stay import Stay
from harness.providers.kubernetes.connection.calls import cluster_calls
from harness.providers.kubernetes.namespaces.marks import namespace_of
from harness.providers.kubernetes.namespaces.namespace import Namespace
from harness.providers.kubernetes.partition.enforcing import VARIABLE
from harness.providers.kubernetes.partition.network import Network
from tests.contract.faulty import ask_once, make_faulty
from tests.contract.opened import opened, under
from tests.contract.stage import STAGES, cluster_or_skip, make_place
from tests.doubles.events import FakeEmit
from tests.doubles.network_plugin import FakeNetworkPlugin

CUT = Partition((("relay",), ("echo",)))
WAIT = 0.5  # seconds in which an echo would have come
NODE = Path("/run/netns/harness-cluster")  # as .ci/cluster/up names it


class Pair:
    """An open environment of `echo` and `relay` in a cluster."""

    def __init__(self, environment: Environment, namespace: Namespace, network: Network) -> None:
        from kubernetes.client import NetworkingV1Api  # noqa: PLC0415 - an extra

        self.environment = environment
        self.namespace = namespace
        self.network = network
        self.api = NetworkingV1Api(namespace.core.api_client)

    async def relays(self) -> bytes:
        """What `relay` gives back of a line that it hands on to `echo`."""
        return await ask_once(self.environment.endpoint("relay"), b"hello\n")

    async def policies(self) -> list[str]:
        """The NetworkPolicies that are there."""
        found = await asyncio.to_thread(self.api.list_namespaced_network_policy, self.namespace.name)
        return [str(each.metadata.name) for each in found.items if each.metadata]


@pytest.fixture(scope="module")
async def pair(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Pair]:
    """One environment for all tests, without a proxy anywhere."""
    core, folder = cluster_or_skip(), tmp_path_factory.mktemp("partitions")
    place, calls = make_place(folder), cluster_calls()
    tiny = make_faulty(secrets.token_hex(8), folder, proxied=False)
    stage = STAGES["kubernetes"](tiny, place, folder / "cache")
    namespace = Namespace(core.api_client, calls, namespace_of(place.environment_id), {}, {}, Stay().term)
    async with opened(stage, FakeEmit()) as environment:
        yield Pair(environment, namespace, Network(core.api_client, calls, namespace))
    calls.close()


@pytest.fixture(scope="module")
async def own_plugins(pair: Pair) -> tuple[str, ...]:
    """The cluster's own network plugins that enforce policies."""
    return await pair.network.plugins()


@pytest.fixture
def plugin(pair: Pair, own_plugins: tuple[str, ...]) -> AbstractContextManager[None]:
    """What enforces policies as long as it is entered."""
    if own_plugins:
        return contextlib.nullcontext()
    if not NODE.exists() or os.geteuid() != 0:
        pytest.skip(f"missing: a network plugin that enforces policies, or root and {NODE}")
    return FakeNetworkPlugin(pair.namespace.core.api_client, pair.namespace.name, str(NODE))


@pytest.fixture
def ignored(own_plugins: tuple[str, ...]) -> None:
    """A cluster that takes policies, and does nothing about them."""
    if own_plugins:
        pytest.skip(f"this cluster enforces policies: {', '.join(own_plugins)}")


async def test_it_separates_pods_and_nobody_else(pair: Pair, plugin: AbstractContextManager[None]) -> None:
    """`relay` does not reach `echo`, the tests reach both; who tried meanwhile gets through when it is healed."""
    with plugin:
        async with under(pair.environment, CUT):
            waiting = asyncio.ensure_future(pair.relays())
            assert await ask_once(pair.environment.endpoint("echo"), b"x\n") == b"x\n"
            assert not (await asyncio.wait({waiting}, timeout=WAIT))[0]
        assert await waiting == b"hello\n"
        assert await pair.policies() == []


async def test_what_comes_in_a_pods_place_is_cut_off_too(
    pair: Pair, plugin: AbstractContextManager[None]
) -> None:
    """Policies go by components, and not by addresses."""
    with plugin:
        async with under(pair.environment, CUT):
            async with under(pair.environment, Kill("echo")):
                pass
            waiting = asyncio.ensure_future(pair.relays())
            assert not (await asyncio.wait({waiting}, timeout=WAIT))[0]
        assert await waiting in (b"hello\n", b"failed\n")  # it was asked while echo was on its way
        assert await pair.relays() == b"hello\n"


async def test_a_policy_of_others_is_named(pair: Pair, plugin: AbstractContextManager[None]) -> None:
    """What it lets in, no further one keeps out."""
    labels = {"matchLabels": {"harness.component": "echo"}}
    everybody = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "everybody"},
        "spec": {"podSelector": labels, "ingress": [{"from": [{"podSelector": {}}]}]},
    }
    await pair.namespace.apply([everybody])
    with (
        plugin,
        pytest.raises(NotPossibleHereError, match="echo:8000 from relay is still in reach") as refused,
    ):
        await pair.environment.faults.inject(CUT)
    assert "policies only ever let in more, and there are others: everybody" in refused.value.hint
    assert await pair.policies() == ["everybody"]
    await asyncio.to_thread(pair.api.delete_namespaced_network_policy, "everybody", pair.namespace.name)


async def test_the_tests_are_cut_off_by_a_proxy(pair: Pair) -> None:
    """Which has to be there."""
    with pytest.raises(Exception, match="no proxy stands before echo"):
        await pair.environment.faults.inject(Partition(((TESTS, "relay"), ("echo",))))
    assert await pair.policies() == []


@pytest.mark.usefixtures("ignored")
async def test_a_cluster_that_enforces_nothing_is_told(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """By trying, and nothing stays; or at once, where a person knows it, or it was tried before."""
    monkeypatch.setenv(VARIABLE, "ignored")
    with pytest.raises(NotPossibleHereError, match=f"{VARIABLE} says so") as refused:
        await pair.environment.faults.inject(CUT)
    assert "Partition(((TESTS,), (component,)))" in refused.value.hint
    for _ in range(2):
        monkeypatch.delenv(VARIABLE, raising=False)
        with pytest.raises(NotPossibleHereError, match="this cluster keeps no pods apart") as refused:
            await pair.environment.faults.inject(CUT)
        assert "no network plugin that enforces policies was found" in refused.value.hint
        assert await pair.policies() == []
    assert await pair.relays() == b"hello\n"
