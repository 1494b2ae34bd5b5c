"""Why this exists: one way to a cluster, by kubeconfig, and never by accident to one that is not for tests."""

import fnmatch
import importlib.util
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.core.errors import ProviderUnavailableError, UsageError

if TYPE_CHECKING:
    from kubernetes.client import ApiClient

ALLOWED = ("kind-*", "k3d-*", "minikube")
"""Contexts that nobody runs production on."""

VARIABLE = "HARNESS_KUBE_CONTEXTS"
"""Further ones, names or patterns, with commas between."""


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
            hint=f"allowed are {', '.join(ALLOWED)}, and what {VARIABLE} names: {VARIABLE}={chosen}",
        )
    return chosen


def resolve(context: str, variables: Mapping[str, str]) -> str:
    """The name of the context to use, as the kubeconfig has it. Reads files, and loads no library.

    Raises:
        ProviderUnavailableError: there is no kubeconfig.
        UsageError: as `choose`.
    """
    names: list[str] = []
    current = ""
    for file in kubeconfigs(variables):  # the first that says something wins, as with kubectl
        told = _read(file)
        names += [str(each["name"]) for each in told.get("contexts") or ()]
        current = current or str(told.get("current-context") or "")
    return choose(context, names, current, variables)


def kubeconfigs(variables: Mapping[str, str]) -> list[Path]:
    """The files that there are of those that make up the kubeconfig.

    Raises:
        ProviderUnavailableError: there is none.
    """
    named = variables.get("KUBECONFIG") or "~/.kube/config"
    found = [path for word in named.split(os.pathsep) if word and (path := Path(word).expanduser()).is_file()]
    if not found:
        raise ProviderUnavailableError(
            f"there is no kubeconfig: {named}",
            hint="KUBECONFIG says where it is; `kind create cluster` makes a cluster, and one",
        )
    return found


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
    from kubernetes import config  # noqa: PLC0415 - an extra, and slow to import

    try:
        client: ApiClient = config.new_client_from_config(context=context)  # type: ignore[no-untyped-call] # no types
    except (config.ConfigException, OSError) as error:
        raise ProviderUnavailableError(f"context {context!r} leads nowhere: {error}") from error
    return client


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
        kubeconfigs(variables)
    except ProviderUnavailableError as lacking:
        return missing_library() or lacking
    return missing_library()
