"""Where a container is reached, from its machine, from within another container, and from elsewhere."""

import pytest

from harness.core.endpoint import Endpoint
from harness.core.errors import ExitCode, ProviderUnavailableError
from harness.providers.docker import addresses
from harness.providers.docker.addresses import Addresses
from tests.doubles.containers import FakeContainer, FakeDocker

LABELS: dict[str, str] = {}


def made(engine: FakeDocker, **ports: int) -> FakeContainer:
    """A container in the network `net`, with container ports p80=… published."""
    published = {f"{target[1:]}/tcp": ("127.0.0.1", port) for target, port in ports.items()}
    return engine.create("example/web:1", name="net-web", labels=LABELS, network="net", ports=published)


@pytest.fixture
def engine() -> FakeDocker:
    """One with a network."""
    engine = FakeDocker()
    engine.networks.create("net", labels=LABELS, driver="bridge")
    return engine


def place(monkeypatch: pytest.MonkeyPatch, own_id: str | None) -> None:
    """We are in the container of that id; in none with None, wherever the tests run."""
    monkeypatch.setattr(addresses, "get_running_in_container_id", lambda: own_id)


def test_on_the_engines_machine_it_is_the_published_port(
    engine: FakeDocker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On loopback; ports that the image exposes and nobody published are not reachable."""
    place(monkeypatch, None)
    found = Addresses(engine, "net")  # type: ignore[arg-type]
    container = made(engine, p80=4080, p81=4081)
    container.attrs["NetworkSettings"]["Ports"]["9000/tcp"] = None
    assert not found.is_inside
    assert found.of(container) == {  # type: ignore[arg-type]
        80: Endpoint("127.0.0.1", 4080, 80),
        81: Endpoint("127.0.0.1", 4081, 81),
    }
    found.join()
    found.leave()
    assert engine.networks.get("net").joined == []


def test_within_a_container_it_is_the_address_in_the_network(
    engine: FakeDocker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which we join, and leave again, also twice; TCP ports only."""
    place(monkeypatch, "ourselves")
    found = Addresses(engine, "net")  # type: ignore[arg-type]
    container = made(engine)
    container.attrs["NetworkSettings"]["Ports"] = {"80/tcp": None, "53/udp": None}
    found.join()
    assert engine.networks.get("net").joined == ["ourselves"]
    assert found.of(container) == {80: Endpoint("172.30.0.2", 80, 80)}  # type: ignore[arg-type]
    found.leave()
    found.leave()
    assert engine.networks.get("net").joined == []


def test_leaving_a_network_that_was_never_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """As after a start that was broken off."""
    place(monkeypatch, "ourselves")
    Addresses(FakeDocker(), "net").leave()  # type: ignore[arg-type]


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1"])
def test_an_engine_behind_loopback_is_here(host: str) -> None:
    """However DOCKER_HOST spells it."""
    Addresses(FakeDocker(host=host), "net")  # type: ignore[arg-type]


def test_an_engine_elsewhere_is_refused() -> None:
    """With its name, before anything is made there: what it publishes on its loopback is out of reach."""
    with pytest.raises(ProviderUnavailableError, match=r"on another machine \(build\.example\)") as caught:
        Addresses(FakeDocker(host="build.example"), "net")  # type: ignore[arg-type]
    assert caught.value.exit_code is ExitCode.ENVIRONMENT
    assert "run the harness on that machine" in caught.value.hint
