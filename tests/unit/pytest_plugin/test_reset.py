"""Where the Compose file asks for it, a test starts from the seeded state, whatever the tests before it wrote."""

import re
import shlex
from collections import Counter
from pathlib import Path

import pytest

from harness.core.errors import ExitCode
from tests.doubles.tiny import Tiny

FEW_PLUGINS = {
    "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    "PYTEST_PLUGINS": "harness.pytest_plugin.plugin,xdist.plugin",
}
CACHE = """
  cache:
    image: redis:7
    ports: ["6379"]
    x-harness: {process: {embedded: redis}, exports: {TEST_CACHE_HOST: "{host}", TEST_CACHE_PORT: "{port}"}}
"""
COUNTING = """
import pytest
import redis

def count(ecosystem):
    at = ecosystem.endpoint("cache")
    with redis.Redis(host=at.host, port=at.port) as client:
        return client.incr("count")

@pytest.mark.parametrize("n", range(3))
def test_counts(ecosystem, n):
    assert count(ecosystem) == 1

def test_in_its_midst(ecosystem):
    count(ecosystem)
    assert ecosystem.reset() == {"cache": ("count",)}
    assert ecosystem.reset() == {}
    assert count(ecosystem) == 1
    ecosystem.snapshot("counted")
    assert count(ecosystem) == 2
    assert ecosystem.reset("counted") == {"cache": ("count",)}
    assert count(ecosystem) == 2

def test_without_the_ecosystem():
    assert True
"""


@pytest.fixture
def isolated(tmp_path: Path) -> Tiny:
    """A project that asks for isolation."""
    return asking(Tiny(tmp_path, CACHE, counting=COUNTING))


def asking(project: Tiny) -> Tiny:
    """Let its file ask for isolation."""
    file = project.folder / "docker-compose.test.yml"
    file.write_text(file.read_text().replace("x-harness:\n", "x-harness:\n  isolation: reset\n", 1))
    return project


def test_every_test_starts_from_the_seeded_state(isolated: Tiny) -> None:
    """Those that use the ecosystem: before each of them the state is put back, and that is a fact."""
    ended = isolated.run("pytest", "-q", **FEW_PLUGINS)
    assert ended.returncode == ExitCode.OK, ended.stdout
    assert len(isolated.names("StateKept")) == 1 + 1
    assert len(isolated.names("StateReset")) == 4 + 3


@pytest.mark.parametrize("command", [("pytest", "-q", "-n", "3"), ("harness", "test", "-n", "3")])
def test_each_worker_has_a_world_of_its_own(isolated: Tiny, command: tuple[str, ...]) -> None:
    """But the first, which has the environment itself; none is there afterwards."""
    ended = isolated.run(*command, **FEW_PLUGINS)
    assert ended.returncode == ExitCode.OK, ended.stdout
    assert len(isolated.names("WorldsPrepared")) == 1
    worlds = {event["world"] for event in isolated.names("WorldOpened")}
    assert worlds == {event["world"] for event in isolated.names("WorldClosed")} == {"gw1", "gw2"}
    assert command[0] == "pytest" or "2 worlds more, each ready after" in ended.stderr
    assert [event["leftovers"] for event in isolated.names("WorldClosed")] == [[], []]


WORLDS = """
import os, pytest
from test_counting import count

@pytest.mark.parametrize("n", range(30))
def test_in_one_world_only(ecosystem, n):
    assert count(ecosystem) == 1
    assert ecosystem.logs.joinpath("cache.log").exists()
    worker = os.environ["PYTEST_XDIST_WORKER"]
    assert worker == "gw0", f"in {ecosystem.logs.name} of {worker}"
"""


def test_a_failing_worker_keeps_its_world(isolated: Tiny) -> None:
    """With the states of its failed tests in it, and no other; commands tell worlds by name."""
    (isolated.folder / "tests" / "test_worlds.py").write_text(WORLDS)
    try:
        ended = isolated.run("harness", "test", "-n", "3", "--keep-on-failure", **FEW_PLUGINS)
        assert ended.returncode == ExitCode.SUITE_FAILED
        failed = [case for case in isolated.names("CaseFinished") if case["outcome"] == "failed"]
        assert {case["worker"] for case in failed} == {"gw1", "gw2"}
        assert all(f"in {case['worker']} of {case['worker']}" in case["message"] for case in failed)
        told = [
            shlex.split(line)
            for line in ended.stderr.splitlines()
            if "-e" in line and "::test_in_one" in line
        ]
        assert {words[-2].partition("@")[2] for words in told} == {"gw1", "gw2"}
        assert re.search(r"  cache of \w+@gw1: redis://127\.0\.0\.1:\d+\n", ended.stderr)
        back = isolated.run(*told[0][-5:])
        assert back.returncode == ExitCode.OK, back.stderr
        lost = isolated.run("harness", "reset", "-e", told[0][-2][:-1] + "7")
        assert lost.returncode == ExitCode.USAGE
        assert "no world 'gw7'" in lost.stderr
    finally:
        assert isolated.run("harness", "down", "--all").returncode == ExitCode.OK


def test_isolation_is_proved(isolated: Tiny) -> None:
    """In an order that can be had again; who left something is named, and it is a fact."""
    ended = isolated.run("pytest", "--prove-isolation", "--harness-order", "7", **FEW_PLUGINS)
    assert ended.returncode == ExitCode.OK, ended.stdout
    assert "random order: --harness-order 7" in ended.stdout
    assert "4 cases wrote something, which was put back" in ended.stdout
    assert "tests/test_counting.py::test_counts[1]  cache: count" in ended.stdout
    again = isolated.run("pytest", "--prove-isolation", "--harness-order", "7", **FEW_PLUGINS)
    order = [event["case"] for event in isolated.names("StateLeft")]
    assert len(order) == 4
    assert again.returncode == ExitCode.OK
    assert isolated.run("harness", "test", "--prove-isolation", **FEW_PLUGINS).returncode == ExitCode.OK
    assert {event["case"] for event in isolated.names("StateLeft")} == set(order)


def test_isolation_is_proved_with_several_workers(isolated: Tiny) -> None:
    """In one order that all share; what was left in any world is told."""
    for command in (("pytest",), ("harness", "test")):
        ended = isolated.run(*command, "-n", "2", "--prove-isolation", **FEW_PLUGINS)
        assert ended.returncode == ExitCode.OK, ended.stdout
        assert "4 cases wrote something, which was put back" in ended.stdout
        assert len({event["case"] for event in isolated.names("StateLeft")}) == 4


FAILING = """
import redis
from test_counting import count

def test_fails(ecosystem):
    count(ecosystem)
    assert count(ecosystem) == 1

def test_goes_on(ecosystem):
    assert count(ecosystem) == 1
"""


@pytest.mark.parametrize(
    "command", [("pytest", "-q", "--harness-keep-on-failure"), ("harness", "test", "--keep-on-failure")]
)
def test_the_state_of_a_failed_test_is_kept(tmp_path: Path, command: tuple[str, ...]) -> None:
    """The tests after it start clean all the same; the last words say how to go back to it."""
    project = asking(Tiny(tmp_path, CACHE, counting=COUNTING, failing=FAILING))
    ended = project.run(*command, **FEW_PLUGINS)
    assert ended.returncode == ExitCode.SUITE_FAILED
    assert "1 failed" in ended.stdout
    said = ended.stdout + ended.stderr
    back = next(line for line in said.splitlines() if "test_fails" in line and "back to a snapshot: " in line)
    words = shlex.split(back.partition("back to a snapshot: ")[2])
    assert words[-1] == "tests/test_failing.py::test_fails"
    assert re.search(r"  cache of \w+: redis://127\.0\.0\.1:\d+\n", said)
    assert "  the same test again: pytest --harness-seed 20240320 tests/test_failing.py::test_fails\n" in said
    assert project.run(*words).stdout == "cache  count\n"
    down = project.run("harness", "down", "--all")
    assert down.returncode == ExitCode.OK, down.stderr


def test_without_isolation_nothing_is_proved(isolated: Tiny) -> None:
    """Told before anything starts."""
    ended = isolated.run("harness", "test", "--prove-isolation", "--isolation", "none")
    assert ended.returncode == ExitCode.USAGE
    assert "there is no isolation to be proved" in ended.stderr


def test_an_order_that_nothing_follows_is_a_mistake(isolated: Tiny) -> None:
    """It is the one of a proof."""
    ordered = isolated.run("pytest", "--harness-order", "7", **FEW_PLUGINS)
    assert "--harness-order is the random order of --prove-isolation" in ordered.stdout + ordered.stderr


def test_workers_share_what_they_write_where_that_is_said(isolated: Tiny) -> None:
    """Whatever the Compose file says."""
    ended = isolated.run("pytest", "-q", "-n", "2", "--harness-isolation", "none", **FEW_PLUGINS)
    assert ended.returncode == ExitCode.SUITE_FAILED  # each of its tests counts on its own world
    assert isolated.names("StateKept") == []


def test_a_running_one_is_reset_from_the_shell(isolated: Tiny) -> None:
    """What had changed is the answer; without isolation there is nothing to go back to."""
    assert isolated.run("harness", "up").returncode == ExitCode.OK
    wrote = isolated.run("harness", "reset")
    assert (wrote.returncode, wrote.stdout) == (ExitCode.OK, "")
    assert "was already as it was seeded" in wrote.stderr
    assert isolated.run("harness", "snapshot", "[monday]").returncode == ExitCode.OK
    back = isolated.run("harness", "reset", "[monday]")
    assert "was already as in snapshot [monday]" in back.stderr
    unknown = isolated.run("harness", "reset", "tuesday")
    assert (unknown.returncode, "there is no snapshot 'tuesday'" in unknown.stderr) == (ExitCode.USAGE, True)
    assert isolated.run("harness", "down").returncode == ExitCode.OK


def test_without_isolation_there_is_no_way_back(tmp_path: Path) -> None:
    """The hint says what to write."""
    plain = Tiny(tmp_path, asking="def test_it(ecosystem): ecosystem.reset()\n")
    ended = plain.run("pytest", "-q", **FEW_PLUGINS)
    assert ended.returncode == ExitCode.SUITE_FAILED
    assert "no state is kept of this environment" in ended.stdout


def test_a_store_that_is_attached_is_used_and_never_reset(tmp_path: Path) -> None:
    """As service containers of a workflow are: it is somebody else's, and is kept from tests that would reset it."""
    theirs = Tiny(tmp_path / "theirs", CACHE)
    assert theirs.run("harness", "up").returncode == ExitCode.OK
    told = theirs.run("harness", "env").stdout
    at = {"TEST_CACHE_HOST": "localhost", "TEST_CACHE_PORT": told.partition("TEST_CACHE_PORT=")[2].split()[0]}
    ours = asking(
        Tiny(tmp_path / "ours", CACHE, using="def test_it(ecosystem): assert ecosystem.endpoint('cache')")
    )
    refused = ours.run("harness", "test", "--attach", "cache", **at)
    assert refused.returncode == ExitCode.USAGE
    assert "every test would reset cache, and what is attached is somebody else's" in refused.stderr
    assert "--isolation none" in refused.stderr
    used = ours.run("harness", "test", "--attach", "cache", "--isolation", "none", **at)
    assert used.returncode == ExitCode.OK, used.stdout + used.stderr
    assert theirs.run("harness", "down").returncode == ExitCode.OK


BREAKING = """
import pytest
import redis

def test_breaks(ecosystem):
    at = ecosystem.endpoint("cache")
    with redis.Redis(host=at.host, port=at.port) as client:
        client.shutdown(nosave=True)

@pytest.mark.parametrize("n", range(3))
def test_starts_clean(ecosystem, n):
    assert ecosystem
"""


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (("pytest",), "environment: cache: its keys cannot be put back"),
        (("pytest", "--prove-isolation"), "environment: cache: its keys cannot be put back"),
        (("harness", "test"), "error: cache ended with exit code 0"),
        (("harness", "test", "--prove-isolation"), "error: cache ended with exit code 0"),
    ],
)
def test_a_state_that_cannot_be_put_back_is_told_once(
    tmp_path: Path, command: tuple[str, ...], told: str
) -> None:
    """In our words, and not as an error of pytest's, nor of every test that follows; reports are there."""
    project = asking(Tiny(tmp_path, CACHE, breaking=BREAKING))
    ended = project.run(*command, **FEW_PLUGINS)
    said = ended.stdout + ended.stderr
    assert ended.returncode == ExitCode.ENVIRONMENT, said
    assert told in said
    assert [word for word in ("Traceback", "INTERNALERROR", "harness/keeper") if word in said] == []
    outcomes = Counter(event["outcome"] for event in project.names("CaseFinished"))
    assert outcomes["error"] <= 1
    assert outcomes["interrupted"] <= 1
    assert (project.folder / "results" / "latest" / "report.html").exists()


def test_workers_that_only_pytest_hears_of_are_refused(isolated: Tiny) -> None:
    """Nobody would prepare worlds for them."""
    for command, variables in ((("--", "-n", "2"), {}), ((), {"PYTEST_ADDOPTS": "-n 2"})):
        ended = isolated.run("harness", "test", *command, **FEW_PLUGINS, **variables)
        assert ended.returncode == ExitCode.USAGE
        assert "-n 2 is said to pytest alone" in ended.stderr
        assert not (isolated.folder / "results").exists()
