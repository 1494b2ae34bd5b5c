"""Containers are pointed to proxies where the file asks for them, and to nothing else."""

from collections.abc import AsyncIterator
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from harness.core.errors import EnvironmentFailedError, UsageError
from harness.faults import TESTS
from harness.plan.model import Plan, Step
from harness.providers.docker.proxies import Proxies
from harness.spec.model import Component, ComponentSettings, Ecosystem, EcosystemSettings, Location, Port

HERE = Location(Path("/project/compose.yml"), 3)
OURS = "127.0.0.1"


def component(name: str, *ports: int, faults: bool = False, **fields: Any) -> Component:
    """A component that listens on `ports`."""
    listed = tuple(map(Port, ports))
    return Component(name, HERE, ports=listed, settings=ComponentSettings(faults=faults), **fields)


API = component(
    "api",
    80,
    environment=MappingProxyType({"DB": "postgresql://u:p@db:5432/x", "OWN": "http://api:80", "WORD": "db"}),
    command=("serve", "--cache", "store:5432"),
)
DB = component("db", 5432, faults=True, aliases=("store",))
JOB = component("job")


def ecosystem(*, is_for_all: bool = False) -> Ecosystem:
    """The three."""
    return Ecosystem(
        "example",
        HERE.path.parent,
        (HERE.path,),
        {c.name: c for c in (API, DB, JOB)},
        settings=EcosystemSettings(faults=is_for_all),
    )


PLAN = Plan((Step(DB, 0), Step(JOB, 1, is_one_shot=True), Step(API, 1)))


@pytest.fixture
async def proxies() -> AsyncIterator[Proxies]:
    """Laid before `db`, whose port is published as 4999."""
    made = Proxies(ecosystem())
    assert made.wanted(PLAN) == (DB,)
    await made.lay({"db": (DB, {5432: 4999})}, OURS)
    yield made
    await made.links.aclose()


async def test_addresses_lead_to_the_proxy_of_their_reader(proxies: Proxies) -> None:
    """By name and by alias, in variables and arguments; its own address and mere words stay."""
    [port] = [
        e.port
        for e in proxies.links.seen_from("api", "db", {5432: next(iter(proxies.links)).behind}).values()
    ]
    pointed = proxies.pointed(API)
    assert pointed.environment == {
        "DB": f"postgresql://u:p@{OURS}:{port}/x",
        "OWN": "http://api:80",
        "WORD": "db",
    }
    assert pointed.command == ("serve", "--cache", f"{OURS}:{port}")
    assert proxies.pointed(DB) == DB


async def test_each_source_has_its_own(proxies: Proxies) -> None:
    """One-shots and the tests too; all lead to the published port."""
    assert {link.source for link in proxies.links} == {"job", "api", TESTS}
    assert {link.behind.port for link in proxies.links} == {4999}


def test_the_file_may_ask_for_all() -> None:
    """Of those that listen, and stay."""
    assert Proxies(ecosystem(is_for_all=True)).wanted(PLAN) == (DB, API)


def test_without_proxies_nothing_changes() -> None:
    """The component is the same."""
    assert Proxies(ecosystem()).pointed(API) is API


def test_who_listens_nowhere_has_no_proxy() -> None:
    """The reader is told what to name."""
    worker = component("worker", faults=True)
    with pytest.raises(UsageError, match=r"worker has .* names no port"):
        Proxies(ecosystem()).wanted(Plan((Step(worker, 0),)))


async def test_a_gateway_elsewhere_is_told() -> None:
    """As with a rootless engine, or one in a virtual machine."""
    made = Proxies(ecosystem())
    made.wanted(PLAN)
    with pytest.raises(EnvironmentFailedError, match=r"203\.0\.113\.1, which is not this machine's"):
        await made.lay({"db": (DB, {5432: 4999})}, "203.0.113.1")
    await made.links.aclose()
