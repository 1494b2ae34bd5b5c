"""Why this exists: every cluster takes NetworkPolicies, and only some network plugins do what they say. Pure.

Nothing in the API tells which do; what is installed does, as far as it is known.
"""

import re
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any

from harness.core.errors import UsageError

VARIABLE = "HARNESS_KUBE_NETWORK_POLICY"
"""Overrides what is found."""

# Names of DaemonSets, or of containers in them, whose plugin enforces policies as it is installed by default.
_PLUGINS = {
    "calico-node": "Calico",
    "cilium": "Cilium",
    "cilium-agent": "Cilium",
    "anetd": "Cilium",  # as GKE installs it
    "antrea-agent": "Antrea",
    "kube-router": "kube-router",
    "kube-network-policies": "kube-network-policies",  # also beside flannel
    "weave-npc": "Weave Net",
    "ovnkube-controller": "OVN-Kubernetes",
    "ovnkube-node": "OVN-Kubernetes",
    "kube-ovn-cni": "Kube-OVN",
    "azure-npm": "Azure NPM",
    "aws-eks-nodeagent": "AWS VPC CNI",
}
_KINDNET = re.compile(r"/kindnetd:v(\d{8})")
_FIRST_KINDNET = 20240723  # kind 0.24.0: kubernetes-sigs/kind pull request 3612


class Setting(StrEnum):
    """What a person knows of a cluster."""

    ENFORCED = "enforced"
    IGNORED = "ignored"


def setting(variables: Mapping[str, str]) -> Setting | None:
    """What the variable says; None where it says nothing.

    Raises:
        UsageError: it says neither the one nor the other.
    """
    told = variables.get(VARIABLE, "")
    if told and told not in set(Setting):
        raise UsageError(f"{VARIABLE} is {told!r}", hint=f"it takes {' or '.join(Setting)}")
    return Setting(told) if told else None


def plugins(daemonsets: Iterable[Mapping[str, Any]], kubelets: Iterable[str]) -> tuple[str, ...]:
    """The plugins that enforce policies, as far as they are known by what is installed.

    Args:
        daemonsets: Those of all namespaces (apps/v1), as the API server writes them in JSON.
        kubelets: The versions of the nodes' kubelets.
    """
    found = {name for daemonset in daemonsets for name in _of(daemonset)}
    if any("+k3s" in version for version in kubelets):
        found.add("k3s")  # kube-router, in its own process
    return tuple(sorted(found))


def _of(daemonset: Mapping[str, Any]) -> set[str]:
    containers = daemonset["spec"]["template"]["spec"].get("containers") or ()
    names = {daemonset["metadata"]["name"], *(container["name"] for container in containers)}
    found = {_PLUGINS[name] for name in names if name in _PLUGINS}
    images = (_KINDNET.search(str(container.get("image", ""))) for container in containers)
    if any(image and int(image[1]) >= _FIRST_KINDNET for image in images):
        found.add("kindnet")
    return found
