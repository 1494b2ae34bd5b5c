"""Everything has an address before anything starts."""

from pathlib import Path

import pytest

from harness.core.endpoint import Endpoint
from harness.plan.model import Plan, Step
from harness.providers.existing import Attached
from harness.providers.process.addresses import Addresses
from harness.spec.model import Component, ComponentSettings, Ecosystem, Location, Port, ProcessSettings

HERE = Location(Path("compose.yml"), 1)


async def laid(*components: Component, attached: dict[str, Attached] | None = None) -> Addresses:
    """The addresses of these components."""
    addresses = Addresses(attached or {})
    ecosystem = Ecosystem("example", Path.cwd(), (HERE.path,), {each.name: each for each in components})
    await addresses.lay(ecosystem, Plan(tuple(Step(each, level=0) for each in components)))
    return addresses


@pytest.mark.parametrize(
    ("process", "ports", "expected"),
    [
        (ProcessSettings(command=("x",)), (80, 443), [80, 443]),
        (ProcessSettings(command=("x",), port=9000), (80,), [9000, 80]),
        (ProcessSettings(command=("x",), port=80), (443, 80), [80, 443]),
        (ProcessSettings(command=("x",)), (), []),
        (ProcessSettings(app="a:b"), (), [8000]),
        (ProcessSettings(call="a:b"), (), []),
        (ProcessSettings(embedded="redis"), (), [6379]),
    ],
)
async def test_ports_are_reserved_for_all_that_listens(
    process: ProcessSettings, ports: tuple[int, ...], expected: list[int]
) -> None:
    """The file's, the one meant by default first; an application without any has 8000, a server its usual one."""
    settings = ComponentSettings(process=process)
    listed = tuple(Port(port) for port in ports)
    addresses = await laid(Component("one", HERE, ports=listed, settings=settings))
    endpoints = addresses.of("one")
    assert list(endpoints) == expected
    assert {endpoint.host for endpoint in endpoints.values()} <= {"127.0.0.1"}
    assert len({endpoint.port for endpoint in endpoints.values()}) == len(expected)
    await addresses.aclose()


async def test_each_reaches_the_others_by_every_name() -> None:
    """What runs already is where it is: nothing is reserved for it."""
    there = Endpoint("db.example.com", 15432, 5432)
    db = Component("db", HERE, ports=(Port(5432),), aliases=("database",))
    web = Component("web", HERE, ports=(Port(80),))
    addresses = await laid(db, web, attached={"db": Attached(db, {5432: there}, {})})
    seen = addresses.seen_from("web")
    assert seen["db"] == seen["database"] == addresses.of("db") == {5432: there}
    assert addresses.seen_by_tests("web") == addresses.of("web")
    await addresses.aclose()
