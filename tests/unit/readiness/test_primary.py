"""Which port is meant when none is named."""

from dataclasses import replace

import pytest

from harness.core.endpoint import Endpoint
from harness.readiness.primary import primary_endpoint
from harness.spec.model import ComponentSettings, Port, ProcessSettings
from tests.doubles.plans import component

WEB, ADMIN = Endpoint("127.0.0.1", 40001, 80), Endpoint("127.0.0.1", 40002, 9000)


@pytest.mark.parametrize(
    ("ports", "own", "endpoints", "primary"),
    [
        ((80, 9000), None, {9000: ADMIN, 80: WEB}, WEB),  # the file's order, not the provider's
        ((80, 9000), 9000, {80: WEB, 9000: ADMIN}, ADMIN),  # what x-harness.process says
        ((443, 9000), None, {9000: ADMIN}, ADMIN),  # the first that is reachable
        ((), None, {80: WEB}, WEB),  # a port the provider knows of
        ((80,), None, {}, None),
        ((), None, {}, None),
    ],
)
def test_the_primary_endpoint(
    ports: tuple[int, ...], own: int | None, endpoints: dict[int, Endpoint], primary: Endpoint | None
) -> None:
    """By setting, by the file's order, by what is reachable."""
    process = ProcessSettings(command=("x",), port=own)
    given = replace(
        component("web"),
        ports=tuple(Port(port) for port in ports),
        settings=ComponentSettings(process=process),
    )
    assert primary_endpoint(given, endpoints) == primary
