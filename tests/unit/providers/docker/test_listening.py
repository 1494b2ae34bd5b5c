"""Whether somebody listens behind a published port, seen at the container's own address."""

import socket
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from harness.providers.docker import listening
from harness.providers.docker.listening import behind

if TYPE_CHECKING:
    from docker.models.containers import Container

NETWORK = "0123456789abcdef"
BRIDGE = "br-0123456789ab"


@pytest.fixture(autouse=True)
def interfaces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """This machine has the bridge of the container's network."""
    monkeypatch.setattr(listening, "_INTERFACES", tmp_path)
    (tmp_path / BRIDGE).mkdir()
    return tmp_path


def container(address: str = "127.0.0.1") -> "Container":
    """One that has an address in that network."""
    network = {"IPAddress": address, "NetworkID": NETWORK}
    return cast("Container", SimpleNamespace(attrs={"NetworkSettings": {"Networks": {"net": network}}}))


def test_it_is_seen_at_once_whether_it_listens() -> None:
    """A port that is only bound is refused until somebody listens there."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        port = server.getsockname()[1]
        assert behind(container())(port) is False
        server.listen()
        assert behind(container())(port) is True


def test_another_machines_network_is_not_asked(interfaces: Path) -> None:
    """The same address may be somebody else's here."""
    (interfaces / BRIDGE).rmdir()
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert behind(container())(server.getsockname()[1]) is None


def test_a_container_without_an_address_is_not_guessed() -> None:
    """As one that has ended meanwhile."""
    assert behind(container(address=""))(8000) is None


def test_what_does_not_answer_at_once_is_not_guessed() -> None:
    """A full backlog takes no connection, and refuses none."""
    with socket.socket() as server, socket.socket() as first:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        first.connect(server.getsockname())
        assert behind(container())(server.getsockname()[1]) is None
