"""Why this exists: a cluster whose network plugin ignores policies is given one that does what they say, for a while.

It looks at the NetworkPolicies and pods of one namespace, again and again, and lays what follows from them into the
iptables of the node's network namespace, as kube-router does: connections that are made from then on are dropped, those
that are there go on. It knows what policies say about who is let in, by labels, and no more.
"""

import subprocess
import threading
from collections.abc import Iterator, Mapping
from itertools import product
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kubernetes.client import ApiClient

_PAUSE = 0.1  # seconds
Labels = Mapping[str, str]


def selects(selector: Mapping[str, Any], labels: Labels) -> bool:
    """Whether a LabelSelector (meta/v1) selects labels."""
    wanted = (selector.get("matchLabels") or {}).items()
    expressions = selector.get("matchExpressions") or ()
    return all(labels.get(key) == value for key, value in wanted) and all(
        (labels.get(each["key"]) in each["values"]) == (each["operator"] == "In") for each in expressions
    )


def dropped(policies: list[Any], pods: list[Any], namespace: Labels) -> Iterator[tuple[str, str]]:
    """Which pod's address is not let in to which."""
    for target, source in product(pods, pods):
        rules = [policy["spec"].get("ingress") or () for policy in policies if _is_for(policy, target)]
        peers = [peer for each in rules for rule in each for peer in rule["from"]]
        if rules and not any(_lets_in(peer, source, namespace) for peer in peers):
            yield source["status"]["podIP"], target["status"]["podIP"]


def _is_for(policy: Any, pod: Any) -> bool:
    return selects(policy["spec"]["podSelector"], pod["metadata"]["labels"])


def _lets_in(peer: Any, source: Any, namespace: Labels) -> bool:
    if "namespaceSelector" in peer:
        return selects(peer["namespaceSelector"], namespace)
    return selects(peer["podSelector"], source["metadata"]["labels"])


class FakeNetworkPlugin:
    """For one namespace; use it as a context manager.

    Args:
        client: For the cluster.
        namespace: Whose policies are enforced.
        network: The node's network namespace, as a file.
    """

    def __init__(self, client: "ApiClient", namespace: str, network: str) -> None:
        from kubernetes.client import CoreV1Api, NetworkingV1Api  # noqa: PLC0415 - an extra

        self._core = CoreV1Api(client)
        self._networking = NetworkingV1Api(client)
        self._client = client
        self._namespace = namespace
        self._network = network
        self._rules = set[tuple[str, str]]()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._enforce, daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_error: object) -> None:
        self._ended.set()
        self._thread.join()

    def _enforce(self) -> None:
        try:
            while not self._ended.wait(_PAUSE):
                self._lay(self._wanted())
        finally:
            self._lay(set())

    def _wanted(self) -> set[tuple[str, str]]:
        told = self._client.sanitize_for_serialization  # as in JSON
        policies = told(self._networking.list_namespaced_network_policy(self._namespace).items)  # type: ignore[no-untyped-call] # the library has no types for it
        pods = told(self._core.list_namespaced_pod(self._namespace).items)  # type: ignore[no-untyped-call] # as above
        there = [pod for pod in pods if pod["status"].get("podIP")]
        return set(dropped(policies, there, {"kubernetes.io/metadata.name": self._namespace}))

    def _lay(self, wanted: set[tuple[str, str]]) -> None:
        for source, target in self._rules - wanted:
            self._iptables("-D", source, target)
        for source, target in wanted - self._rules:
            self._iptables("-I", source, target)
        self._rules = wanted

    def _iptables(self, what: str, source: str, target: str) -> None:
        rule = ["-s", source, "-d", target, "-m", "conntrack", "--ctstate", "NEW", "-j", "DROP"]
        command = ["nsenter", f"--net={self._network}", "iptables", "-w", what, "FORWARD", *rule]
        subprocess.run(command, check=True)  # noqa: S603 - the words are ours, the addresses the cluster's
