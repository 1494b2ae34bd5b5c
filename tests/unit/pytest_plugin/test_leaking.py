"""Where isolation is proved, whoever leaves a connection, a file or a descriptor behind is named."""

import re
from pathlib import Path
from typing import Any

import pytest

from harness.core.errors import ExitCode
from tests.doubles.tiny import Tiny
from tests.unit.pytest_plugin.test_reset import CACHE, FEW_PLUGINS, asking

LEAVING = """
import os
import socket
import tempfile

import pytest

KEPT = []

def connected(ecosystem, component="cache"):
    at = ecosystem.endpoint(component)
    return socket.create_connection((at.host, at.port))

@pytest.fixture(scope="session")
def pool(ecosystem):
    with connected(ecosystem) as connection:
        yield connection

@pytest.fixture
def tidy(ecosystem, tmp_path):
    (tmp_path / "pytest's own").write_text("")
    with connected(ecosystem), open("for_a_moment.txt", "w"):
        yield
    os.remove("for_a_moment.txt")

def test_leaves_nothing(ecosystem, tidy):
    with connected(ecosystem):
        assert True

def test_leaves_connections(ecosystem):
    KEPT.extend([connected(ecosystem), connected(ecosystem), connected(ecosystem, "web")])

def test_leaves_another_connection():
    server = socket.create_server(("127.0.0.1", 0))
    KEPT.extend([server, socket.create_connection(server.getsockname())])

def test_leaves_files(ecosystem):
    os.makedirs("made/deep")
    open("made/deep/in.txt", "w").close()
    open("plain.txt", "w").close()
    os.makedirs(".hidden_cache")
    open(".hidden_cache/file", "w").close()
    tempfile.mkdtemp(prefix="forgotten-")

def test_leaves_a_descriptor_and_fails(ecosystem):
    KEPT.append(open("plain.txt", "a"))
    assert not KEPT

def test_uses_a_pool(ecosystem, pool):
    assert pool
"""
TIDY = """
import asyncio
import pathlib
import subprocess
import sys

import pytest

@pytest.mark.asyncio
@pytest.mark.parametrize("n", range(3))
async def test_asynchronous(ecosystem, n):
    at = ecosystem.endpoint("cache")
    _, writer = await asyncio.open_connection(at.host, at.port)
    writer.close()
    await writer.wait_closed()

def test_captures(ecosystem, capfd, tmp_path):
    (tmp_path / "a").write_text("")
    subprocess.run([sys.executable, "-c", "print(1)"], check=True)
    assert capfd.readouterr().out

def test_without_the_ecosystem():
    pathlib.Path("for_a_moment.txt").touch()
    pathlib.Path("for_a_moment.txt").unlink()
"""
FORGETTING = """
import pytest
from test_leaving import KEPT, connected

@pytest.fixture(scope="module")
def forgetful(ecosystem):
    KEPT.append(connected(ecosystem))
    open("of_a_fixture.txt", "w").close()
    yield
    assert KEPT

def test_uses_what_is_forgetful(ecosystem, forgetful):
    assert KEPT
"""


@pytest.mark.parametrize("command", [("pytest",), ("harness", "test")])
def test_who_leaves_something_is_named(tmp_path: Path, command: tuple[str, ...]) -> None:
    """With what it is; a fixture of a wider scope may hold on to it until it ends, and no longer."""
    project = asking(Tiny(tmp_path, CACHE, leaving=LEAVING, forgetting=FORGETTING))
    (project.folder / "plain.txt").touch()  # it was there before
    ended = project.run(*command, "--prove-isolation", **FEW_PLUGINS)
    assert ended.returncode == ExitCode.SUITE_FAILED, ended.stdout + ended.stderr
    facts = project.names("ResourcesLeft")
    assert {name_of(fact): told(fact) for fact in facts if not fact["fixture"]} == {
        "leaves_connections": ["cache, from port N", "cache, from port N", "web, from port N"],
        "leaves_another_connection": ["a socket on 127.0.0.1 port N", "a socket to 127.0.0.1 port N"],
        "leaves_files": [str(project.temporary / "forgotten-"), "made"],
        "leaves_a_descriptor_and_fails": [str(project.folder / "plain.txt")],
        "uses_what_is_forgetful": ["cache, from port N", "of_a_fixture.txt"],
    }
    assert {(name_of(fact), fact["fixture"], *told(fact)) for fact in facts if fact["fixture"]} == {
        ("uses_a_pool", "pool", "cache, from port N"),
        ("uses_what_is_forgetful", "forgetful", "cache, from port N"),
    }
    assert "5 cases left connections, files or descriptors" in ended.stdout
    assert "::test_leaves_connections  connections: cache (2 times), web\n" in ended.stdout
    assert "no leak: fixture pool, first used by tests/test_leaving.py::test_uses_a_pool  " in ended.stdout


def test_who_leaves_nothing_is_not_named(tmp_path: Path) -> None:
    """Whatever the harness, pytest and asyncio themselves keep open."""
    project = asking(Tiny(tmp_path, CACHE, tidy=TIDY))
    ended = project.run("pytest", "--prove-isolation")
    assert ended.returncode == ExitCode.OK, ended.stdout + ended.stderr
    assert project.names("ResourcesLeft") == []
    assert "0 cases left connections, files or descriptors" in ended.stdout


def name_of(fact: dict[str, Any]) -> str:
    """The case, shortly."""
    return str(fact["case"]).partition("::test_")[2]


def told(fact: dict[str, Any]) -> list[str]:
    """All that was left, without what differs from run to run."""
    words = [*fact["connections"], *fact["files"], *fact["descriptors"]]
    return [re.sub(r"port \d+$", "port N", re.sub(r"(?<=forgotten-)\w+", "", word)) for word in words]
