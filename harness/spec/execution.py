"""Why this exists: what a service runs and is built from: command, entrypoint, healthcheck, build, deploy."""

import re
from pathlib import Path
from types import MappingProxyType
from typing import Any

from harness.spec import words
from harness.spec.diagnostics import FaultyValueError
from harness.spec.keys import Key, Reading, Table, ignored
from harness.spec.model import Build, Healthcheck, Resources
from harness.spec.paths import resolved
from harness.spec.readers import (
    boolean,
    choice,
    duration,
    faulty,
    filled_text,
    integer,
    many,
    memory_limit,
    number,
    optional_text,
    pairs,
    scalar,
    table,
    text,
    value,
)
from harness.spec.tree import MappingNode, Node, ScalarNode, SequenceNode

_ARGUMENTS = many(value)


def command(node: Node, reading: Reading) -> tuple[str, ...]:
    """`command` and `entrypoint`: a list of words, or a text that is split into words as Compose does it."""
    if isinstance(node, SequenceNode):
        return tuple(_ARGUMENTS(node, reading))
    found = scalar(node, "a command", '["program", "argument"]')
    try:
        split = words.split(found.text)
    except ValueError as error:
        raise faulty(
            found, f"the command cannot be split into words: {error}", "write it as a list of words"
        ) from None
    if split.cut:
        reading.diagnostics.warn(
            found.at,
            f"no shell runs this command; as with Compose it ends before {split.cut[:30]!r}",
            'write ["sh", "-c", "…"] for shell syntax',
        )
    return split.words


# -- healthcheck --------------------------------------------------------------------------------------------


def _test(node: Node, reading: Reading) -> tuple[str, ...]:
    if isinstance(node, ScalarNode):
        return ("NONE",) if node.text == "NONE" else ("CMD-SHELL", node.text)
    test: tuple[str, ...] = tuple(_ARGUMENTS(node, reading))
    if not test or test[0] in ("NONE", "CMD", "CMD-SHELL"):
        return test
    raise FaultyValueError(
        node.at,
        f"the healthcheck starts with {test[0]!r}",
        f'write ["CMD", "{test[0]}", …], or one text for a shell',
    )


def _healthcheck(**fields: Any) -> Healthcheck:
    test = fields.pop("test", ())
    is_disabled = fields.pop("disable", False) or test[:1] == ("NONE",)
    return Healthcheck(test=test, disabled=is_disabled, **fields)


_HEALTHCHECK: Table = {
    "test": Key(read=_test),
    "interval": Key(read=duration),
    "timeout": Key(read=duration),
    "retries": Key(read=integer),
    "start_period": Key(read=duration),
    "start_interval": ignored("the harness looks much more often anyway"),
    "disable": Key(read=boolean),
}
healthcheck = table(_HEALTHCHECK, "healthcheck", _healthcheck)
"""A service's `healthcheck`."""

# -- build --------------------------------------------------------------------------------------------------

_REMOTE = re.compile(r"(?:https?|git|ssh|oci-layout|docker-image)://|git@|github\.com/")
_NOT_YET = "images are built without it"


def _context(node: Node, reading: Reading) -> tuple[Path, str | None]:
    """The folder, or the folder of the file together with the URL of a remote context."""
    found = filled_text(node, reading)
    if _REMOTE.match(found):
        return node.base, found
    return resolved(found, node.base), None


def _build_arguments(node: Node, reading: Reading) -> MappingProxyType[str, str]:
    """Arguments by name; a bare NAME takes its value from outside, where it has one."""
    given = pairs(node, reading)
    outside = {name: reading.variables.get(name) for name, held in given.items() if held is None}
    return MappingProxyType({name: held for name, held in (given | outside).items() if held is not None})


_BUILD: Table = {
    "context": Key(read=_context),
    "dockerfile": Key(read=optional_text),
    "dockerfile_inline": Key(read=text),
    "target": Key(read=optional_text),
    "args": Key(read=_build_arguments),
    "additional_contexts": ignored(_NOT_YET),
    "cache_from": ignored("it only makes builds faster"),
    "cache_to": ignored("it only makes builds faster"),
    "entitlements": ignored(_NOT_YET),
    "extra_hosts": ignored(_NOT_YET),
    "isolation": ignored(_NOT_YET),
    "labels": ignored("labels of images are not seen by components"),
    "network": ignored(_NOT_YET),
    "no_cache": ignored("images are built when their inputs change"),
    "platforms": ignored("images are built for this machine"),
    "privileged": ignored(_NOT_YET),
    "provenance": ignored("images are not published"),
    "pull": ignored("base images are pulled when they are missing"),
    "sbom": ignored("images are not published"),
    "secrets": ignored(_NOT_YET),
    "shm_size": ignored(_NOT_YET),
    "ssh": ignored(_NOT_YET),
    "tags": ignored("images are not published"),
    "ulimits": ignored(_NOT_YET),
}
_build_mapping = table(_BUILD, "build")


def build(node: Node, reading: Reading) -> Build:
    """A service's `build`: a folder or URL, or a mapping."""
    if isinstance(node, ScalarNode):
        folder, url = _context(node, reading)
        return Build(folder, url=url)
    fields = _build_mapping(node, reading)
    if "dockerfile" in fields and "dockerfile_inline" in fields:
        raise FaultyValueError(
            node.at, "build has both dockerfile and dockerfile_inline", "remove one of them"
        )
    folder, url = fields.pop("context", (node.base, None))
    return Build(context=folder, url=url, **fields)


# -- deploy -------------------------------------------------------------------------------------------------

_ONE_MACHINE = "everything runs on this machine"
_LIMITS: Table = {
    "cpus": Key(read=number),
    "memory": Key(read=memory_limit),
    "pids": ignored("the number of processes is not limited"),
}
_RESERVATIONS: Table = {
    "cpus": ignored("nothing is reserved"),
    "memory": ignored("nothing is reserved"),
    "generic_resources": ignored("nothing is reserved"),
    "devices": ignored("a component finds the devices that this machine has"),
}
_RESOURCES: Table = {
    "limits": Key(read=table(_LIMITS, "limits")),
    "reservations": Key(read=table(_RESERVATIONS, "reservations")),
}
_DEPLOY: Table = {
    "mode": Key(read=choice("replicated", "global", "replicated-job", "global-job", "")),
    "replicas": Key(read=integer),
    "resources": Key(read=table(_RESOURCES, "resources")),
    "endpoint_mode": ignored(_ONE_MACHINE),
    "labels": ignored("labels of a deployment are not seen by components"),
    "placement": ignored(_ONE_MACHINE),
    "restart_policy": ignored("a component that ends is reported, never restarted"),
    "rollback_config": ignored("components are not updated while an environment runs"),
    "update_config": ignored("components are not updated while an environment runs"),
}
deploy = table(_DEPLOY, "deploy")
"""A service's `deploy` as a dict; `replicas_of` and `resources_of` take from it what they need."""


def replicas_of(node: MappingNode, fields: dict[str, Any]) -> int:
    """How many of a service run. Raises FaultyValueError when `scale` and `deploy.replicas` disagree."""
    scale, replicas = fields.get("scale"), fields.get("deploy", {}).get("replicas")
    if scale is not None and replicas not in (None, scale):
        raise FaultyValueError(
            node.entries["scale"].at,
            f"scale is {scale}, but deploy.replicas is {replicas}",
            "remove one of them",
        )
    return next((int(count) for count in (replicas, scale) if count is not None), 1)


def resources_of(fields: dict[str, Any]) -> Resources:
    """The limits of `deploy.resources`, else those of the older `cpus` and `mem_limit`."""
    limits = fields.get("deploy", {}).get("resources", {}).get("limits", {})
    return Resources(
        limits.get("cpus") or fields.get("cpus") or None, limits.get("memory") or fields.get("mem_limit")
    )
