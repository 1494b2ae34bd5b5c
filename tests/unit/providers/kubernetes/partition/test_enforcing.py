"""Whether a cluster does what NetworkPolicies say is known by what is installed, or by a person."""

from typing import Any

import pytest

from harness.core.errors import UsageError
from harness.providers.kubernetes.partition.enforcing import VARIABLE, Setting, plugins, setting


def daemonset(name: str, image: str = "registry.example/any:v1", container: str = "main") -> dict[str, Any]:
    """As the API server writes one."""
    spec = {"containers": [{"name": container, "image": image}]}
    return {"metadata": {"name": name}, "spec": {"template": {"spec": spec}}}


@pytest.mark.parametrize(
    ("installed", "found"),
    [
        (daemonset("calico-node"), ("Calico",)),
        (daemonset("canal", container="calico-node"), ("Calico",)),
        (daemonset("cilium"), ("Cilium",)),
        (daemonset("weave-net", container="weave-npc"), ("Weave Net",)),
        (daemonset("weave-net"), ()),
        (daemonset("aws-node", container="aws-eks-nodeagent"), ("AWS VPC CNI",)),
        (daemonset("aws-node"), ()),
        (daemonset("kube-flannel-ds"), ()),
        (daemonset("kube-flannel-ds", container="kube-network-policies"), ("kube-network-policies",)),
        (daemonset("kindnet", "docker.io/kindest/kindnetd:v20240813-c6f155d6"), ("kindnet",)),
        (daemonset("kindnet", "docker.io/kindest/kindnetd:v20240513-cd2ac642"), ()),
        (daemonset("kube-proxy"), ()),
    ],
)
def test_plugins_are_known_by_what_they_install(installed: dict[str, Any], found: tuple[str, ...]) -> None:
    """As they do it by default; kindnet from the version on that enforces policies."""
    assert plugins([installed, daemonset("kube-proxy")], ["v1.36.3"]) == found


def test_k3s_has_one_in_its_own_process() -> None:
    """The kubelet's version tells."""
    assert plugins([], ["v1.31.2+k3s1"]) == ("k3s",)


def test_a_person_may_know_better() -> None:
    """In one of two words."""
    assert setting({}) is None
    assert setting({VARIABLE: "enforced"}) is Setting.ENFORCED
    assert setting({VARIABLE: "ignored"}) is Setting.IGNORED
    with pytest.raises(UsageError, match=f"{VARIABLE} is 'yes'") as refused:
        setting({VARIABLE: "yes"})
    assert refused.value.hint == "it takes enforced or ignored"
