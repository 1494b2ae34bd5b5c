"""What killed keepers left is removed, whatever else lives or is swept at the same moment."""

import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.bootstrap.sweep import sweep
from harness.keeper import folders
from harness.providers.process.folders import make_data_folder
from harness.readiness.tcp import TcpProbe
from tests.doubles.processes import has_ended
from tests.unit.bootstrap.test_acquire import Project, made


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
