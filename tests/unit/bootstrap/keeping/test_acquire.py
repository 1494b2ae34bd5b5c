"""An environment by a keeper process: started, shared, broken, swept; in each case nothing is left in the end."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.bootstrap.keeping.acquire import acquire
from harness.bootstrap.keeping.spare import SpareKeeper
from harness.bootstrap.preparation.preparing import Prepared, prepare
from harness.bootstrap.preparation.request import Request
from harness.bootstrap.runs.run_folder import make_run_folder
from harness.bootstrap.runs.sweep import sweep
from harness.core.errors import EnvironmentFailedError, ExitCode, HarnessError, UsageError
from harness.events.facts import EnvironmentStarted, EnvironmentStopped, State
from harness.keeper import folders
from harness.keeper.client import Lease
from harness.plan.model import Selection
from harness.readiness.tcp import TcpProbe
from tests.doubles.events import FakeEmit
from tests.doubles.processes import has_ended
from tests.doubles.tiny import FAILING, NEVER_READY, Tiny


class Project:
    """A tiny project whose environments this process acquires."""

    def __init__(self, tiny: Tiny) -> None:
        self.tiny = tiny
        self.events = FakeEmit()
        self._leases: list[Lease] = []

    def prepared(self, *components: str) -> Prepared:
        """Its request."""
        file = self.tiny.folder / "docker-compose.test.yml"
        return prepare(Request(files=(file,), selection=Selection(components)))

    def acquire(self, *components: str, run: str = "run") -> Lease:
        """A lease, closed at the latest with the test."""
        folder = self.tiny.folder / "results" / run
        make_run_folder(folder)
        lease = acquire(self.prepared(*components), folder, self.events)
        self._leases.append(lease)
        return lease

    def close(self) -> None:
        """Let everything go, and wait until it has."""
        for lease in self._leases:
            if lease.fileno() >= 0:
                lease.release()
                lease.close()


def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: str = "") -> Project:
    """A project; this process has its places too."""
    tiny = Tiny(tmp_path, more)
    for name in ("XDG_RUNTIME_DIR", "TMPDIR", "HARNESS_CACHE_DIR"):
        monkeypatch.setenv(name, tiny.variables[name])
    monkeypatch.setattr("tempfile.tempdir", tiny.variables["TMPDIR"])
    return Project(tiny)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    """Nothing of it is left afterwards."""
    project = made(tmp_path, monkeypatch, NEVER_READY + FAILING)
    yield project
    project.close()
    assert project.tiny.left_over() == []


async def test_an_environment_runs_until_it_is_let_go(project: Project) -> None:
    """Reachable in between; every fact is heard, and in the log."""
    lease = project.acquire("web")
    description = lease.wait_started()
    (endpoint,) = description.endpoints["web"]
    assert (await TcpProbe(endpoint).check()).is_ready
    assert description.variables["TEST_WEB"] == endpoint.address
    assert len(description.variables["TEST_TOKEN"]) == 64
    ((folder, about),) = folders.known()
    assert (about.environment_id, about.ecosystem) == (description.environment_id, "tiny")
    assert folders.is_kept(folder)
    ending = lease.release()
    assert ending is not None
    assert ending.exit_code is ExitCode.OK
    assert not (await TcpProbe(endpoint).check()).is_ready
    assert project.events.states("web")[-1] is State.STOPPED
    assert len(project.events.of(EnvironmentStarted)) == len(project.events.of(EnvironmentStopped)) == 1
    assert [e["event"] for e in project.tiny.events] == [e.name for e in project.events]


def test_a_start_that_fails_is_told_and_leaves_nothing(project: Project) -> None:
    """With the component's last words."""
    lease = project.acquire("failing")
    with pytest.raises(HarnessError, match="failing ended with exit code 7") as caught:
        lease.wait_started()
    assert caught.value.evidence == ("last words",)
    assert caught.value.exit_code is ExitCode.ENVIRONMENT
    assert lease.wait_ended().exit_code is ExitCode.ENVIRONMENT


def test_a_client_that_dies_while_it_waits_leaves_nothing(project: Project) -> None:
    """The keeper notices, and tears down what there is by then."""
    lease = project.acquire("web", "never")
    while State.READY not in project.events.states("web"):
        next(iter(lease._messages()))
    ((_, about),) = folders.known()
    lease.close()
    assert has_ended(about.keeper_pid)


def test_a_killed_keepers_environment_is_swept(project: Project) -> None:
    """At the next start, or when asked: processes, folders, shared memory; a living one is left alone."""
    dead = project.acquire("web", "never", run="dead")
    while State.READY not in project.events.states("web"):
        next(iter(dead._messages()))
    living = project.acquire("web", run="living")
    living_id = living.wait_started().environment_id
    ((folder, about),) = [k for k in folders.known() if k[1].environment_id != living_id]
    os.kill(about.keeper_pid, signal.SIGKILL)
    assert has_ended(about.keeper_pid)
    with pytest.raises(EnvironmentFailedError, match="without a word"):
        dead.wait_started()
    dead.close()
    assert folders.is_kept(folder) is False
    swept, leftovers = sweep()
    assert (swept, leftovers) == ([about.environment_id], [])
    assert not folder.exists()
    assert [k[1].environment_id for k in folders.known()] == [living_id]
    assert sweep() == ([], [])


def test_a_plan_that_starts_nothing_is_refused(project: Project) -> None:
    """With every component's reason, before there is a keeper."""
    (project.tiny.folder / "docker-compose.test.yml").write_text(
        "services: {web: {image: example/web, network_mode: host}}\n"
    )
    with pytest.raises(UsageError, match="nothing of") as caught:
        project.acquire()
    assert any("web: " in line for line in caught.value.evidence)


def test_a_keeper_that_is_not_there_is_told(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """And its folder goes again."""
    spare = SpareKeeper("tested")
    monkeypatch.setattr("harness.bootstrap.keeping.acquire.SpareKeeper", lambda _id: spare)
    spare._socket.close()
    with pytest.raises(HarnessError, match="keeper"):
        project.acquire("web")
    assert list(project.tiny.runtime.iterdir()) == []
