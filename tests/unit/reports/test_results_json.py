"""results.json keeps the shape that an integration test suite's results have."""

import json
from typing import Any

from harness.reports import coverage_json, results_json
from harness.results import RunResult, fold
from tests.unit.reports import sample_runs


def form(result: RunResult) -> dict[str, Any]:
    """The document, parsed."""
    loaded: dict[str, Any] = json.loads(results_json.render(result))
    return loaded


def test_the_counts_and_details_of_the_suite(failing: RunResult) -> None:
    """Those who compute quality figures from total, passed, failed and details go on doing so."""
    results = form(failing)
    assert results["total_tests"] == len(results["test_details"]) == 71
    assert results["passed_tests"] == sum(1 for t in results["test_details"] if t["status"] == "passed") == 66
    assert (results["failed_tests"], results["skipped_tests"]) == (3, 2)
    api = [t for t in results["test_details"] if "api" in t["name"].lower()]
    assert len(api) == 40


def test_a_detail(failing: RunResult) -> None:
    """A failing case carries its message, a passing one none; an expected failure counts as skipped."""
    by_name = {t["name"].partition("::")[2]: t for t in form(failing)["test_details"]}
    failed = by_name["test_create_user_conflict"]
    assert (failed["status"], failed["error"], failed["duration"]) == ("failed", "assert 500 == 409", 0.087)
    assert failed["started"] == "2026-11-21T14:15:24"
    assert set(failed["phases"]) == {"setup", "call", "teardown"}
    assert (by_name["test_replay"]["status"], by_name["test_replay"]["outcome"]) == ("skipped", "xfailed")
    again = by_name["test_broadcast_across_processes"]
    assert (again["status"], again["error"]) == ("passed", None)
    assert again["attempts"] == [
        {"outcome": "failed", "duration": 0.02, "error": "no user_update within 1 s"}
    ]


def test_the_rest_of_the_run(failing: RunResult) -> None:
    """Run, suites, environment, figures, coverage and pyramid are there for programs."""
    results = form(failing)
    assert results["run"] == {
        "id": "20261121-141502-9f3a",
        "started": "2026-11-21T14:15:02",
        "ecosystem": "runeframeos-test",
        "provider": "process",
        "command": "harness test component api e2e performance",
        "seed": 4711,
        "duration": 31.4,
        "exit_code": 1,
    }
    assert (results["verdict"], results["is_complete"], results["interrupted"]) == ("failed", True, [])
    assert [s["name"] for s in results["suites"]] == ["component", "api", "e2e", "performance"]
    environment = results["environment"]
    assert environment["ready_after"] == 0.468
    assert environment["critical_path"][0] == {
        "component": "process provider",
        "what": "preparing",
        "duration": 0.024,
    }
    database = environment["components"][0]
    assert (database["name"], database["level"], round(database["ready_after"], 3)) == (
        "test-database",
        0,
        0.178,
    )
    assert [c["state"] for c in database["changes"]] == [
        "starting",
        "probing",
        "ready",
        "stopping",
        "stopped",
    ]
    assert [f["is_ok"] for f in results["figures"]] == [True, True, True, False]
    assert results["coverage"]["files"]["services/kernel/tokens.py"] == [54, 54]
    assert results["pyramid"][0] == {"layer": "unit", "cases": 412, "share": 412 / 539, "target": 0.7}
    assert results["seeded"] == {
        "counts": {"users": 200, "simulations": 400, "listings": 120},
        "digest": "b1946ac9",
        "duration": 0.116,
    }


def test_faults_and_the_cases_that_they_overlapped(failing: RunResult) -> None:
    """A fault is known by its number."""
    results = form(failing)
    (fault,) = results["environment"]["faults"]
    assert (round(fault.pop("after"), 3), round(fault.pop("duration"), 3)) == (23.2, 1.7)
    assert fault == {
        "number": 1,
        "fault": "Latency",
        "components": ["test-hoardwell"],
        "detail": "component='test-hoardwell', delay=0.5, jitter=0.1, seed=0",
        "reason": "its owner asked",
        "world": "",
    }
    assert [t["name"] for t in results["test_details"] if t["faults"] == [1]] == [
        "tests/e2e/test_journeys.py::test_marketplace"
    ]


def test_a_killed_run() -> None:
    """What had not ended is named, and nobody takes the run for a complete one."""
    results = form(fold(sample_runs.interrupted()))
    assert (results["verdict"], results["is_complete"], results["run"]["exit_code"]) == (
        "interrupted",
        False,
        None,
    )
    tests = "tests/e2e/test_journeys.py::test_"
    assert results["interrupted"] == [f"{tests}economic_workflow", f"{tests}disaster_recovery"]
    assert results["not_run"] == 12
    assert results["coverage"] is None


def test_a_broken_environment() -> None:
    """The failure is told as it was stated; nothing is counted as a failed test."""
    results = form(fold(sample_runs.broken()))
    assert (results["verdict"], results["total_tests"], results["failed_tests"]) == (
        "environment broken",
        0,
        0,
    )
    assert results["environment"]["failure"]["message"].startswith("test-jonar ended with exit code 1")
    (crashed,) = [c for c in results["environment"]["components"] if c["exits"]]
    assert (crashed["name"], crashed["exits"][0]["exit_code"], crashed["ready_after"]) == (
        "test-jonar",
        1,
        None,
    )


def test_coverage_has_the_shape_of_coverage_py(failing: RunResult) -> None:
    """Tools that read `coverage json` read this."""
    report = json.loads(coverage_json.render(failing))
    assert report["totals"] == {
        "covered_lines": 700,
        "num_statements": 839,
        "missing_lines": 139,
        "percent_covered": 700 / 839 * 100,
        "percent_covered_display": "83",
    }
    assert report["files"]["services/jonar/autoscaler.py"]["summary"]["missing_lines"] == 47
