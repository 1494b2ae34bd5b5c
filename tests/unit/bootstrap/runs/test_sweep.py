"""What killed keepers left is removed, whatever else lives or is swept at the same moment."""

import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.bootstrap.runs import sweep as module
from harness.bootstrap.runs.sweep import sweep
from harness.keeper import folders
from harness.providers.process.storage.folders import make_data_folder
from harness.readiness.tcp import TcpProbe
from tests.doubles.processes import has_ended
from tests.unit.bootstrap.keeping.test_acquire import Project, made


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    """Nothing of it is left afterwards."""
    project = made(tmp_path, monkeypatch)
    yield project
    project.close()
    assert project.tiny.left_over() == []


async def test_keepers_that_die_at_once_are_swept_beside_a_living_one(project: Project) -> None:
    """By two sweeps at once, too: both end well, together they remove everything, and the living one answers."""
    leases = [project.acquire("web", run=f"run{n}") for n in range(3)]
    ids = [lease.wait_started().environment_id for lease in leases]
    keepers = {about.environment_id: about.keeper_pid for _, about in folders.known()}
    for dying, lease in zip(ids[:2], leases[:2], strict=True):
        os.kill(keepers[dying], signal.SIGKILL)
        assert has_ended(keepers[dying])
        lease.close()
    swept: list[str] = []
    leftovers: list[str] = []

    def sweep_now() -> None:
        removed, left = sweep()
        swept.extend(removed)
        leftovers.extend(left)

    sweeps = [threading.Thread(target=sweep_now) for _ in range(2)]
    for each in sweeps:
        each.start()
    for each in sweeps:
        each.join()
    assert (set(swept), leftovers) == (set(ids[:2]), [])
    assert [about.environment_id for _, about in folders.known()] == [ids[2]]
    living = leases[2].wait_started().endpoints["web"][0]
    assert (await TcpProbe(living).check()).is_ready


@pytest.mark.usefixtures("project")
def test_a_reboot_leaves_data_that_no_folder_tells_of() -> None:
    """It is removed; that of this boot is not."""
    old = make_data_folder("0000000001")
    (old / ".boot").write_text("an earlier start")
    young = make_data_folder("0000000002")
    try:
        assert sweep() == ([], [])
        assert (old.exists(), young.exists()) == (False, True)
    finally:
        (young / ".boot").unlink()
        young.rmdir()


def dead(environment_id: str, provider: str = "process") -> Path:
    """The folder of an environment whose keeper is gone."""
    folder = folders.make_runtime_folder(environment_id)
    os.close(folders.claim(folder, folders.About(environment_id, "tiny", provider, (), 1, "")))
    return folder


def test_what_stays_is_found_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder that tells of it goes when all of it has gone, and not before."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    resisting, gone = dead("0000000001"), dead("0000000002")
    left = {"0000000001": ["process 42: sleep"]}
    monkeypatch.setattr(module, "end_now", lambda name, _timeout: left.get(name, []))
    swept, leftovers = sweep()
    assert (set(swept), leftovers) == ({"0000000001", "0000000002"}, ["process 42: sleep"])
    assert (resisting.exists(), gone.exists()) == (True, False)
    left.clear()
    assert sweep() == (["0000000001"], [])
    assert not resisting.exists()


def test_what_stays_on_the_engine_is_found_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the labels no longer tell of it: a container that could not be removed."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    contained, plain = dead("0000000001", "docker"), dead("0000000002")
    left = [["container web: in use"], []]

    def sweep_engine() -> tuple[list[str], list[str]]:
        assert contained.exists()  # until all of it has gone
        return ["0000000001"], left.pop(0)

    monkeypatch.setattr(module, "_sweep_engine", sweep_engine)
    assert sweep()[1] == ["container web: in use"]
    assert (contained.exists(), plain.exists()) == (True, False)
    assert sweep() == (["0000000001"], [])
    assert not contained.exists()
