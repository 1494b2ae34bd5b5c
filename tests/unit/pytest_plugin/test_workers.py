"""However many xdist workers there are and however they end: they share one environment, and it ends after them."""

import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness.core.errors import ExitCode
from tests.doubles.processes import has_ended
from tests.doubles.tiny import NEVER_READY, Tiny, finish

MakeTiny = Callable[..., Tiny]

# Only the plugins that matter here: importing the others takes longer than a whole run.
FEW_PLUGINS = {
    "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    "PYTEST_PLUGINS": "harness.pytest_plugin.plugin,xdist.plugin",
}
_PATIENCE = 30.0  # seconds before something that does not happen counts as missing
# Execnet interrupts a worker by itself after five seconds, and xdist kills it after ten: here they do so after the
# test has been given up, so that whatever ends in time was ended by us.
PATIENT = """
import execnet.gateway_base
from xdist.workermanage import NodeManager
waitall = execnet.gateway_base.WorkerPool.waitall
execnet.gateway_base.WorkerPool.waitall = lambda pool, timeout=None: waitall(pool, timeout and 600)
NodeManager.EXIT_TIMEOUT = 600
"""

USING = "def test_{name}(ecosystem): assert ecosystem.url('web')\n"
# A worker says when its session is over, and another one waits for that before it asks for the ecosystem.
SAYING = """
    import os, pathlib
    def pytest_unconfigure(config):
        if hasattr(config, "workerinput"):
            pathlib.Path("left-" + config.workerinput["workerid"]).touch()
"""
LATE = """
    import pathlib, time
    def test_waits():
        deadline = time.monotonic() + 20
        while not list(pathlib.Path().glob("left-*")):
            assert time.monotonic() < deadline
            time.sleep(0.01)
    def test_uses(ecosystem):
        assert ecosystem.url("web")
"""
CRASHING = """
    import os
    def test_uses(ecosystem):
        assert ecosystem.url("web")
    def test_crashes(ecosystem):
        os._exit(9)
    def test_uses_it_again(ecosystem):
        assert ecosystem.url("web")
"""
WAITING = """
    import pathlib, time
    def test_waiting(ecosystem):
        pathlib.Path("here").touch()
        time.sleep(600)
"""


@pytest.fixture
def tiny(tmp_path: Path) -> Iterator[MakeTiny]:
    """Makes a project, of which nothing is left afterwards."""
    made: list[Tiny] = []

    def make(more: str = "", **tests: str) -> Tiny:
        made.append(Tiny(tmp_path, more, **tests))
        return made[0]

    yield make
    for project in made:
        assert [
            left for left in project.left_over() if "pytest-of-" not in left
        ] == []  # that is pytest's own


def _environments(project: Tiny) -> tuple[int, int]:
    return len(project.names("EnvironmentStarted")), len(project.names("EnvironmentStopped"))


def _wait_for(is_there: Callable[[], object], process: "subprocess.Popen[str]") -> None:
    deadline = time.monotonic() + _PATIENCE
    while not is_there():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_one_environment_for_all(tiny: MakeTiny) -> None:
    """Set up once, torn down once, whoever asks first."""
    project = tiny(**{name: USING.format(name=name) for name in "abcd"})
    ended = project.run("pytest", "-n", "4", **FEW_PLUGINS)
    assert ended.returncode == ExitCode.OK, ended.stdout
    assert _environments(project) == (1, 1)
    assert len(project.names("CaseFinished")) == 4


def test_a_worker_that_comes_after_the_others_have_gone(tiny: MakeTiny) -> None:
    """It meets the environment that they had."""
    project = tiny(early=USING.format(name="early"), late=LATE)
    (project.folder / "conftest.py").write_text(SAYING.replace("\n    ", "\n"))
    ended = project.run("pytest", "-n", "2", "--dist", "loadfile", **FEW_PLUGINS)
    assert ended.returncode == ExitCode.OK, ended.stdout
    assert _environments(project) == (1, 1)


def test_a_crashing_worker_takes_nothing_along(tiny: MakeTiny) -> None:
    """Who takes its place finds the same environment; the run fails for the crash alone."""
    project = tiny(crashing=CRASHING)
    ended = project.run("pytest", "-n", "1", **FEW_PLUGINS)
    assert ended.returncode == ExitCode.SUITE_FAILED, ended.stdout
    assert "1 failed, 2 passed" in ended.stdout
    assert _environments(project) == (1, 1)


def test_a_session_that_gives_up_after_a_failure(tiny: MakeTiny) -> None:
    """`--maxfail` ends it in order: it failed, and nobody interrupted it."""
    project = tiny(
        bad="def test_bad(ecosystem): assert not ecosystem.url('web')\n", good=USING.format(name="good")
    )
    ended = project.run("pytest", "-n", "2", "--maxfail", "1", **FEW_PLUGINS)
    assert ended.returncode == ExitCode.SUITE_FAILED, ended.stdout
    assert _environments(project) == (1, 1)


@pytest.mark.parametrize("command", [("pytest",), ("harness", "test")])
def test_an_interrupt_reaches_the_workers_at_once(tiny: MakeTiny, command: tuple[str, ...]) -> None:
    """Ctrl-C to the controller alone ends a worker in the middle of its test."""
    project = tiny(waiting=WAITING)
    (project.folder / "conftest.py").write_text(PATIENT)
    process = project.begin(*command, "-n", "2", **FEW_PLUGINS)
    _wait_for((project.folder / "here").exists, process)
    process.send_signal(signal.SIGINT)
    ended = finish(process)
    assert ended.returncode == ExitCode.INTERRUPTED, ended.stdout
    assert _environments(project) == (1, 1)


def test_an_interrupt_while_it_starts(tiny: MakeTiny) -> None:
    """What had started goes, and no test is blamed with exit code 3."""
    project = tiny(NEVER_READY, using=USING.format(name="it"))
    process = project.begin("pytest", "-n", "2", **FEW_PLUGINS)
    log = project.folder / "results" / "latest" / "logs" / "never.log"
    _wait_for(lambda: log.exists() and "waiting" in log.read_text(), process)
    process.send_signal(signal.SIGINT)
    ended = finish(process)
    assert ended.returncode == ExitCode.INTERRUPTED, ended.stdout
    assert _environments(project) == (0, 1)


def test_a_killed_controller_takes_all_along(tiny: MakeTiny) -> None:
    """Workers end without waiting for their tests, the environment goes, and the run has its report."""
    project = tiny(waiting=WAITING)
    (project.folder / "conftest.py").write_text(PATIENT)
    process = project.begin("pytest", "-n", "2", **FEW_PLUGINS)
    _wait_for((project.folder / "here").exists, process)
    process.kill()
    finish(process)
    assert [pid for pid in project.processes() if not has_ended(pid, _PATIENCE)] == []
    assert _environments(project) == (1, 1)
    assert (project.folder / "results" / "latest" / "report.html").exists()
