"""Why this exists: one decision, from what a Compose file says, about what shows that a component is ready.

Pure, and the same for every provider. The first that applies decides:

1. `x-harness.ready`, for the file's author said it for this harness;
2. `x-harness.process.embedded`, whose protocol we know;
3. the healthcheck, asked over the network where we understand it, else run where the provider can;
4. the image's name, where we know the protocol behind it;
5. the first port, which has to accept; 6. nothing but that it runs.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from harness.core.endpoint import Endpoint
from harness.core.errors import SpecError
from harness.readiness.base import Probe
from harness.readiness.behind import BehindProbe
from harness.readiness.command import CommandProbe, Execute
from harness.readiness.healthcheck import Check, recognise
from harness.readiness.http import HttpProbe
from harness.readiness.log_line import LogLineProbe, ReadLines
from harness.readiness.postgres import PostgresProbe
from harness.readiness.primary import primary_endpoint
from harness.readiness.protocols import postgres_login, protocol_of_image, redis_password
from harness.readiness.redis import RedisProbe
from harness.readiness.running import RunningProbe
from harness.readiness.tcp import Listens, TcpProbe
from harness.spec.model import Component, Healthcheck

_USUAL_PORTS = {"postgres": 5432, "redis": 6379, "http": 80}


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a provider knows about a component it has started.

    Args:
        endpoints: Where its ports are reachable, by container port.
        environment: The variables it was given, secrets included.
        read_log: Hands over its log lines.
        execute: Runs a command where it runs.
        runs_healthchecks: Whether a Compose healthcheck's command works there: its tools and its ports exist.
        listens: Where somebody else accepts connections for it (a published port): what is really behind it.
    """

    endpoints: Mapping[int, Endpoint]
    environment: Mapping[str, str]
    read_log: ReadLines
    execute: Execute
    runs_healthchecks: bool = False
    listens: Listens | None = None


def choose_probe(component: Component, around: Surroundings) -> Probe:
    """What shows that `component` is ready.

    Raises:
        SpecError: `x-harness.ready` asks for a port that the component lacks, or is no regular expression.
    """
    chosen = (
        _from_settings(component, around)
        or _from_embedded(component, around)
        or _from_healthcheck(component, around)
        or _from_image(component, around)
        or _from_ports(component, around)
    )
    if around.listens is not None and isinstance(chosen, HttpProbe | PostgresProbe | RedisProbe):
        return BehindProbe(chosen, chosen.endpoint.target, around.listens)
    return chosen


def _from_settings(component: Component, around: Surroundings) -> Probe | None:
    ready = component.settings.ready
    if ready.http is not None:
        return HttpProbe(_required(component, around, ready.port), ready.http)
    if ready.tcp is not None:
        return TcpProbe(_required(component, around, ready.tcp), around.listens)
    if ready.log is not None:
        return _log_probe(component, ready.log, around.read_log)
    if ready.command is not None:
        return CommandProbe(ready.command, around.execute)
    if ready.port is not None:
        return TcpProbe(_required(component, around, ready.port), around.listens)
    return None


def _from_embedded(component: Component, around: Surroundings) -> Probe | None:
    process = component.settings.process
    if process is None or process.embedded is None:
        return None
    return _speaking(process.embedded, component, around, Check("tcp"))


def _from_healthcheck(component: Component, around: Surroundings) -> Probe | None:
    healthcheck = component.healthcheck
    if healthcheck is None or healthcheck.disabled:
        return None
    check = recognise(healthcheck.test, component.name, around.environment)
    can_run = around.runs_healthchecks
    if check is not None and (check.is_exact or not can_run):
        probe = _from_check(check, component, around)
        if probe is not None:
            return probe
    return _run_healthcheck(healthcheck, around) if can_run else None


def _from_check(check: Check, component: Component, around: Surroundings) -> Probe | None:
    """The probe asking the same; None when its port is not reachable from here."""
    if check.kind in ("postgres", "redis"):
        return _speaking(check.kind, component, around, check)
    endpoint = around.endpoints.get(check.port or 0)
    if endpoint is None:
        return None
    if check.kind == "tcp":
        return TcpProbe(endpoint, around.listens)
    return HttpProbe(endpoint, check.path, check.highest, check.host)


def _run_healthcheck(healthcheck: Healthcheck, around: Surroundings) -> Probe | None:
    match healthcheck.test:
        case ("CMD-SHELL", line):
            return CommandProbe(("/bin/sh", "-c", line), around.execute, healthcheck.timeout)
        case ("CMD", _, *_):
            return CommandProbe(healthcheck.test[1:], around.execute, healthcheck.timeout)
    return None


def _from_image(component: Component, around: Surroundings) -> Probe | None:
    if component.image is None:
        return None
    protocol = protocol_of_image(component.image)
    return _speaking(protocol, component, around, Check("tcp")) if protocol else None


def _from_ports(component: Component, around: Surroundings) -> Probe:
    endpoint = primary_endpoint(component, around.endpoints)
    return TcpProbe(endpoint, around.listens) if endpoint else RunningProbe()


def _speaking(protocol: str, component: Component, around: Surroundings, check: Check) -> Probe | None:
    """A probe that speaks the component's protocol; None when its port is not reachable from here."""
    usual = around.endpoints.get(check.port or _USUAL_PORTS[protocol])
    endpoint = usual or primary_endpoint(component, around.endpoints)
    if endpoint is None:
        return None
    if protocol == "redis":
        password = check.password or redis_password(component, around.environment)
        return RedisProbe(endpoint, password, check.user)
    user, database = postgres_login(around.environment, check.user)
    return PostgresProbe(endpoint, user, check.database or database)


def _required(component: Component, around: Surroundings, port: int | None) -> Endpoint:
    """The endpoint that `x-harness.ready` needs."""
    endpoint = around.endpoints.get(port) if port else primary_endpoint(component, around.endpoints)
    if endpoint is not None:
        return endpoint
    wanted = f"port {port}" if port else "a port"
    known = ", ".join(map(str, around.endpoints)) or "none"
    raise SpecError(
        f"{component.location}: x-harness.ready of {component.name} needs {wanted}, which it does not have",
        hint=f"Write it under ports or expose, or name another; known: {known}.",
    )


def _log_probe(component: Component, pattern: str, read: ReadLines) -> Probe:
    try:
        return LogLineProbe(pattern, read)
    except re.error as error:
        raise SpecError(
            f"{component.location}: x-harness.ready.log of {component.name} is no regular expression: "
            f"{error}",
            hint="Escape characters such as ( and [ with a backslash.",
        ) from error
