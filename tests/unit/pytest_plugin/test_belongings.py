"""What is open and what lies about is found, but for what tools keep for themselves."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.core.endpoint import Endpoint
from harness.pytest_plugin.belongings import Connections, Descriptor, File, Places


@pytest.fixture
def places(tmp_path: Path) -> Places:
    """A project with a folder for results in it."""
    project = tmp_path / "project"
    project.mkdir()
    return Places(project, frozenset({str(project / "results")}))


@pytest.fixture
def server() -> Iterator[socket.socket]:
    """Somebody listens, for IPv4 and IPv6."""
    with socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True) as made:
        yield made


def write(*paths: Path) -> None:
    """Make files, with the folders they are in."""
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def files(places: Places) -> set[str]:
    """Of what is found, the files and folders as a person says them."""
    return {places.named(thing.path) for thing in places.look() if isinstance(thing, File)}


def descriptors(places: Places) -> set[Descriptor]:
    """Of what is found, what is open."""
    return {thing for thing in places.look() if isinstance(thing, Descriptor)}


def test_files_of_tools_are_passed_over(places: Places) -> None:
    """Hidden folders, results, virtual environments and caches, by the marks that their standards name."""
    tools = (
        ".git/index",
        ".venv/bin/python",
        "env/pyvenv.cfg",
        "env/bin/python",
        "build/CACHEDIR.TAG",
        "tests/__pycache__/test.pyc",
        "results/latest/report.html",
    )
    write(*(places.project / path for path in (*tools, "tests/data/left.txt", ".left")))
    assert files(places) == {"tests", "tests/data", "tests/data/left.txt", ".left", "env", "build"}


def test_a_link_is_not_followed(places: Places) -> None:
    """It may lead round in a circle, or out of the project."""
    (places.project / "round").symlink_to(places.project)
    assert files(places) == {"round"}


def test_a_folder_that_goes_meanwhile_is_empty(places: Places) -> None:
    """As what a component has just removed."""
    places.project.rmdir()
    assert files(places) == set()


def test_what_is_opened_anew_is_told_apart(places: Places) -> None:
    """Also where the number is the same as before."""
    before = descriptors(places)
    reading, writing = os.pipe()
    (first,) = {each for each in descriptors(places) - before if each.number == reading}
    with socket.socket() as other:
        os.dup2(other.fileno(), reading)
        (second,) = {each for each in descriptors(places) - before if each.number == reading}
    os.close(reading)
    os.close(writing)
    assert first != second
    assert (first.is_socket, second.is_socket) == (False, True)
    assert descriptors(places) == before


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "::ffff:127.0.0.1"])
def test_a_connection_is_told_by_its_component(places: Places, server: socket.socket, host: str) -> None:
    """Whatever form its address has."""
    port = server.getsockname()[1]
    connections = Connections.to({"db": [Endpoint("localhost", port, 5432), Endpoint("127.0.0.1", port, 5432),
                                         Endpoint("::1", port, 5432)]})  # fmt: skip
    before = descriptors(places)
    with socket.create_connection((host, port)) as own:
        told = connections.tell(descriptors(places) - before)
        assert told == ((f"db, from port {own.getsockname()[1]}",), ())


def test_what_else_is_open_is_told_as_well_as_it_can_be(places: Places, server: socket.socket) -> None:
    """In the order in which it was opened."""
    port, before = server.getsockname()[1], descriptors(places)
    with (
        socket.create_connection(("127.0.0.1", port)),
        socket.create_server(("127.0.0.1", 0)) as another,
        socket.socket(socket.AF_UNIX),
        (places.project / "log").open("w"),
    ):
        _, told = Connections({}).tell(descriptors(places) - before)
        assert set(told) >= {
            f"a socket to 127.0.0.1 port {port}",
            f"a socket on 127.0.0.1 port {another.getsockname()[1]}",
            "a socket",
            str(places.project / "log"),
        }


def test_a_component_whose_name_is_unknown_here_is_nobodys_peer() -> None:
    """As an address that only containers know."""
    assert Connections.to({"db": [Endpoint("no-such-host.invalid", 5432, 5432)]}).components == {}
