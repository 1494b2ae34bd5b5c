"""Published and exposed ports."""

from collections.abc import Callable

import pytest

from harness.spec.model import Diagnostic, Port
from tests.unit.spec.conftest import LoadService


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ('"80"', [Port(80)]),
        ("443", [Port(443)]),
        ('"8080:80"', [Port(80, 8080)]),
        ('"127.0.0.1:8080:80"', [Port(80, 8080)]),
        ('"127.0.0.1::80"', [Port(80)]),
        ('"[::1]:8080:80"', [Port(80, 8080)]),
        ('"53:53/udp"', [Port(53, 53, "udp")]),
        ('"7000-7001:8000-8001"', [Port(8000, 7000), Port(8001, 7001)]),
        ('"3000-3001"', [Port(3000), Port(3001)]),
        ('"8000-8010:80"', [Port(80, 8000)]),
        ('":80"', [Port(80)]),
        ('"${PORT:-1}:80"', [Port(80, 1)]),
        ("{target: 80}", [Port(80)]),
        ('{target: 80, published: "8080", host_ip: 127.0.0.1, protocol: udp}', [Port(80, 8080, "udp")]),
        ("{target: 80, published: 0, name: web, app_protocol: http}", [Port(80)]),
    ],
)
def test_short_and_long_forms(service: LoadService, written: str, expected: list[Port]) -> None:
    """The published port is a wish; the host address is not kept."""
    assert list(service(f"ports: [{written}]").ports) == expected


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ('"a:80"', "'a:80' is not a port"),
        ('"80:"', "'80:' is not a port"),
        ('"70000"', "'70000' is not a port"),
        ('"127.0.0.1:80"', "is not a port"),
        ('"1-2:3-5"', "2 published ports stand against 3 target ports"),
        ('"80/icmp"', "is not tcp, udp or sctp"),
        ("{published: 80}", "this port has no target"),
        ("{target: 80, protcol: udp}", "port has no key 'protcol'"),
        ("[80]", "expected a port, found a list"),
    ],
)
def test_faulty_ports(diagnostic_in: Callable[..., Diagnostic], written: str, message: str) -> None:
    """Each faulty port is told at its own line, with the forms that there are."""
    diagnostic = diagnostic_in(f"ports:\n  - 80\n  - {written}")
    assert diagnostic.location.line == 7
    assert message in diagnostic.message
    assert diagnostic.remedy


def test_exposed_ports_join_the_targets_once(service: LoadService) -> None:
    """`targets` are the TCP ports, published ones first."""
    web = service('ports: ["8080:80", "53:53/udp"]\nexpose: ["80", 81, "90-91/tcp", "99/udp"]')
    assert web.expose == (80, 81, 90, 91)
    assert web.targets == (80, 81, 90, 91)
