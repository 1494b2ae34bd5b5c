"""Why this exists: `x-harness` says what Compose cannot: how to run without a container, and what tests are given."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from harness.spec.diagnostics import Diagnostics, FaultyValueError, did_you_mean
from harness.spec.execution import command
from harness.spec.images import usual_port
from harness.spec.keys import Key, Reader, Reading, Table, read_entries
from harness.spec.model import (
    Component,
    ComponentSettings,
    EcosystemSettings,
    Isolation,
    KubernetesSettings,
    PodSettings,
    ProcessSettings,
    ReadySettings,
    SuiteSettings,
)
from harness.spec.paths import resolved
from harness.spec.readers import (
    TEXTS,
    boolean,
    choice,
    faulty,
    filled_pairs,
    filled_text,
    many,
    scalar,
    table,
)
from harness.spec.tree import MappingNode, Node, ScalarNode
from harness.spec.units import port_range, seconds

_REFERENCE = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*")


def _reference(node: Node, _reading: Reading) -> str:
    """`package.module:name`."""
    found = scalar(node, "a reference", "package.module:name")
    if not _REFERENCE.fullmatch(found.text):
        raise faulty(
            found, f"{found.text!r} does not name something in a module", "write package.module:name"
        )
    return found.text


def _port(node: Node, _reading: Reading) -> int:
    found = scalar(node, "a port", "8000")
    try:
        (port,) = port_range(found.text)
    except ValueError:
        raise faulty(found, f"{found.text!r} is not a port", "write a number such as 8000") from None
    return port


def _seconds(node: Node, _reading: Reading) -> float:
    """`60` or `60s` or `1m`."""
    found = scalar(node, "seconds", "60 or 60s")
    for convert in (float, seconds):
        try:
            read = convert(found.text)
        except ValueError:
            continue
        if 0 < read < float("inf"):
            return read
    raise faulty(found, f"{found.text!r} is not a time in seconds", "write 60 or 60s")


def _path(node: Node, reading: Reading) -> Path:
    return resolved(filled_text(node, reading), node.base)


def _http_path(node: Node, _reading: Reading) -> str:
    found = scalar(node, "a path", "/ready")
    if not found.text.startswith("/"):
        raise faulty(found, f"{found.text!r} is not the path of a URL", "start it with /")
    return found.text


def _pattern(node: Node, _reading: Reading) -> str:
    found = scalar(node, "a regular expression", "it in quotes")
    try:
        re.compile(found.text)
    except (re.error, OverflowError, RecursionError) as error:
        raise faulty(found, f"{found.text!r} is not a regular expression: {error}", "mend it") from None
    return found.text


# -- below a service ----------------------------------------------------------------------------------------

_PROCESS: Table = {
    "app": Key(read=_reference),
    "call": Key(read=_reference),
    "command": Key(read=command),
    "embedded": Key(read=choice("postgres", "redis")),
    "port": Key(read=_port),
    "working_dir": Key(read=_path),
    "environment": Key(read=filled_pairs),
}
_READY: Table = {
    "http": Key(read=_http_path),
    "tcp": Key(read=_port),
    "log": Key(read=_pattern),
    "command": Key(read=command),
    "port": Key(read=_port),
    "timeout": Key(read=_seconds),
}


def _one_of(rows: Table, owner: str, ways: Sequence[str], build: Callable[..., Any], *, least: int) -> Reader:
    """A mapping that must have exactly one (or at most one, by `least`) of some keys."""

    def read(node: Node, reading: Reading) -> Any:
        fields = read_entries(node, rows, reading, owner)
        chosen = [way for way in ways if isinstance(node, MappingNode) and node.get(way) is not None]
        if not least <= len(chosen) <= 1:
            seen = " and ".join(chosen) or "none of them"
            wanted = "exactly one" if least else "at most one"
            remedy = "keep one" if chosen else "write one of them"
            raise FaultyValueError(
                node.at, f"{owner} takes {wanted} of {', '.join(ways)}; it has {seen}", remedy
            )
        return build(**fields)

    return read


_POD: Table = {"environment": Key(read=filled_pairs)}

_COMPONENT: Table = {
    "process": Key(
        read=_one_of(_PROCESS, "process", ("app", "call", "command", "embedded"), ProcessSettings, least=1)
    ),
    "kubernetes": Key(read=table(_POD, "kubernetes", PodSettings)),
    "ready": Key(read=_one_of(_READY, "ready", ("http", "tcp", "log", "command"), ReadySettings, least=0)),
    "exports": Key(read=filled_pairs),
    "random": Key(read=TEXTS),
    "faults": Key(read=boolean),
    "settle": Key(read=_http_path),
}
component_settings = table(_COMPONENT, "x-harness", ComponentSettings)
"""The `x-harness` of one service."""

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


def check_settings(node: Node | None, component: Component, diagnostics: Diagnostics) -> None:
    """Note what `exports` and `random` name and the component does not have. `node` is its `x-harness`."""
    if not isinstance(node, MappingNode):
        return
    random = node.get("random")
    for name in component.settings.random:
        if not component.environment.get(name):
            at = (random or node).at
            remedy = did_you_mean(name, component.environment) or f"give {name} a value under environment"
            diagnostics.error(
                at, f"random names the variable {name}, which {component.name} does not set", remedy
            )
    exports = node.get("exports")
    for name, template in component.settings.exports.items():
        entry = exports.entries.get(name) if isinstance(exports, MappingNode) else None
        for placeholder in _PLACEHOLDER.findall(template):
            wrong = _wrong_placeholder(placeholder, component)
            if wrong:
                diagnostics.error(
                    entry.node.at if entry else node.at, f"{{{placeholder}}}: {wrong}", _PLACEHOLDERS
                )


_PLACEHOLDERS = "exports may hold {host}, {port}, {port:N}, {url} and {env.NAME}"


def _wrong_placeholder(placeholder: str, component: Component) -> str:
    """Why a placeholder can never be filled; empty when it can."""
    process = component.settings.process
    ports = {*component.targets, *([process.port] if process and process.port else [])}
    if not ports and (usual := usual_port(component)):
        ports = {usual}
    word, _, argument = placeholder.partition(":")
    if word in ("host", "port", "url") and not argument:
        return "" if ports else f"{component.name} has no port"
    if word == "port":
        return "" if argument in map(str, ports) else f"{component.name} has no port {argument}"
    if placeholder.startswith("env."):
        name = placeholder.removeprefix("env.")
        given = (component.environment, component.settings.kubernetes.environment)
        is_given = any(name in told for told in (*given, process.environment if process else ()))
        return "" if is_given else f"{component.name} does not set {name}"
    return "this placeholder is unknown"


# -- at the top level ---------------------------------------------------------------------------------------


def _folder(node: Node, reading: Reading) -> Path:
    path = _path(node, reading)
    if not path.exists():
        raise FaultyValueError(node.at, f"the path {path} does not exist", "mend it, or remove the suite")
    return path


def _manifests(node: Node, reading: Reading) -> Path:
    path = _path(node, reading)
    if not path.is_dir():
        what = "is not a folder" if path.exists() else "does not exist"
        remedy = "name a folder with manifests, or remove the key: they are then made from this file"
        raise FaultyValueError(node.at, f"the path {path} {what}", remedy)
    return path


_QUANTITY = re.compile(r"\d+(\.\d+)?(m|k|[KMGTPE]i?)?")


def _quota(node: Node, reading: Reading) -> MappingProxyType[str, str]:
    """`{pods: 60, limits.memory: 8Gi}`, each a quantity of Kubernetes."""
    limits = filled_pairs(node, reading)
    for name, limit in limits.items():
        if not _QUANTITY.fullmatch(limit):
            remedy = "write a number such as 60, 500m or 2Gi"
            at = (node.get(name) if isinstance(node, MappingNode) else None) or node
            raise FaultyValueError(at.at, f"quota: {name} is {limit!r}, which is not a quantity", remedy)
    return limits


_KUBERNETES: Table = {"manifests": Key(read=_manifests), "quota": Key(read=_quota)}


def _kubernetes(node: Node, reading: Reading) -> KubernetesSettings:
    return KubernetesSettings(**read_entries(node, _KUBERNETES, reading, "kubernetes"), at=node.at)


_SUITE: Table = {
    "path": Key(read=_folder),
    "layer": Key(read=choice("unit", "integration", "e2e")),
    "instrumented": Key(read=boolean),
    "default": Key(read=boolean),
}


def _suites(node: Node, reading: Reading) -> tuple[SuiteSettings, ...]:
    """`{name: {path, layer, instrumented, default}}` or `{name: path}`, in the file's order."""
    if not isinstance(node, MappingNode):
        raise FaultyValueError(
            node.at, "suites must be a mapping by name", "write suites: {api: {path: tests/api}}"
        )
    suites = []
    for name, body in node.nodes():
        with reading.diagnostics.collecting():
            suites.append(_suite(name, body, reading))
    return tuple(suites)


def _suite(name: str, body: Node, reading: Reading) -> SuiteSettings:
    if isinstance(body, ScalarNode):
        return SuiteSettings(name, _folder(body, reading))
    fields = read_entries(body, _SUITE, reading, f"suite {name}")
    if "path" not in fields:
        if isinstance(body, MappingNode) and "path" in body.entries:
            fields["path"] = Path()  # its own fault is noted already
        else:
            raise FaultyValueError(body.at, f"the suite {name} has no path", "write path: tests/folder")
    is_default = fields.pop("default", True)
    return SuiteSettings(name, is_default=is_default, **fields)


def _isolation(node: Node, reading: Reading) -> Isolation:
    return Isolation(choice(*Isolation)(node, reading))


_ECOSYSTEM: Table = {
    "pythonpath": Key(read=many(_path)),
    "preload": Key(read=TEXTS),
    "seed": Key(read=_reference),
    "suites": Key(read=_suites),
    "coverage": Key(read=TEXTS),
    "faults": Key(read=boolean),
    "isolation": Key(read=_isolation),
    "kubernetes": Key(read=_kubernetes),
}
ecosystem_settings = table(_ECOSYSTEM, "x-harness", EcosystemSettings)
"""The `x-harness` of the whole file."""
