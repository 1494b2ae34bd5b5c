"""The pyramid counts every test of the project, or says nothing: a part of them would be a wrong figure."""

import os
import signal
from pathlib import Path

import pytest

from harness.spec.model import SuiteSettings
from harness.suites.pyramid import Counting

PATIENCE = 30.0  # seconds
TESTS = "def test_one(): pass\ndef test_two(): pass\n"
# Imported after the others; tells when, and waits.
WAITING = "import os, signal\nos.close(os.open('here', os.O_WRONLY))\nsignal.pause()\n"
# Imported after the others, not before somebody reads.
OPENING = "import os\nos.close(os.open('here', os.O_WRONLY))\n"


@pytest.fixture
def suites(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[SuiteSettings]:
    """Two suites with two tests each, and one without a folder."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    for name in ("unit", "whole"):
        (tmp_path / name).mkdir()
        (tmp_path / name / f"test_{name}.py").write_text(TESTS)
    layers = {"unit": "unit", "whole": "e2e", "none": "integration"}
    return [SuiteSettings(name, tmp_path / name, layer) for name, layer in layers.items()]


def test_every_test_is_counted(tmp_path: Path, suites: list[SuiteSettings]) -> None:
    """By the layer of its suite."""
    with Counting(suites, tmp_path) as counting:
        assert counting.result(PATIENCE).by_layer == {"unit": 2, "e2e": 2}


@pytest.mark.parametrize("options", ["", "-v"])
def test_a_project_within_a_larger_one_is_counted(
    tmp_path: Path, suites: list[SuiteSettings], options: str
) -> None:
    """A pytest.ini above it, with whatever verbosity, changes nothing."""
    (tmp_path / "pytest.ini").write_text(f"[pytest]\naddopts = {options}\n")
    with Counting(suites[:1], tmp_path / "unit") as counting:
        assert counting.result(PATIENCE).by_layer == {"unit": 2}


def test_a_count_that_is_late_is_none(tmp_path: Path, suites: list[SuiteSettings]) -> None:
    """Nobody waits for it any longer than is said."""
    (tmp_path / "whole/test_zzz.py").write_text(WAITING)
    os.mkfifo(tmp_path / "here")
    with Counting(suites, tmp_path) as counting:
        (tmp_path / "here").read_bytes()
        assert counting.result(0.001).by_layer == {}


def test_it_stands_still_while_load_is_measured(tmp_path: Path, suites: list[SuiteSettings]) -> None:
    """And goes on afterwards."""
    (tmp_path / "whole/test_zzz.py").write_text(OPENING)
    os.mkfifo(tmp_path / "here")
    with Counting(suites, tmp_path) as counting:
        with counting.standing_still():
            stopped = os.waitid(os.P_PID, counting._process.pid, os.WSTOPPED | os.WNOWAIT)
            assert stopped is not None
            assert stopped.si_status == signal.SIGSTOP
        (tmp_path / "here").read_bytes()
        assert counting.result(PATIENCE).by_layer == {"unit": 2, "e2e": 2}


def test_who_waits_for_the_count_waits_no_longer_than_needed(
    tmp_path: Path, suites: list[SuiteSettings], monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a busy machine low priority would be for ever; where it cannot be raised, it stays."""
    raised: list[tuple[int, int, int]] = []

    def refuse(which: int, who: int, priority: int) -> None:
        raised.append((which, who, priority))
        raise PermissionError

    monkeypatch.setattr(os, "setpriority", refuse)
    with Counting(suites, tmp_path) as counting:
        assert counting.result(PATIENCE).by_layer == {"unit": 2, "e2e": 2}
        assert raised == [(os.PRIO_PROCESS, counting._process.pid, os.getpriority(os.PRIO_PROCESS, 0))]


def test_what_does_not_import_costs_the_count(tmp_path: Path, suites: list[SuiteSettings]) -> None:
    """Nobody knows how many tests are in there."""
    (tmp_path / "whole/test_more.py").write_text("import nowhere_to_be_found")
    with Counting(suites, tmp_path) as counting:
        assert counting.result(PATIENCE).by_layer == {}


def test_an_interrupted_count_is_none(tmp_path: Path, suites: list[SuiteSettings]) -> None:
    """Ctrl-C at a terminal reaches the process that counts as well."""
    (tmp_path / "whole/test_zzz.py").write_text(WAITING)
    os.mkfifo(tmp_path / "here")
    with Counting(suites, tmp_path) as counting:
        (tmp_path / "here").read_bytes()
        counting._process.send_signal(signal.SIGINT)
        assert counting.result(PATIENCE).by_layer == {}
