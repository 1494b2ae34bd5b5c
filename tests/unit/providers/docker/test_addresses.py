"""Where a container is reached, from its machine, from within another container, and from elsewhere."""

import pytest

from harness.core.endpoint import Endpoint
from harness.core.errors import EnvironmentFailedError, ExitCode, ProviderUnavailableError
from harness.providers.docker import addresses
from harness.providers.docker.addresses import Addresses
from tests.doubles.containers import FakeContainer, FakeDocker
from tests.doubles.images import refusal

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


def place(monkeypatch: pytest.MonkeyPatch, own: FakeContainer | None) -> None:
    """We are in that container; in none with None, wherever the tests run."""
    monkeypatch.setattr(addresses, "own_container", lambda _engine: own)


def job(engine: FakeDocker, network: str = "bridge") -> FakeContainer:
    """A container that the harness may run in."""
    return engine.create("example/job:1", name="job", labels=LABELS, network=network)


def test_on_the_engines_machine_it_is_the_published_port(
    engine: FakeDocker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On loopback; ports that the image exposes and nobody published are not reachable."""
    place(monkeypatch, None)
    found = Addresses(engine, "net")  # type: ignore[arg-type]  # a double
    container = made(engine, p80=4080, p81=4081)
    container.attrs["NetworkSettings"]["Ports"]["9000/tcp"] = None
    assert not found.is_inside
    assert found.of(container, (80, 81)) == {  # type: ignore[arg-type]  # a double
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
    own = job(engine)
    place(monkeypatch, own)
    found = Addresses(engine, "net")  # type: ignore[arg-type]  # a double
    container = made(engine)
    container.attrs["NetworkSettings"]["Ports"] = {"80/tcp": None, "53/udp": None}
    found.join()
    assert engine.networks.get("net").joined == [own.id]
    assert found.of(container, ()) == {80: Endpoint("172.30.0.2", 80, 80)}  # type: ignore[arg-type]  # a double
    found.leave()
    found.leave()
    assert engine.networks.get("net").joined == []


def test_within_a_container_a_port_may_be_the_files_alone(
    engine: FakeDocker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is published there, so the engine shows only what the image exposes: an image need not say any."""
    place(monkeypatch, job(engine))
    container = made(engine)
    container.attrs["NetworkSettings"]["Ports"] = {"80/tcp": None}
    found = Addresses(engine, "net").of(container, (8000, 80))  # type: ignore[arg-type]  # a double
    assert found == {port: Endpoint("172.30.0.2", port, port) for port in (8000, 80)}


def test_within_a_container_of_the_machines_network_it_is_the_published_port(
    engine: FakeDocker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`network_mode: host`: loopback is that of the engine's machine, and such a container can join nothing."""
    place(monkeypatch, job(engine, "host"))
    engine.refusals["connect"] = refusal(400, "cannot be connected to any other network")
    found = Addresses(engine, "net")  # type: ignore[arg-type]  # a double
    found.join()
    assert not found.is_inside
    assert found.of(made(engine, p80=4080), (80,)) == {  # type: ignore[arg-type]  # a double
        80: Endpoint("127.0.0.1", 4080, 80)
    }


def test_a_container_that_can_join_no_network_is_told(
    engine: FakeDocker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With what the engine said, exit code 3, and in which networks it works."""
    place(monkeypatch, job(engine, "none"))
    engine.refusals["connect"] = refusal(400, "one of the networks is in private (none) mode")
    with pytest.raises(EnvironmentFailedError, match=r"cannot join .*: one of the networks") as caught:
        Addresses(engine, "net").join()  # type: ignore[arg-type]  # a double
    assert caught.value.exit_code is ExitCode.ENVIRONMENT
    assert "`--network host`" in caught.value.hint


def test_leaving_a_network_that_was_never_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """As after a start that was broken off."""
    engine = FakeDocker()
    place(monkeypatch, job(engine))
    Addresses(engine, "net").leave()  # type: ignore[arg-type]  # a double


def test_an_engine_of_another_name_is_here_when_it_runs_us(
    engine: FakeDocker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As with DOCKER_HOST=tcp://host.docker.internal:2375 within a container."""
    place(monkeypatch, job(engine))
    vars(engine)["_host"] = "host.docker.internal"
    assert Addresses(engine, "net").is_inside  # type: ignore[arg-type]  # a double


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1"])
def test_an_engine_behind_loopback_is_here(host: str) -> None:
    """However DOCKER_HOST spells it."""
    Addresses(FakeDocker(host=host), "net")  # type: ignore[arg-type]  # a double


def test_an_engine_elsewhere_is_refused() -> None:
    """With its name, before anything is made there: what it publishes on its loopback is out of reach."""
    with pytest.raises(ProviderUnavailableError, match=r"on another machine \(build\.example\)") as caught:
        Addresses(FakeDocker(host="build.example"), "net")  # type: ignore[arg-type]  # a double
    assert caught.value.exit_code is ExitCode.ENVIRONMENT
    assert "run the harness on that machine" in caught.value.hint
