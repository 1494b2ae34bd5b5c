"""Why this exists: what a component's pod is made with, as a pure translation of its Compose service.

The fields are those of a PodSpec (core/v1); their meaning is Compose's own.
"""

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from harness.spec.model import Component, Healthcheck, Mount, ReadySettings

Fields = dict[str, Any]

# A program's name and its arguments: nothing that a shell would have to stay for.
_ONE_PROGRAM = re.compile(r"([\w./-]+)(?:[ \t][^|&;<>()`\n]*)?")
# What is no program, or not the same: words of the shell's language, and its own commands.
_SHELLS_OWN = re.compile(
    r"if|then|while|until|for|case|select|function|time|do|done|\.|source|exec|eval|exit|return|set|unset|export|readonly|"
    r"local|shift|trap|ulimit|umask|wait|read|cd|command|type|hash|alias|break|continue|jobs|bg|fg"
)


def pod_spec(component: Component, image: str, *, restarts: bool) -> Fields:
    """The spec of its pods.

    Args:
        component: With this environment's secrets in it.
        image: What its container is made from.
        restarts: Whether it is meant to run on; one that does a job and ends is not started again.
    """
    return _told(
        {
            "containers": [_container(component, image)],
            "volumes": [_volume(name, mount) for name, mount in _mounts(component)]
            + _file_volumes(component),
            "restartPolicy": "Always" if restarts else "Never",
            "terminationGracePeriodSeconds": math.ceil(component.stop_grace_period),
            # with a namespace of processes for all of the pod, its pause is the init that hands on signals and reaps
            "shareProcessNamespace": component.container.init,
            "hostname": component.container.hostname,
            "hostAliases": [{"ip": ip, "hostnames": [name]} for name, ip in component.container.extra_hosts],
            "dnsConfig": {"nameservers": list(component.container.dns)} if component.container.dns else None,
            # neighbours are found by name: variables for each would only clash with those of the file
            "enableServiceLinks": False,
            "automountServiceAccountToken": False,
        }
    )


def config_name(component: str) -> str:
    """Of the ConfigMap and the Secret with its variables."""
    return f"{component}-environment"


def files_name(component: str) -> str:
    """Of the Secret with the files that it is granted."""
    return f"{component}-files"


def _container(component: Component, image: str) -> Fields:
    return _told(
        {
            "name": component.name,
            "image": image,
            "imagePullPolicy": "IfNotPresent",
            "command": _words(component.entrypoint),
            "args": _words(component.command),
            "workingDir": component.working_dir,
            "envFrom": [
                {"configMapRef": {"name": config_name(component.name)}},
                {"secretRef": {"name": config_name(component.name)}},
            ],
            "ports": [{"containerPort": port} for port in component.targets],
            "resources": _resources(component),
            "volumeMounts": [_mounted(name, mount) for name, mount in _mounts(component)]
            + _file_mounts(component),
            "securityContext": _security(component),
            "readinessProbe": readiness(component),
        }
    )


def readiness(component: Component) -> Fields | None:
    """What a kubelet finds out about it, every second; None where nothing but that it runs can be asked.

    The order is that of `readiness.choose`: what the file says to the harness, its healthcheck, its first port.
    """
    asked = _asked_for(component.settings.ready, component.targets) or _healthcheck(component.healthcheck)
    if asked is None and component.targets:
        asked = {"tcpSocket": {"port": component.targets[0]}}
    if asked is None:
        return None
    timeout = component.healthcheck.timeout if component.healthcheck else 1.0
    return {**asked, "periodSeconds": 1, "failureThreshold": 1, "timeoutSeconds": max(1, math.ceil(timeout))}


def asked_port(component: Component) -> int | None:
    """The port whose answer makes it ready; where a command is asked, the first; None where there is none."""
    probe = readiness(component) or {}
    asked = probe.get("httpGet") or probe.get("tcpSocket") or {}
    return asked.get("port") or next(iter(component.targets), None)


def _asked_for(ready: ReadySettings, targets: tuple[int, ...]) -> Fields | None:
    port = ready.port or ready.tcp or next(iter(targets), None)
    if ready.command is not None:
        return {"exec": {"command": list(ready.command)}}
    if ready.http is not None and port is not None:
        return {"httpGet": {"path": ready.http, "port": port}}
    if (ready.tcp or ready.port) and port is not None:
        return {"tcpSocket": {"port": port}}
    return None


def _healthcheck(check: Healthcheck | None) -> Fields | None:
    match check.test if check is not None and not check.disabled else ():
        case ("CMD-SHELL", line):
            return {"exec": {"command": ["/bin/sh", "-c", _alone(line)]}}
        case ("CMD", _, *_) as words:
            return {"exec": {"command": list(words[1:])}}
    return None


def _alone(line: str) -> str:
    """A shell's line that leaves no process behind where a kubelet ends it for being late.

    It ends the shell alone. What that has started goes to the first process of the pod, and Postgres, for one, takes
    the end of what it does not know for a crash of its own. A program that is all there is takes the shell's place.
    """
    found = _ONE_PROGRAM.fullmatch(line.strip())
    return line if found is None or _SHELLS_OWN.fullmatch(found[1]) else f"exec {line.strip()}"


def _resources(component: Component) -> Fields:
    limits: Fields = {}
    if component.resources.cpus:
        limits["cpu"] = f"{round(component.resources.cpus * 1000)}m"
    if component.resources.memory:
        limits["memory"] = str(component.resources.memory)
    return {"limits": limits} if limits else {}


def _security(component: Component) -> Fields:
    settings = component.container
    user, _, group = (component.user or "").partition(":")
    return _told(
        {
            "runAsUser": int(user) if user else None,
            "runAsGroup": int(group) if group else None,
            "privileged": settings.privileged,
            "readOnlyRootFilesystem": settings.read_only,
            "capabilities": _told({"add": list(settings.cap_add), "drop": list(settings.cap_drop)}),
        }
    )


def _mounts(component: Component) -> Iterator[tuple[str, Mount]]:
    """What is mounted in its pods, with names of their own: nothing of this machine is."""
    inside = (mount for mount in component.mounts if mount.kind != "bind")
    return ((f"mount-{number}", mount) for number, mount in enumerate(inside))


def _volume(name: str, mount: Mount) -> Fields:
    """Data lives as long as its pod: an environment is torn down, and its data with it."""
    if mount.kind == "tmpfs":
        return {
            "name": name,
            "emptyDir": _told({"medium": "Memory", "sizeLimit": mount.size and str(mount.size)}),
        }
    return {"name": name, "emptyDir": {}}


def _mounted(name: str, mount: Mount) -> Fields:
    return _told({"name": name, "mountPath": mount.target, "readOnly": mount.read_only})


def _file_volumes(component: Component) -> list[Fields]:
    return (
        [{"name": "files", "secret": {"secretName": files_name(component.name)}}] if component.files else []
    )


def _file_mounts(component: Component) -> list[Fields]:
    return [
        {"name": "files", "mountPath": file.target, "subPath": str(number), "readOnly": True}
        for number, file in enumerate(component.files)
    ]


def _words(words: tuple[str, ...] | None) -> list[str] | None:
    return None if words is None else list(words)


def _told(fields: Mapping[str, Any]) -> Fields:
    """Only what says something; False does where the cluster's own default is True."""
    kept_false = {"enableServiceLinks", "automountServiceAccountToken"}
    return {k: v for k, v in fields.items() if v not in (None, (), [], {}, False) or k in kept_false}
