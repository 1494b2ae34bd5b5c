"""What components measured is combined into one fact, and a damaged file costs no run its end."""

import gc
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pytest
from coverage import CoverageData

from harness.bootstrap.preparation.preparing import Prepared
from harness.bootstrap.preparation.providers import pick
from harness.bootstrap.preparation.request import Request
from harness.bootstrap.runs.coverage import measured_components, state_coverage
from harness.events.facts import CoverageMeasured, Event
from harness.spec.model import ComponentSettings, ProcessSettings
from tests.doubles.plans import component, make_ecosystem, make_plan

APP = replace(component("api", 80), settings=ComponentSettings(process=ProcessSettings(app="api:make")))


def _prepared(**request: object) -> Prepared:
    plan = make_plan({"db": [], "api": []}, MappingProxyType({"api": APP}))
    return Prepared(Request(**request), make_ecosystem(plan), (), pick("existing"), plan)  # type: ignore[arg-type]  # of several types


def test_only_our_own_applications_are_measured() -> None:
    """Neither what is attached nor anything of a run without coverage."""
    assert measured_components(_prepared(is_measured=True)) == ["api"]
    assert measured_components(_prepared(is_measured=True, attached=("api",))) == []
    assert measured_components(_prepared(is_measured=False)) == []


# Coverage leaves the connection to a damaged file to the collector, and from Python 3.13 on that is a warning.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_damaged_file_is_named_and_the_others_count(tmp_path: Path) -> None:
    """The folder goes, the fact is stated, the warning says which file it was."""
    source = tmp_path / "one.py"
    source.write_text("a = 1\nb = 2\n")
    (tmp_path / "coverage").mkdir()
    with closing(CoverageData(str(tmp_path / "coverage/whole"))) as whole:
        whole.add_lines({str(source): [1]})
        whole.write()
    (tmp_path / "coverage/damaged").write_bytes(b"SQLite format 3\0 and then nothing")
    facts: list[Event] = []
    unusable = state_coverage(tmp_path, replace(_prepared().ecosystem, directory=tmp_path), facts.append)
    assert [fact.files for fact in facts if isinstance(fact, CoverageMeasured)] == [{"one.py": (1, 2)}]
    assert len(unusable) == 1
    assert "damaged" in unusable[0]
    assert not (tmp_path / "coverage").exists()
    gc.collect()
