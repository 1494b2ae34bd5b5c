"""What `harness up` keeps is what pytest uses, where it is what pytest would start; and it is left as it was."""

import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from harness.core.errors import ExitCode
from tests.doubles.tiny import Tiny, finish

FEW_PLUGINS = {
    "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    "PYTEST_PLUGINS": "harness.pytest_plugin.plugin,xdist.plugin",
}
_PATIENCE = 30.0  # seconds before something that does not happen counts as missing
FILE = """
name: tiny
x-harness:
  isolation: reset
  preload: [shared]
  seed: seeded:seed
  suites: {tiny: tests}
services:
  cache:
    image: redis:7
    ports: ["6379"]
    x-harness: {process: {embedded: redis}, exports: {TEST_CACHE_PORT: "{port}"}}
  forked:
    image: example/forked
    ports: ["8000"]
    x-harness: {process: {app: "forked:app"}}
  executed:
    image: example/executed
    x-harness: {process: {command: [python3, executed.py]}, ready: {log: executed says}}
"""
SOURCES = {
    "shared": "WORDS = 'hello'\n",
    "forked": """
import shared
print("forked says", shared.WORDS, flush=True)

async def app(scope, receive, send):
    while scope["type"] == "lifespan":
        kind = (await receive())["type"]
        await send({"type": kind + ".complete"})
        if kind == "lifespan.shutdown":
            return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b""})
""",
    "executed": "import signal\nprint('executed says hello', flush=True)\nsignal.pause()\n",
    "seeded": """
import redis
from types import SimpleNamespace

async def seed(environment):
    with redis.Redis(port=int(environment.variables["TEST_CACHE_PORT"])) as client:
        client.set("count", environment.seed)
    return SimpleNamespace(counts={}, digest="")
""",
}
COUNTING = """
import os, pathlib, redis, pytest

def client():
    return redis.Redis(port=int(os.environ["TEST_CACHE_PORT"]))

def test_it_is_as_it_was_seeded(ecosystem):
    with client() as cache:
        assert cache.incr("count") == ecosystem.seed + 1

@pytest.mark.shares_state
def test_writes(ecosystem):
    with client() as cache:
        cache.set("left", "behind")
"""
FAILING = "def test_fails(ecosystem): ecosystem.restart('executed'); assert False"
WAITING = """
import pathlib, time
def test_waits(ecosystem):
    pathlib.Path("here").touch()
    while not pathlib.Path("go").exists():
        time.sleep(0.01)
"""


class Warm(Tiny):
    """A project with what can be reset, forked, executed and seeded."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, counting=COUNTING, failing=FAILING, waiting=WAITING)
        (self.folder / "docker-compose.test.yml").write_text(FILE)
        for name, source in SOURCES.items():
            self.write(name, source)

    def write(self, name: str, source: str) -> None:
        """A module of it."""
        (self.folder / f"{name}.py").write_text(source)

    def up(self, *options: str) -> str:
        """Start it, for a person; its name."""
        ended = self.run("harness", "up", *options)
        assert ended.returncode == ExitCode.OK, ended.stderr
        return str(self.names("EnvironmentStarted")[0]["environment_id"])

    def test(self, name: str = "counting", *options: str, code: int = ExitCode.OK) -> str:
        """Run the tests of one file; what pytest says."""
        ended = self.run("pytest", "-q", f"tests/test_{name}.py", *options, **FEW_PLUGINS)
        assert ended.returncode == code, ended.stdout + ended.stderr
        return ended.stdout

    @property
    def ran_on(self) -> str:
        """The environment that the last tests ran on."""
        return str(self.names("EnvironmentStarted")[0]["environment_id"])


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Warm]:
    """One of which nothing is left."""
    made = Warm(tmp_path)
    yield made
    made.run("harness", "down", "--all")
    assert [left for left in made.left_over() if "pytest-of-" not in left] == []  # that is pytest's own


def cached(project: Warm, *words: str) -> str:
    """What the store of the environment of `harness up` answers."""
    told = project.run("harness", "env", "--json")
    port = json.loads(told.stdout)["TEST_CACHE_PORT"]
    with redis.Redis(port=int(port), decode_responses=True) as client:
        return str(client.execute_command(*words))


def test_tests_start_clean_and_leave_it_as_it_was(project: Warm) -> None:
    """Whatever the person has done with it, and as often as they run."""
    name = project.up()
    cached(project, "SET", "count", "7")
    for _ in range(2):
        said = project.test()
        assert f"ran on tiny ({name}) of harness up\n" in said
        assert project.ran_on == name
        assert project.names("EnvironmentStopped") == []
        assert [kept["snapshot"] for kept in project.names("StateKept")] == ["before-tests"]
        assert cached(project, "GET", "count") == "7"
        assert cached(project, "EXISTS", "left") == "0"


def test_a_failing_test_has_its_evidence(project: Warm) -> None:
    """What components logged meanwhile, though their logs are those of another run; and what happened to them."""
    project.up()
    project.test("failing", code=ExitCode.SUITE_FAILED)
    results = json.loads((project.folder / "results" / "latest" / "results.json").read_text())
    assert "executed says hello" in json.dumps(results)
    assert _started_anew(project) == {"executed"}


def test_only_what_has_changed_starts_anew(project: Warm) -> None:
    """A component by its own code or by what that imports; the others are left alone."""
    name = project.up()
    project.write("executed", SOURCES["executed"].replace("hello", "good morning"))
    assert (
        f"ran on tiny ({name}) of harness up, started anew: executed.py of executed has changed"
        in project.test()
    )
    assert _started_anew(project) == {"executed"}
    project.write("shared", "WORDS = 'good evening'\n")
    assert "started anew: shared.py of forked has changed" in project.test()
    assert _started_anew(project) == {"forked"}
    logs = (project.folder / "results" / "latest" / "logs" / "forked.log").read_text()
    assert [line.split(" ", 1)[1] for line in logs.splitlines()] == [
        "forked says hello",
        "forked says good evening",
    ]
    assert "started anew" not in project.test()
    assert _started_anew(project) == set()


def _started_anew(project: Warm) -> set[str]:
    changes = [each for each in project.names("ComponentChanged") if each["detail"] != "ran before"]
    return {each["component"] for each in changes}


def test_code_that_cannot_run_breaks_nothing_that_runs(project: Warm) -> None:
    """The tests are told, as at any other start; once it is mended, they run where they ran before."""
    name = project.up()
    for module, broken in (("shared", "def (:"), ("executed", "def (:"), ("shared", "import no_such_module")):
        project.write(module, broken)
        project.test(code=ExitCode.ENVIRONMENT)
        project.write(module, SOURCES[module])
    project.test()
    assert project.ran_on == name


@pytest.mark.parametrize("what", ["seed", "data", "file", "fresh"])
def test_what_is_not_the_same_is_left_alone(project: Warm, what: str) -> None:
    """With the reason, and tests start their own, as they do without it."""
    name = project.up()
    options: tuple[str, ...] = ()
    if what == "seed":
        options, told = ("--harness-seed", "3"), "its data is that of seed 20240320, and not that of seed 3"
    elif what == "data":
        project.write("seeded", SOURCES["seeded"] + "#")
        told = "seeded.py of the seed has changed"
    elif what == "file":
        file = project.folder / "docker-compose.test.yml"
        file.write_text(
            FILE.replace("image: example/forked", "image: example/forked\n    environment: {A: b}")
        )
        told = "forked in the Compose file has changed"
    else:
        options, told = ("--harness-fresh",), ""
    said = project.test("counting", *options)
    assert (f"{name} of harness up was left alone: {told}" in said) == bool(told)
    assert project.ran_on != name
    assert len(project.names("EnvironmentStopped")) == 1


def test_the_main_job_without_coverage_uses_it_too(project: Warm) -> None:
    """And only then: what is measured is measured from its start."""
    name = project.up()
    test = ("harness", "test", "--", "tests/test_counting.py")
    ended = project.run(*test[:2], "--no-coverage", *test[2:], **FEW_PLUGINS)
    assert ended.returncode == ExitCode.OK, ended.stdout + ended.stderr
    assert f"on tiny ({name}) of harness up" in ended.stderr
    assert project.ran_on == name
    assert {each["case"] for each in project.names("CaseFinished")} > {"tests/test_counting.py::test_writes"}
    assert cached(project, "EXISTS", "left") == "0"
    assert project.run(*test[:2], "--warm", *test[2:]).returncode == ExitCode.USAGE
    assert project.run(*test, **FEW_PLUGINS).returncode == ExitCode.OK
    assert project.ran_on != name


def test_harness_up_says_what_has_changed(project: Warm) -> None:
    """Of what it keeps, instead of starting it twice."""
    name = project.up()
    assert "changed" not in project.run("harness", "up").stderr
    project.write("executed", SOURCES["executed"] + "# edited")
    project.write("seeded", SOURCES["seeded"] + "# edited")
    said = " ".join(project.run("harness", "up").stderr.split())
    assert "executed.py of executed has changed; the next `pytest` starts it anew" in said
    assert "seeded.py of the seed has changed; `harness down` and `harness up` take that over" in said
    assert f"tiny ({name}) runs already" in said


def test_two_sessions_do_not_meet(project: Warm) -> None:
    """The second one starts its own; the first one is killed, and leaves the environment to the third."""
    name = project.up()
    first = project.begin("pytest", "-q", "tests/test_waiting.py", **FEW_PLUGINS)
    try:
        deadline = time.monotonic() + _PATIENCE
        while not (project.folder / "here").exists():
            assert first.poll() is None, first.communicate()
            assert time.monotonic() < deadline
            time.sleep(0.01)
        assert f"{name} of harness up was left alone: other tests run on it" in project.test()
        assert project.ran_on != name
    finally:
        first.kill()
        finish(first)
    assert f"ran on tiny ({name})" in project.test()


def test_one_that_is_not_reset_is_taken_only_when_asked_for(project: Warm) -> None:
    """What others wrote is there. Who insists on one that does not run is refused."""
    name = project.up("--isolation", "none")
    said = project.test("failing", "--harness-isolation", "none", code=ExitCode.SUITE_FAILED)
    assert f"{name} of harness up was left alone: nothing is reset there" in said
    project.test("failing", "--harness-isolation", "none", "--harness-warm", code=ExitCode.SUITE_FAILED)
    assert project.ran_on == name
    project.test(
        "failing", "--harness-isolation", "none", "--harness-warm", "-n", "2", code=ExitCode.SUITE_FAILED
    )
    assert project.ran_on == name
    project.run("harness", "down")
    said = project.test("counting", "--harness-warm", code=ExitCode.USAGE)
    assert "no environment of harness up can be used: none of these files runs" in said


def test_one_with_more_than_its_seed_is_taken_only_when_asked_for(project: Warm) -> None:
    """A start would not have that."""
    name = project.up()
    assert project.run("harness", "seed", "--scale", "1").returncode == ExitCode.OK
    assert f"{name} of harness up was left alone: more was seeded there" in project.test()
    project.test("counting", "--harness-warm")
    assert project.ran_on == name


def test_what_a_test_left_restarted_is_put_right(project: Warm) -> None:
    """Variables that were laid over a component's own are gone in the next session."""
    project.up()
    source = "def test_it(ecosystem): ecosystem.restart('executed', environment={'A': 'b'})"
    (project.folder / "tests" / "test_laying.py").write_text(source)
    project.test("laying")
    assert "started anew: executed is not as it was started" in project.test()
    assert "started anew" not in project.test()


def test_one_that_broke_is_not_used(project: Warm) -> None:
    """It is told, and tests start their own."""
    name = project.up()
    pids = [pid for pid in project.processes() if "executed.py" in Path(f"/proc/{pid}/cmdline").read_text()]
    assert len(pids) == 1
    os.kill(pids[0], signal.SIGKILL)
    deadline = time.monotonic() + _PATIENCE
    while "broken" not in project.run("harness", "status").stdout:
        assert time.monotonic() < deadline
    assert f"{name} of harness up was left alone: it is broken" in project.test()
