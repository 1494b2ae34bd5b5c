"""From what a Compose file says about a component to the probe that shows its readiness."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import pytest

from harness.core.endpoint import Endpoint
from harness.core.errors import SpecError
from harness.readiness.base import Probe
from harness.readiness.behind import BehindProbe
from harness.readiness.choose import Surroundings, choose_probe
from harness.readiness.command import CommandProbe
from harness.readiness.http import HttpProbe
from harness.readiness.log_line import LogLineProbe
from harness.readiness.postgres import PostgresProbe
from harness.readiness.protocols import redis_password
from harness.readiness.redis import RedisProbe
from harness.readiness.running import RunningProbe
from harness.readiness.tcp import TcpProbe
from harness.spec.model import (
    Component,
    ComponentSettings,
    Healthcheck,
    Port,
    ProcessSettings,
    ReadySettings,
)
from tests.doubles.plans import component

WEB, DB, CACHE, ADMIN = (
    Endpoint("127.0.0.1", port, target)
    for port, target in ((40080, 80), (40432, 5432), (40379, 6379), (49000, 9000))
)


async def execute(_argv: Sequence[str]) -> tuple[int, str]:
    """Never run: choosing is pure."""
    raise AssertionError


def around(
    *endpoints: Endpoint, environment: Mapping[str, str] | None = None, runs_healthchecks: bool = False
) -> Surroundings:
    """A component that listens there."""
    by_target = {endpoint.target: endpoint for endpoint in endpoints}
    return Surroundings(by_target, environment or {}, list, execute, runs_healthchecks)


def said(**changes: Any) -> Component:
    """A component of which the file says that."""
    return replace(component("web"), **changes)


def ready(**settings: Any) -> Component:
    """A component whose author says what readiness is, with a healthcheck and an image that say otherwise."""
    return said(
        settings=ComponentSettings(ready=ReadySettings(**settings)),
        healthcheck=Healthcheck(("CMD", "nc", "-z", "localhost", "80")),
        image="postgres",
    )


def checked(*test: str, **changes: Any) -> Component:
    """A component with a healthcheck."""
    return said(healthcheck=Healthcheck(test, timeout=7), **changes)


def embedded(kind: str) -> Component:
    """A component that the process provider runs from a wheel."""
    return said(settings=ComponentSettings(process=ProcessSettings(embedded=kind)))


CHOICES: list[tuple[Component, Surroundings, Probe]] = [
    # 1. what the author says
    (ready(http="/ready"), around(WEB, ADMIN), HttpProbe(WEB, "/ready")),
    (ready(http="/ready", port=9000), around(WEB, ADMIN), HttpProbe(ADMIN, "/ready")),
    (ready(tcp=9000), around(WEB, ADMIN), TcpProbe(ADMIN)),
    (ready(port=9000), around(WEB, ADMIN), TcpProbe(ADMIN)),
    (ready(command=("./check", "-x")), around(WEB), CommandProbe(("./check", "-x"), execute)),
    # 2. what is embedded
    (embedded("postgres"), around(DB, environment={"POSTGRES_USER": "me"}), PostgresProbe(DB, "me", "me")),
    (embedded("redis"), around(CACHE, environment={"REDIS_PASSWORD": "x"}), RedisProbe(CACHE, "x")),
    # 3. the healthcheck
    (
        checked("CMD", "curl", "-f", "http://localhost:9000/up"),
        around(WEB, ADMIN),
        HttpProbe(ADMIN, "/up", 399, "localhost:9000"),
    ),
    (checked("CMD", "nc", "-z", "localhost", "9000"), around(WEB, ADMIN), TcpProbe(ADMIN)),
    (
        checked("CMD-SHELL", "pg_isready -U app -d shop"),
        around(DB, environment={"POSTGRES_USER": "other"}),
        PostgresProbe(DB, "app", "shop"),
    ),
    (
        checked("CMD", "pg_isready"),
        around(DB, environment={"POSTGRES_USER": "app", "POSTGRES_DB": "shop"}),
        PostgresProbe(DB, "app", "shop"),
    ),
    (checked("CMD", "redis-cli", "-a", "y", "ping"), around(CACHE), RedisProbe(CACHE, "y")),
    (
        checked("CMD", "redis-cli", "ping", command=("redis-server", "--requirepass", "z")),
        around(CACHE),
        RedisProbe(CACHE, "z"),
    ),
    # … run where that is possible and it is not understood in full
    (
        checked("CMD-SHELL", "mysqladmin ping"),
        around(WEB, runs_healthchecks=True),
        CommandProbe(("/bin/sh", "-c", "mysqladmin ping"), execute, 7),
    ),
    (
        checked("CMD-SHELL", "curl -f http://localhost:80/ | grep ok"),
        around(WEB, runs_healthchecks=True),
        CommandProbe(("/bin/sh", "-c", "curl -f http://localhost:80/ | grep ok"), execute, 7),
    ),
    (
        checked("CMD", "curl", "-f", "http://localhost:1234/"),
        around(WEB, runs_healthchecks=True),
        CommandProbe(("curl", "-f", "http://localhost:1234/"), execute, 7),
    ),
    # … asked as well as possible where it is not
    (
        checked("CMD-SHELL", "curl -f http://localhost:80/ | grep ok"),
        around(WEB),
        HttpProbe(WEB, "/", 399, "localhost:80"),
    ),
    (checked("CMD-SHELL", "mysqladmin ping"), around(WEB), TcpProbe(WEB)),
    (checked("CMD", "curl", "-f", "http://localhost:1234/"), around(WEB), TcpProbe(WEB)),
    (
        said(healthcheck=Healthcheck(("CMD", "pg_isready"), disabled=True)),
        around(WEB, DB),
        TcpProbe(WEB),
    ),
    # 4. the image
    (said(image="postgres:15"), around(DB), PostgresProbe(DB)),
    (
        said(image="registry.example:5000/bitnami/postgresql:15-debian"),
        around(DB, environment={"POSTGRESQL_USERNAME": "u", "POSTGRESQL_DATABASE": "d"}),
        PostgresProbe(DB, "u", "d"),
    ),
    (said(image="postgis/postgis@sha256:0123"), around(ADMIN), PostgresProbe(ADMIN)),
    (said(image="redis"), around(CACHE), RedisProbe(CACHE)),
    (said(image="valkey/valkey:8"), around(CACHE), RedisProbe(CACHE)),
    (said(image="redis"), around(), RunningProbe()),
    # 5. a port; 6. nothing
    (said(image="redis-commander"), around(WEB), TcpProbe(WEB)),
    (said(ports=(Port(9000), Port(80))), around(WEB, ADMIN), TcpProbe(ADMIN)),
    (said(), around(), RunningProbe()),
]


@pytest.mark.parametrize(("given", "where", "probe"), CHOICES)
def test_choices(given: Component, where: Surroundings, probe: Probe) -> None:
    """The first that applies decides."""
    assert choose_probe(given, where) == probe


def test_a_published_port_is_looked_behind_first() -> None:
    """Where somebody else accepts connections for a component, whatever is asked there; a command asks nobody."""

    def listens(_port: int) -> bool:
        return True

    where = replace(around(WEB), listens=listens)
    assert choose_probe(ready(http="/ready"), where) == BehindProbe(HttpProbe(WEB, "/ready"), 80, listens)
    assert choose_probe(ready(tcp=80), where) == TcpProbe(WEB, listens)
    assert choose_probe(ready(command=("x",)), where) == CommandProbe(("x",), execute)


async def test_a_log_line() -> None:
    """The provider's reader is what is looked through."""
    where = replace(around(), read_log=lambda: ["up and running"])
    probe = choose_probe(ready(log="up and"), where)
    assert isinstance(probe, LogLineProbe)
    assert (await probe.check()).is_ready


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"http": "/ready", "port": 81}, "x-harness.ready of web needs port 81, which it does not have"),
        ({"tcp": 81}, "needs port 81"),
        ({"log": "("}, "x-harness.ready.log of web is no regular expression"),
    ],
)
def test_settings_that_cannot_be_met(settings: dict[str, Any], message: str) -> None:
    """The place in the file, what is wrong, and what there is."""
    with pytest.raises(SpecError) as caught:
        choose_probe(ready(**settings), around(WEB, ADMIN))
    assert caught.value.message.startswith("/project/compose.yml:1: ")
    assert message in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize(
    ("command", "environment", "password"),
    [
        (("redis-server", "--requirepass", "x"), {}, "x"),
        (("sh", "-c", 'exec redis-server --requirepass "$REDIS_PASSWORD"'), {"REDIS_PASSWORD": "y"}, "y"),
        (("redis-server", "--requirepass=${P:-z}"), {}, "z"),
        (("redis-server", "--REQUIREPASS", "two words"), {"REDIS_PASSWORD": "y"}, "two words"),
        (("redis-server",), {"REDIS_PASSWORD": "y"}, "y"),
        (("redis-server",), {}, None),
        (("redis-server", "--requirepass", "$NONE"), {}, None),
    ],
)
def test_a_redis_password(
    command: tuple[str, ...], environment: dict[str, str], password: str | None
) -> None:
    """Found where it was told to the server."""
    assert redis_password(said(command=command), MappingProxyType(environment)) == password
