"""Suites are chosen by name, run in phases, and narrowed to what a person wants to see."""

from pathlib import Path

import pytest

from harness.core.errors import UsageError
from harness.spec.model import SuiteSettings
from harness.suites.phases import Phase, choose, narrow, phases

HERE = Path("/project")
API = SuiteSettings("api", HERE / "tests/api")
LOAD = SuiteSettings("load", HERE / "tests/load", instrumented=False)
E2E = SuiteSettings("e2e", HERE / "tests/e2e")
UNIT = SuiteSettings("unit", HERE / "tests/unit", is_default=False)


def test_suites_that_are_counted_only_run_when_named() -> None:
    """Without names the default ones run, with names exactly those, in the file's order."""
    assert choose([UNIT, API, E2E], []) == (API, E2E)
    assert choose([UNIT, API, E2E], ["e2e", "unit"]) == (UNIT, E2E)


def test_an_unknown_suite_is_told_with_the_known() -> None:
    """The hint names the one that was meant, or lists what there is."""
    with pytest.raises(UsageError) as caught:
        choose([API], ["apy"])
    assert (caught.value.message, caught.value.hint) == ("there is no suite apy", "did you mean api?")
    with pytest.raises(UsageError) as caught:
        choose([API, E2E], ["smoke"])
    assert caught.value.hint == "known: api, e2e"


def test_neighbours_of_one_kind_share_a_phase() -> None:
    """The order of the file is kept."""
    assert phases([API, LOAD, E2E]) == (Phase((API,), True), Phase((LOAD,), False), Phase((E2E,), True))


def test_a_target_runs_in_the_phase_of_its_suite() -> None:
    """Phases without a target do not run; what is in no suite runs first."""
    planned = phases([API, LOAD])
    inside = narrow(planned, ["tests/load/test_a.py::test_b"], HERE)
    assert inside == (Phase((LOAD,), False, ("tests/load/test_a.py::test_b",)),)
    assert narrow(planned, ["other"], HERE) == (Phase((API,), True, ("other",)),)
    assert narrow(planned, [], HERE) == planned


def test_a_folder_above_suites_stands_for_them() -> None:
    """Each runs in its own phase, so that load is measured alone; a suite that was not chosen does not run."""
    planned = phases([API, LOAD, E2E])
    assert narrow(planned, ["tests"], HERE) == tuple(
        Phase(phase.suites, phase.is_instrumented, (str(phase.suites[0].path),)) for phase in planned
    )
    assert narrow(planned, [".", "tests/load/test_a.py"], HERE)[1].targets == (
        str(LOAD.path),
        "tests/load/test_a.py",
    )
    assert narrow(phases([API, LOAD]), ["tests", "other"], HERE)[0].targets == (str(API.path), "other")
