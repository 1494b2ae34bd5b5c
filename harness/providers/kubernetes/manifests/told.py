"""Why this exists: a container's variables come from many places: what it is told in the end, and by what. Pure."""

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from harness.providers.kubernetes.generated.pods import Fields, config_name
from harness.providers.kubernetes.manifests.model import Manifests


@dataclass(frozen=True, slots=True)
class Value:
    """What a variable is set to; None where only the cluster knows. `origin` is the object that holds it."""

    value: str | None = field(repr=False)
    origin: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """What a container is told.

    Args:
        values: Its variables, by name.
        missing: The objects that it takes variables from and that are not there: `Secret web`.
        own: Those of them that the environment makes: kinds of the component's own objects.
    """

    values: Mapping[str, Value]
    missing: tuple[str, ...]
    own: frozenset[str]

    def has(self, variable: str, *, is_secret: bool) -> bool:
        """Whether it is told a variable of the file, be it by what the environment makes."""
        return variable in self.values or ("Secret" if is_secret else "ConfigMap") in self.own


_KINDS = {"configMap": "ConfigMap", "secret": "Secret"}


def told_to(container: Fields, component: str, manifests: Manifests) -> Told:
    """What a component's container is told by its manifests: `env` counts more than `envFrom`, the last most."""
    values: dict[str, Value] = {}
    missing: list[str] = []
    own = set[str]()
    for kind, reference, prefix in _references(container):
        name = str(reference["name"])
        holder = manifests.configuration(kind, name)
        if holder is not None:
            values |= {f"{prefix}{key}": Value(held, f"{kind} {name}") for key, held in _held(holder).items()}
        elif name == config_name(component) and not prefix:
            own.add(kind)
        elif not reference.get("optional"):
            missing.append(f"{kind} {name}")
    for variable in container.get("env") or ():
        value, lacking = _value(variable, component, manifests)
        values[variable["name"]] = value
        missing += lacking
    return Told(values, tuple(dict.fromkeys(missing)), frozenset(own))


def _references(container: Fields) -> Iterator[tuple[str, Fields, str]]:
    for each in container.get("envFrom") or ():
        for word, kind in _KINDS.items():
            if reference := each.get(f"{word}Ref"):
                yield kind, reference, str(each.get("prefix") or "")


def _value(variable: Fields, component: str, manifests: Manifests) -> tuple[Value, list[str]]:
    """What one entry of `env` is, and what is missing for it."""
    source = variable.get("valueFrom") or {}
    for word, kind in _KINDS.items():
        reference = source.get(f"{word}KeyRef")
        if reference is None:
            continue
        name, key = str(reference["name"]), str(reference["key"])
        holder = manifests.configuration(kind, name)
        held = _held(holder) if holder is not None else {}
        is_there = (
            key in held or reference.get("optional") or (holder is None and name == config_name(component))
        )
        return Value(held.get(key), f"{kind} {name}"), [] if is_there else [f"{kind} {name} ({key})"]
    return Value(None if source else str(variable.get("value", ""))), []


def _held(holder: Fields) -> dict[str, str]:
    held = {name: str(value) for name, value in (holder.get("data") or {}).items()}
    if holder["kind"] == "Secret":
        held = {name: _decoded(value) for name, value in held.items()}
    return held | {name: str(value) for name, value in (holder.get("stringData") or {}).items()}


def _decoded(value: str) -> str:
    try:
        return base64.b64decode(value).decode()
    except ValueError:
        return ""  # no text, so no variable's value either
