"""Why this exists: a component's variables, those that hold secrets apart from those that everybody may read. Pure."""

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import NamedTuple

from harness.core.secrets import SECRET_NAME, password_in
from harness.spec.model import Component


class Variables(NamedTuple):
    """What goes into a ConfigMap, and what into a Secret."""

    open: Mapping[str, str]
    secret: Mapping[str, str]

    @property
    def digest(self) -> str:
        """Changes with any of them: pods that carry it are replaced when their variables change."""
        told = json.dumps([dict(self.open), dict(self.secret)], sort_keys=True)
        return hashlib.sha256(told.encode()).hexdigest()[:16]


def in_cluster(component: Component) -> Component:
    """The component with the variables that its file gives it in a cluster."""
    laid_over = component.settings.kubernetes.environment
    return replace(component, environment=MappingProxyType({**component.environment, **laid_over}))


def split(environment: Mapping[str, str], secrets: Collection[str]) -> Variables:
    """Variables by whether they hold a secret: by name, as the password of a URL, or one of the environment's own.

    Args:
        environment: With this environment's secrets in it.
        secrets: Those.
    """
    hidden = {name: value for name, value in environment.items() if _is_secret(name, value, secrets)}
    return Variables({name: value for name, value in environment.items() if name not in hidden}, hidden)


def _is_secret(name: str, value: str, secrets: Collection[str]) -> bool:
    named = SECRET_NAME.search(name) is not None
    return named or bool(password_in(value)) or any(secret and secret in value for secret in secrets)
