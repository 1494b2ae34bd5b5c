"""Each source has an address of its own for what it reaches, and nobody one for itself."""

from harness.core.endpoint import Endpoint
from harness.faults import TESTS
from harness.faults.links import Links
from tests.unit.faults.stage import LOOPBACK

DB = {80: Endpoint(LOOPBACK, 1, 80), 81: Endpoint(LOOPBACK, 2, 81, scheme="https")}


async def test_addresses() -> None:
    """One for each source and port; where there is no link, the component's own."""
    links = Links()
    try:
        await links.lay("db", DB.values(), ("api", "db", TESTS), LOOPBACK)
        seen = {source: links.seen_from(source, "db", DB) for source in ("api", TESTS)}
        ports = {endpoint.port for each in seen.values() for endpoint in each.values()}
        assert len(ports) == len(list(links)) == 4
        assert seen["api"][81].scheme == "https"
        assert links.seen_from("db", "db", DB) == DB
        assert links.seen_from("api", "other", DB) == DB
    finally:
        await links.aclose()
