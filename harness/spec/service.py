"""Why this exists: the table of every key a service can have, and the component that comes out of it."""

import re
from itertools import chain
from types import MappingProxyType
from typing import Any

from harness.spec.diagnostics import FaultyValueError
from harness.spec.environment import env_file, label_file, resolved_environment
from harness.spec.execution import build, command, deploy, healthcheck, replicas_of, resources_of
from harness.spec.grants import configs, secrets
from harness.spec.harness_keys import check_settings, component_settings
from harness.spec.keys import SETTLED, Key, Reading, Table, ignored, read_entries, refused
from harness.spec.links import depends_on, links, networks, service_shared, shared
from harness.spec.model import Component, ComponentSettings, ContainerSettings, Dependency, Location
from harness.spec.mounts import tmpfs, volumes, volumes_from
from harness.spec.ports import expose, ports
from harness.spec.readers import (
    TEXTS,
    boolean,
    duration,
    faulty,
    filled_pairs,
    integer,
    limit,
    memory_limit,
    number,
    one_or_many,
    optional_text,
    pairs,
    scalar,
    size,
    text,
)
from harness.spec.tree import MappingNode, Node, ScalarNode, SequenceNode, kind

_RESTART = re.compile(r"no|always|unless-stopped|on-failure(:\d+)?")


def _restart(node: Node, _reading: Reading) -> str | None:
    found = scalar(node, "a restart policy", '"no"')
    if not found.text:
        return None
    policy = "no" if found.text.lower() == "false" else found.text
    if not _RESTART.fullmatch(policy):
        raise faulty(
            found, f"{kind(found)} is no restart policy", 'write "no", always, on-failure or unless-stopped'
        )
    return policy


def _ulimits(node: Node, reading: Reading) -> MappingProxyType[str, tuple[int, int]]:
    if not isinstance(node, MappingNode):
        raise FaultyValueError(node.at, f"expected limits by name, found {kind(node)}", "write nofile: 1024")
    limits: dict[str, tuple[int, int]] = {}
    for name, body in node.nodes():
        with reading.diagnostics.collecting():
            limits[name] = _ulimit(body, reading)
    return MappingProxyType(limits)


def _ulimit(node: Node, reading: Reading) -> tuple[int, int]:
    if not isinstance(node, MappingNode):
        both = limit(node, reading)
        return both, both
    fields = read_entries(node, {"soft": Key(read=limit), "hard": Key(read=limit)}, reading, "ulimit")
    both = next(iter(fields.values()), 0)
    return fields.get("soft", both), fields.get("hard", both)


def _extra_hosts(node: Node, reading: Reading) -> tuple[tuple[str, str], ...]:
    if isinstance(node, MappingNode):
        named = [(name, held) for name, body in node.nodes() for held in one_or_many(text)(body, reading)]
        return tuple(named)
    found = [re.split("[=:]", item, maxsplit=1) for item in TEXTS(node, reading)]
    for pair in found:
        if len(pair) == 1:
            raise FaultyValueError(node.at, f"{pair[0]!r} has no address", "write name=address")
    return tuple((name, address.strip("[]")) for name, address in found)


def _devices(node: Node, reading: Reading) -> tuple[str, ...]:
    """Paths of devices; those of the container device interface are named by their source."""
    if not isinstance(node, SequenceNode):
        return tuple(TEXTS(node, reading))
    named = [item.get("source") or item if isinstance(item, MappingNode) else item for item in node.items]
    return tuple(item.text for item in named if isinstance(item, ScalarNode))


# Only a container can be given these; a provider without containers says what its components do without.
_CONTAINER: dict[str, Key] = {
    "hostname": Key(read=optional_text),
    "platform": Key(read=optional_text),
    "runtime": Key(read=optional_text),
    "network_mode": Key(read=shared),
    "pid": Key(read=shared),
    "ipc": Key(read=shared),
    "privileged": Key(read=boolean),
    "init": Key(read=boolean),
    "read_only": Key(read=boolean),
    "shm_size": Key(read=size),
    "cap_add": Key(read=TEXTS),
    "cap_drop": Key(read=TEXTS),
    "security_opt": Key(read=TEXTS),
    "devices": Key(read=_devices),
    "group_add": Key(read=TEXTS),
    "dns": Key(read=one_or_many(text)),
    "extra_hosts": Key(read=_extra_hosts),
    "sysctls": Key(read=filled_pairs),
    "ulimits": Key(read=_ulimits),
}
_TUNING = "it tunes how much of the machine a container gets"
_INTERACTIVE = "nobody sits at a terminal"
_IMAGES = "images are fetched when they are missing"
_ISOLATION = "it sets how a container is kept apart from the machine"
_NAMES = "components find each other by name without it"

SERVICE: Table = {
    # what runs, and how
    "image": Key(read=optional_text),
    "build": Key(read=build),
    "command": Key(read=command),
    "entrypoint": Key(read=command),
    "environment": Key(read=pairs),
    "env_file": Key(read=one_or_many(env_file)),
    "working_dir": Key(read=optional_text),
    "user": Key(read=optional_text),
    "healthcheck": Key(read=healthcheck),
    "restart": Key(read=_restart),
    "stop_signal": Key(read=optional_text),
    "stop_grace_period": Key(read=duration),
    "profiles": Key(read=TEXTS),
    "x-harness": Key(read=component_settings),
    "extends": SETTLED,
    # how it is reached, and what it needs
    "ports": Key(read=ports),
    "expose": Key(read=expose),
    "depends_on": Key(read=depends_on),
    "links": Key(read=links),
    "networks": Key(read=networks),
    "container_name": Key(read=optional_text),
    # what it stores and reads
    "volumes": Key(read=volumes),
    "volumes_from": Key(read=volumes_from),
    "tmpfs": Key(read=one_or_many(tmpfs)),
    "configs": Key(read=configs),
    "secrets": Key(read=secrets),
    # how many and how large
    "deploy": Key(read=deploy),
    "scale": Key(read=integer),
    "cpus": Key(read=number),
    "mem_limit": Key(read=memory_limit),
    "labels": Key(read=filled_pairs),
    "label_file": Key(read=one_or_many(label_file)),
    # passed over: nothing that tests see depends on them
    "annotations": ignored("annotations are not seen by components"),
    "attach": ignored("the logs of every component are kept"),
    "blkio_config": ignored(_TUNING),
    "cgroup": ignored(_ISOLATION),
    "cgroup_parent": ignored(_ISOLATION),
    "cpu_count": ignored(_TUNING),
    "cpu_percent": ignored(_TUNING),
    "cpu_period": ignored(_TUNING),
    "cpu_quota": ignored(_TUNING),
    "cpu_rt_period": ignored(_TUNING),
    "cpu_rt_runtime": ignored(_TUNING),
    "cpu_shares": ignored(_TUNING),
    "cpuset": ignored(_TUNING),
    "develop": ignored("sources are not watched while tests run"),
    "device_cgroup_rules": ignored(_ISOLATION),
    "dns_opt": ignored(_NAMES),
    "dns_search": ignored(_NAMES),
    "domainname": ignored(_NAMES),
    "gpus": ignored("a component finds the devices that this machine has"),
    "isolation": ignored(_ISOLATION),
    "logging": ignored("the logs of every component are kept with the results"),
    "mac_address": ignored(_NAMES),
    "mem_reservation": ignored(_TUNING),
    "mem_swappiness": ignored(_TUNING),
    "memswap_limit": ignored(_TUNING),
    "oom_kill_disable": ignored(_TUNING),
    "oom_score_adj": ignored(_TUNING),
    "pids_limit": ignored(_TUNING),
    "pre_stop": ignored("environments are thrown away when they stop"),
    "pull_policy": ignored(_IMAGES),
    "pull_refresh_after": ignored(_IMAGES),
    "stdin_open": ignored(_INTERACTIVE),
    "storage_opt": ignored(_TUNING),
    "tty": ignored(_INTERACTIVE),
    "userns_mode": ignored(_ISOLATION),
    "uts": ignored(_ISOLATION),
    # refused: without them the service would be another one
    "credential_spec": refused("there are no Windows accounts here", "remove it"),
    "external_links": refused("containers outside this file are not there", "add them as services"),
    "models": refused("no model runner is part of the environment", "add one as a service"),
    "post_start": refused(
        "no commands are run in a started component", "make it a service that others wait for"
    ),
    "pre_start": refused("no commands are run before a start", "make it a service that this one waits for"),
    "provider": refused("Compose plugins are not called", "give the service an image or a build"),
    "use_api_socket": refused("components get no access to the container engine", "remove it"),
    # keys of long-gone formats, named so that the message can say what to write
    "dockerfile": refused("it belongs below build", "write build: {context: ., dockerfile: …}"),
    "log_driver": refused("Compose dropped it", "write logging: {driver: …}"),
    "log_opt": refused("Compose dropped it", "write logging: {options: …}"),
    "net": refused("Compose dropped it", "write network_mode: …"),
    "volume_driver": refused("Compose dropped it", "write driver: … below the volume at the top level"),
    **_CONTAINER,
}


_AS_READ = (
    "image", "build", "command", "entrypoint", "working_dir", "user", "healthcheck", "restart", "stop_signal",
    "stop_grace_period", "profiles", "ports", "expose",
)  # fmt: skip


def read_service(name: str, at: Location, node: Node, reading: Reading) -> tuple[Component, dict[str, Any]]:
    """One service as a component, and its values by key for what needs the other services too.

    Raises:
        FaultyValueError: it is no mapping.
    """
    values = read_entries(node, SERVICE, reading, f"service {name}")
    fields = MappingNode(at, node.base, node.entries if isinstance(node, MappingNode) else {})
    with reading.diagnostics.collecting():
        _check_runnable(name, fields)
    component = Component(
        name=name,
        location=at,
        environment=_environment(values, reading),
        labels=_labels(values),
        depends_on=_dependencies(values),
        networks=tuple(values.get("networks", {})) or (() if "network_mode" in values else ("default",)),
        mounts=values.get("volumes", ()) + values.get("tmpfs", ()),
        replicas=_replicas(fields, values, reading),
        resources=resources_of(values),
        aliases=_aliases(name, values),
        files=values.get("secrets", ()) + values.get("configs", ()),
        container=ContainerSettings(**{key: values[key] for key in _CONTAINER if key in values}),
        settings=values.get("x-harness", ComponentSettings()),
        **{key: values[key] for key in _AS_READ if key in values},
    )
    check_settings(fields.get("x-harness"), component, reading.diagnostics)
    return component, values


def _check_runnable(name: str, fields: MappingNode) -> None:
    """Something must say what runs: an image, a build, or `x-harness.process`."""
    if fields.get("networks") and fields.get("network_mode"):
        at = fields.entries["network_mode"].at
        raise FaultyValueError(at, f"service {name} has both networks and network_mode", "remove one of them")
    image = fields.get("image")
    if isinstance(image, ScalarNode) and image.text:
        return
    settings = fields.get("x-harness")
    process = settings.get("process") if isinstance(settings, MappingNode) else None
    # An `extends` that is still there could not be followed, which is a fault of its own.
    if any((process, *(fields.get(key) for key in ("build", "provider", "extends")))):
        return
    message = f"service {name} has neither image nor build"
    remedy = "write image: name:tag or build: folder, or name the file that this one is laid over with -f before it"
    if isinstance(image, ScalarNode):
        raise faulty(image, message, remedy)
    raise FaultyValueError(fields.at, message, remedy)


def _environment(values: dict[str, Any], reading: Reading) -> MappingProxyType[str, str]:
    files, given = values.get("env_file", ()), values.get("environment", {})
    return MappingProxyType(resolved_environment(files, given, reading))


def _labels(values: dict[str, Any]) -> MappingProxyType[str, str]:
    merged: dict[str, str] = {}
    for layer in (*values.get("label_file", ()), values.get("labels", {})):
        merged |= layer
    return MappingProxyType(merged)


def _dependencies(values: dict[str, Any]) -> tuple[Dependency, ...]:
    """`depends_on`, and what links, volumes_from and shared namespaces need besides: that it has started."""
    told = {dependency.component: dependency for dependency in values.get("depends_on", ())}
    modes = (service_shared(values.get(key)) for key in ("network_mode", "pid", "ipc"))
    implied = chain(
        (name for name, _ in values.get("links", ())),
        (name for name, _ in values.get("volumes_from", ())),
        filter(None, modes),
    )
    return (*told.values(), *(Dependency(name) for name in dict.fromkeys(implied) if name not in told))


def _aliases(name: str, values: dict[str, Any]) -> tuple[str, ...]:
    """The further names it is reached by: its container's, and those it has in its networks."""
    listed = [
        *filter(None, [values.get("container_name")]),
        *chain.from_iterable(values.get("networks", {}).values()),
    ]
    return tuple(alias for alias in dict.fromkeys(listed) if alias != name)


def _replicas(fields: MappingNode, values: dict[str, Any], reading: Reading) -> int:
    with reading.diagnostics.collecting():
        return replicas_of(fields, values)
    return 1
