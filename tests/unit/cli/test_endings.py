"""However a run ends, its exit code, its report and what it leaves behind say the same.

Every row runs `harness test` or plain `pytest` as a person would, on one component that needs no database.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest

from harness.core.errors import ExitCode

_PATIENCE = 30.0  # seconds before a run that does not end counts as hung

# Only the plugins that matter here: importing the others takes longer than a whole run.
_FEW_PLUGINS = {
    "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    "PYTEST_PLUGINS": "harness.pytest_plugin.plugin,xdist.plugin",
}

_COMPOSE = """\
name: tiny
x-harness:
  {seed}
  suites: {{tiny: {{path: tests}}}}
services:
  web:
    image: python:3.13-slim
    environment: {{API_TOKEN: written-in-the-file}}
    ports: ["8000"]
    x-harness:
      process:
        command: [python3, -S, -m, http.server, "{{port}}", --bind, 127.0.0.1]
      random: [API_TOKEN]
      exports: {{WEB_HOST: "{{host}}", WEB_PORT: "{{port}}", WEB_TOKEN: "{{env.API_TOKEN}}"}}
"""

# A test that tells us that it runs, and then waits for its end.
_WAITING = """\
import pathlib, time
def test_waiting(ecosystem):
    pathlib.Path("here").touch()
    time.sleep(60)
"""
# The same while it is imported; the process that only counts tests, beside the run, does not count.
_IMPORTING = """\
import os, pathlib, time
if "HARNESS_RUN" in os.environ:
    pathlib.Path("here").touch()
    time.sleep(60)
"""
_PASSING = "def test_passing(ecosystem): assert ecosystem.url('web')\n"


@dataclass
class Ended:
    """A run that is over."""

    code: int
    told: str
    project: Path

    @property
    def report(self) -> dict[str, Any]:
        """What results.json says."""
        report: dict[str, Any] = json.loads((self.project / "results/latest/results.json").read_text())
        return report

    @property
    def events(self) -> list[dict[str, Any]]:
        """The facts of the run."""
        text = (self.project / "results/latest/events.ndjson").read_text()
        return [json.loads(line) for line in text.splitlines()]


@dataclass
class Project:
    """A folder with a Compose file and a test, private to one case."""

    folder: Path
    runtime: Path
    command: tuple[str, ...] = ("harness", "test")
    tests: str = _PASSING
    seed: str = ""
    more: tuple[str, ...] = ()
    variables: dict[str, str] = field(default_factory=dict)
    place: str = "."
    disturb: Callable[["Project", "subprocess.Popen[str]"], None] | None = None

    def run(self) -> Ended:
        """Run it to its end, disturbed as soon as the test is where it wants to be."""
        self._write()
        program = [str(Path(sys.executable).with_name(self.command[0])), *self.command[1:], *self.more]
        process = subprocess.Popen(  # noqa: S603 - ourselves
            program,
            cwd=self.folder / self.place,
            env=self._environment(),
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        if self.disturb is not None:
            threading.Thread(target=self._disturb_when_here, args=(process,)).start()
        try:
            told, _ = process.communicate(timeout=_PATIENCE)
        finally:
            process.kill()
        return Ended(process.returncode, told, self.folder)

    def _write(self) -> None:
        (self.folder / "tests").mkdir()
        (self.folder / "tests/test_tiny.py").write_text(self.tests)
        (self.folder / "pytest.ini").write_text("[pytest]\n")
        (self.folder / "unimportable.py").write_text("from nowhere_to_be_found import seed")
        (self.folder / "raising.py").write_text("async def seed(environment): raise RuntimeError")
        (self.folder / "docker-compose.test.yml").write_text(_COMPOSE.format(seed=self.seed))

    def _environment(self) -> dict[str, str]:
        inherited = {
            k: v for k, v in os.environ.items() if not k.startswith(("HARNESS_", "PYTEST_", "TEST_"))
        }
        ours = {"XDG_RUNTIME_DIR": str(self.runtime), "HARNESS_CACHE_DIR": str(self.folder / "cache")}
        return inherited | ours | _FEW_PLUGINS | self.variables

    def _disturb_when_here(self, process: "subprocess.Popen[str]") -> None:
        deadline = time.monotonic() + _PATIENCE
        while not (self.folder / "here").exists() and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.01)
        if process.poll() is None and self.disturb is not None:
            self.disturb(self, process)

    def processes(self) -> list[psutil.Process]:
        """Whatever goes on running because of this project: in its folder, or with a variable that names its folders.

        The keeper says its last words before it exits, so a moment is given to what is on its way out.
        """
        _, living = psutil.wait_procs(list(self._running()), timeout=_PATIENCE)
        return living

    def _running(self) -> Iterator[psutil.Process]:
        return (process for process in psutil.process_iter() if self._is_ours(process))

    def _is_ours(self, process: psutil.Process) -> bool:
        place = str(self.folder.parent)
        try:
            return any(place in text for text in (process.cwd(), *process.environ().values()))
        except psutil.Error:
            return False

    def end(self, words: str) -> None:
        """Kill the process of ours whose command line holds `words`."""
        (found,) = [p for p in self._running() if words in _command_of(p)]
        found.kill()


def _command_of(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:  # it ended meanwhile
        return ""


def _interrupt(_project: Project, process: "subprocess.Popen[str]") -> None:
    process.send_signal(signal.SIGINT)


def _terminate(_project: Project, process: "subprocess.Popen[str]") -> None:
    process.send_signal(signal.SIGTERM)


def _crash(project: Project, _process: "subprocess.Popen[str]") -> None:
    project.end("http.server")


def _kill_keeper(project: Project, _process: "subprocess.Popen[str]") -> None:
    about = next(project.runtime.rglob("about.json"))
    os.kill(json.loads(about.read_text())["keeper_pid"], signal.SIGKILL)


PLAIN = ("pytest", "--harness-results", "results")
FAILED = "failed"
BROKEN = "environment broken"
INVALID = "invalid"
UNIMPORTABLE, RAISING = "seed: unimportable:seed", "seed: raising:seed"

ROWS = {
    "passed": ({}, ExitCode.OK, "passed"),
    "passed by pytest": ({"command": PLAIN}, ExitCode.OK, "passed"),
    "interrupt in a test": ({"tests": _WAITING, "disturb": _interrupt}, ExitCode.INTERRUPTED, "interrupted"),
    "interrupt at import": (
        {"tests": _IMPORTING, "disturb": _interrupt},
        ExitCode.INTERRUPTED,
        "interrupted",
    ),
    "SIGTERM in a test": ({"tests": _WAITING, "disturb": _terminate}, ExitCode.INTERRUPTED, "interrupted"),
    "does not import": ({"tests": "import nowhere_to_be_found"}, ExitCode.SUITE_FAILED, FAILED),
    "usage error": ({"more": ("--", "--no-such-option")}, ExitCode.USAGE, None),
    "nothing selected": ({"more": ("--", "-k", "typo")}, ExitCode.USAGE, "invalid"),
    "no such seed": ({"seed": "seed: nowhere_to_be_found:seed"}, ExitCode.USAGE, None),
    "no such seed by pytest": (
        {"seed": "seed: nowhere_to_be_found:seed", "command": PLAIN},
        ExitCode.USAGE,
        None,
    ),
    "seed does not import": ({"seed": UNIMPORTABLE}, ExitCode.USAGE, INVALID),
    "seed does not import by pytest": ({"seed": UNIMPORTABLE, "command": PLAIN}, ExitCode.USAGE, INVALID),
    "seed raises": ({"seed": RAISING}, ExitCode.ENVIRONMENT, BROKEN),
    "crash": ({"tests": _WAITING, "disturb": _crash}, ExitCode.ENVIRONMENT, BROKEN),
    "crash under pytest": (
        {"tests": _WAITING.replace("60", "0.5"), "disturb": _crash, "command": PLAIN},
        ExitCode.ENVIRONMENT,
        BROKEN,
    ),
    "keeper killed": ({"tests": _WAITING, "disturb": _kill_keeper}, ExitCode.ENVIRONMENT, BROKEN),
    "keeper killed under pytest": (
        {"tests": _WAITING.replace("60", "0.5"), "disturb": _kill_keeper, "command": PLAIN},
        ExitCode.ENVIRONMENT,
        BROKEN,
    ),
    "broken file by pytest": ({"seed": "no-such-key: 1", "command": PLAIN}, ExitCode.USAGE, None),
    "wrong variable by pytest": (
        {"command": PLAIN, "variables": {"INTEGRATION_TEST_TIMEOUT": "soon"}},
        ExitCode.USAGE,
        None,
    ),
    "broken file by workers": (
        {"seed": "no-such-key: 1", "command": (*PLAIN, "-n", "2")},
        ExitCode.USAGE,
        None,
    ),
    "seed error by workers": (
        {"seed": UNIMPORTABLE, "command": (*PLAIN, "-n", "2")},
        ExitCode.USAGE,
        INVALID,
    ),
    "retried": (
        {
            "tests": "import pathlib\ndef test_second_time(ecosystem):\n"
            "    here = pathlib.Path('here'); was_here = here.exists(); here.touch(); assert was_here\n",
            "variables": {"INTEGRATION_TEST_RETRY_COUNT": "2"},
        },
        ExitCode.OK,
        "passed",
    ),
}


@pytest.fixture(name="project")
def _project(tmp_path: Path) -> Callable[..., Project]:
    runtime = tmp_path / "run"
    runtime.mkdir(mode=0o700)
    folder = tmp_path / "project"
    folder.mkdir()
    return lambda **given: Project(folder, runtime, **given)


@pytest.mark.parametrize(("given", "code", "verdict"), ROWS.values(), ids=ROWS)
def test_a_run_ends(
    given: dict[str, Any], code: ExitCode, verdict: str | None, project: Callable[..., Project]
) -> None:
    """Exit code and verdict agree, and neither a process nor a runtime folder is left."""
    tried = project(**given)
    ended = tried.run()
    assert ended.code == code, ended.told
    if verdict is not None:  # None: nothing began, so there is no run
        assert ended.report["verdict"] == verdict
    assert tried.processes() == []
    assert list(tried.runtime.iterdir()) == []


def test_what_exists_is_left_alone(project: Callable[..., Project]) -> None:
    """Suites run against it without a seed, a restart or a measurement, also those that must not be measured."""
    tests = "import os\ndef test_there(ecosystem): assert ecosystem.provider == 'existing'\n"
    tried = project(tests=tests, seed="seed: nowhere_to_be_found:seed", command=("harness", "test"))
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        there = {"WEB_HOST": "127.0.0.1", "WEB_PORT": str(port), "WEB_TOKEN": "written-elsewhere"}
        tried.variables, tried.more = there, ("--provider", "existing")
        ended = tried.run()
    assert ended.code == ExitCode.OK, ended.told
    assert "nothing seeded" in ended.told
    assert "what tests write to web stays there" in ended.told


@pytest.mark.parametrize(
    "command", [("harness", "test"), PLAIN, (*PLAIN, "-n", "1")], ids=["test", "own", "workers"]
)
def test_no_report_shows_a_credential(command: tuple[str, ...], project: Callable[..., Project]) -> None:
    """A failing test that shows its token by name, by header and by output leaves it nowhere in the results."""
    tests = (
        "import os, pathlib\n"
        "def test_it(ecosystem):\n"
        "    token = os.environ['WEB_TOKEN']; pathlib.Path('token').write_text(token); print('printed', token)\n"
        "    headers = {'authorization': f'Bearer {token}'}\n"
        "    assert headers == {}, token\n"
    )
    ended = project(tests=tests, command=command).run()
    assert ended.code == ExitCode.SUITE_FAILED, ended.told
    token = (ended.project / "token").read_text()
    assert len(token) > len("written-in-the-file")
    files = [path for path in (ended.project / "results").rglob("*") if path.is_file()]
    assert [path.name for path in files if token in path.read_text(errors="replace")] == []
    assert token not in ended.told
    assert "printed ***" in json.dumps(ended.events)


def test_workers_state_what_they_collected(project: Callable[..., Project]) -> None:
    """With xdist nobody but the workers knows the number of cases; it is stated once."""
    ended = project(command=("harness", "test", "-n", "2"), tests=_PASSING).run()
    stated = [event["by_suite"] for event in ended.events if event["event"] == "SuitesCollected"]
    assert [counts for counts in stated if counts] == [{"tiny": 1}]
    assert [event["levels"] for event in ended.events if event["event"] == "PlanMade"] == [[["web"]]]


def test_a_run_begins_with_its_start(project: Callable[..., Project]) -> None:
    """The first facts of a session by itself are that it began and its plan, although pytest collected before."""
    ended = project(command=PLAIN).run()
    assert [event["event"] for event in ended.events[:3]] == ["RunStarted", "PlanMade", "SuitesCollected"]


def test_a_compose_file_is_found_from_where_one_stands(project: Callable[..., Project]) -> None:
    """`--harness-file` is relative to the folder of the shell, wherever pytest has its root."""
    tried = project(
        command=(*PLAIN, "--harness-file", "../docker-compose.test.yml", "--rootdir", ".."), place="tests"
    )
    assert tried.run().code == ExitCode.OK
