"""Why this exists: one way to a cluster, by kubeconfig, and never by accident to one that is not for tests.

In a pod without a kubeconfig the way is that of its service account, as if a context led there.
"""

import base64
import fnmatch
import importlib.util
import os
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.core.errors import ProviderUnavailableError, UsageError

if TYPE_CHECKING:
    from kubernetes.client import ApiClient, Configuration

IN_CLUSTER = "in-cluster"
"""The context of who runs in a pod. It has to be allowed like any other: nothing tells what its cluster is for."""

ALLOWED = ("kind-*", "k3d-*", "minikube")
"""Contexts that nobody runs production on."""

VARIABLE = "HARNESS_KUBE_CONTEXTS"
"""Further ones, names or patterns, with commas between."""

_TOKEN = Path("/var/run/secrets/kubernetes.io/serviceaccount/token")


def is_allowed(context: str, variables: Mapping[str, str]) -> bool:
    """Whether tests may run in the cluster that a context leads to."""
    patterns = (*ALLOWED, *(word.strip() for word in variables.get(VARIABLE, "").split(",") if word.strip()))
    return any(fnmatch.fnmatchcase(context, pattern) for pattern in patterns)


def choose(context: str, known: Iterable[str], current: str, variables: Mapping[str, str]) -> str:
    """The context to use: the one that was asked for, else the kubeconfig's current one.

    Raises:
        UsageError: there is none of that name, or it is not for tests.
    """
    names = sorted(known)
    chosen = context or current
    if chosen not in names:
        raise UsageError(
            f"there is no context {chosen!r} in the kubeconfig", hint=f"it has: {', '.join(names) or 'none'}"
        )
    if not is_allowed(chosen, variables):
        raise UsageError(
            f"context {chosen!r} is not allowed for tests, which make and remove whole namespaces",
            hint=f"allowed are {', '.join(ALLOWED)}, and what {VARIABLE} names: {VARIABLE}={chosen}; for one command: "
            f"--context {chosen} --allow-context",
        )
    return chosen


def resolve(context: str, variables: Mapping[str, str]) -> str:
    """The name of the context to use, as the kubeconfig has it. Reads files, and loads no library.

    Raises:
        ProviderUnavailableError: there is no kubeconfig, and this is no pod.
        UsageError: as `choose`.
    """
    is_pod = is_in_pod(variables)
    names = [IN_CLUSTER] if is_pod else []
    current = ""
    for file in _found(variables) if is_pod else kubeconfigs(variables):  # the first wins, as with kubectl
        told = _read(file)
        names += [str(each["name"]) for each in told.get("contexts") or ()]
        current = current or str(told.get("current-context") or "")
    return choose(context, names, current or (IN_CLUSTER if is_pod else ""), variables)


def is_in_pod(variables: Mapping[str, str]) -> bool:
    """Whether this is a pod that has a service account's token."""
    return bool(variables.get("KUBERNETES_SERVICE_HOST")) and _TOKEN.is_file()


def kubeconfigs(variables: Mapping[str, str]) -> list[Path]:
    """The files that there are of those that make up the kubeconfig.

    Raises:
        ProviderUnavailableError: there is none.
    """
    found = _found(variables)
    if not found:
        raise ProviderUnavailableError(
            f"there is no kubeconfig: {_named(variables)}",
            hint="KUBECONFIG says where it is; `kind create cluster` makes a cluster, and one",
        )
    return found


def _named(variables: Mapping[str, str]) -> str:
    return variables.get("KUBECONFIG") or "~/.kube/config"


def _found(variables: Mapping[str, str]) -> list[Path]:
    words = _named(variables).split(os.pathsep)
    return [path for word in words if word and (path := Path(word).expanduser()).is_file()]


def _read(file: Path) -> Mapping[str, Any]:
    from ruamel.yaml import YAML  # noqa: PLC0415 - 50 ms that only who asks for a cluster pays
    from ruamel.yaml.error import YAMLError  # noqa: PLC0415 - as above

    try:
        told = YAML(typ="safe").load(file)
    except (OSError, YAMLError) as error:
        raise ProviderUnavailableError(f"the kubeconfig {file} cannot be read: {error}") from error
    return told if isinstance(told, dict) else {}


def connect(context: str) -> "ApiClient":
    """A client for the cluster of a context that `resolve` gave; blocks, and asks nothing yet.

    Raises:
        ProviderUnavailableError: there is no client library, or the kubeconfig does not say enough.
    """
    lacking = missing_library()
    if lacking is not None:
        raise lacking
    from kubernetes import client, config  # noqa: PLC0415 - an extra, and slow to import

    settings = client.Configuration()
    try:
        if context == IN_CLUSTER:
            config.load_incluster_config(settings)  # type: ignore[no-untyped-call] # the library has no types for it
        else:
            _load(settings, context)
    except (config.ConfigException, OSError, ValueError) as error:
        raise ProviderUnavailableError(f"context {context!r} leads nowhere: {error}") from error
    return client.ApiClient(settings)


def _load(settings: "Configuration", context: str) -> None:
    """As the library does it, but without keys in temporary files, which would stay when we are killed."""
    from kubernetes.config.kube_config import KubeConfigLoader, KubeConfigMerger  # noqa: PLC0415 - as above

    files = os.pathsep.join(map(str, kubeconfigs(os.environ)))
    merged = KubeConfigMerger(files).config  # type: ignore[no-untyped-call] # as above
    for kind in ("cluster", "user"):
        for each in merged.value[f"{kind}s"]:
            _keep_in_memory(each.value.get(kind) or {})
    loader = KubeConfigLoader(merged, active_context=context, config_base_path=None)  # type: ignore[no-untyped-call] # as above
    loader.load_and_set(settings)  # type: ignore[no-untyped-call] # as above


def _keep_in_memory(told: dict[str, Any]) -> None:
    """Name files instead of what is written into the kubeconfig itself, such as `client-key-data`."""
    for name in [name for name in told if name.endswith("-data")]:
        told[name.removesuffix("-data")] = _memory_file(base64.b64decode(told.pop(name)))


@cache
def _memory_file(content: bytes) -> str:
    """The path of a file that only this process and its forks have, and that ends with them."""
    descriptor = os.memfd_create("kubeconfig")
    os.write(descriptor, content)
    return f"/proc/self/fd/{descriptor}"


def missing_library() -> ProviderUnavailableError | None:
    """That the client library is not installed; None where it is."""
    if importlib.util.find_spec("kubernetes") is not None:
        return None
    return ProviderUnavailableError(
        "the client for Kubernetes is not installed", hint="pip install 'ecosystem-harness[kubernetes]'"
    )


def missing(variables: Mapping[str, str]) -> ProviderUnavailableError | None:
    """What this machine lacks for a cluster to be used; None when nothing. Asks no cluster."""
    try:
        if not is_in_pod(variables):
            kubeconfigs(variables)
    except ProviderUnavailableError as lacking:
        return missing_library() or lacking
    return missing_library()
