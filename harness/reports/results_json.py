"""Why this exists: results for programs, in the shape an integration test suite's results have always had here.

```
total_tests, passed_tests, failed_tests, skipped_tests, interrupted_tests   counts; the first is the sum of the others
test_details: [{
    name         the pytest node id
    status       "passed", "failed", "skipped" or "interrupted": it began and was not let end
    outcome      more precisely: also "error", "xfailed", "xpassed"
    duration     seconds
    error        one line, for what failed; else null
    suite, file, line, worker, started, phases {setup, call, teardown: seconds}
    details      the traceback, where there is one
    attempts     earlier ones, oldest first: [{outcome, duration, error}]
    faults       the numbers of those that were on meanwhile
}]
format          1; grows when a field changes its meaning
run             {id, ecosystem, provider, command, seed, started (UTC), duration, exit_code or null}
verdict         passed, failed, environment broken, interrupted, leftovers, invalid, nothing tested
is_complete     false when the run was killed: what is here is what had been stated
interrupted     names of cases that began and were not let end
not_run         how many were collected and never begun
suites          [{name, total, passed, failed, skipped, interrupted, collected or null, duration}]
environment     {id, ready_after or null, stopped_after or null, critical_path [{component, what, duration}],
                 components [{name, level, state, ready_after or null,
                              changes [{after, state, detail}], exits [{after, exit_code, expected, last_lines}]}],
                 skipped {component: reason}, failure {message, hint, evidence} or null, leftovers [name],
                 worlds [{name, ready_after}] that workers had beside it,
                 faults [{number, fault, components, detail, after, duration or null, reason, world or ""}]}
figures         [{case, name, value or null, unit, limit, is_ok}]
coverage        {covered, total, share, files {path: [covered, total]}} or null
pyramid         [{layer, cases, share, target or null}], shares from 0 to 1
seeded          {counts {what: number}, digest, duration} or null
elsewhere       the same cases in other runs, where this one was compared: {places [name], cases, same,
                 missing {place: why nothing was run there},
                 differences [{name, contrary, ended [outcome or null, by place]}]} or null
```
`after` and `ready_after` are seconds since the environment began to start. What is no number is null.
"""

import json
from collections.abc import Mapping
from math import isfinite
from typing import Any

from harness.reports.text import iso
from harness.results.cases import Case, SuiteResult, Totals
from harness.results.elsewhere import Comparison
from harness.results.environment import ComponentHistory, EnvironmentResult
from harness.results.faults import FaultSpan
from harness.results.model import RunResult

FORMAT = 1


def render(result: RunResult) -> bytes:
    """The run as one JSON document, in UTF-8."""
    form = {
        **_totals(result.totals),
        "test_details": [_case(case) for case in result.cases],
        "format": FORMAT,
        "run": _run(result),
        "verdict": result.verdict,
        "is_complete": result.is_complete,
        "interrupted": [case.id for case in result.interrupted],
        "not_run": result.not_run,
        "suites": [_suite(suite) for suite in result.suites],
        "environment": _environment(result.environment),
        "figures": [{name: getattr(figure, name) for name in _FIGURE} for figure in result.figures],
        "coverage": _coverage(result),
        "pyramid": [
            {"layer": layer.name, "cases": layer.cases, "share": layer.share, "target": layer.target}
            for layer in result.layers
        ],
        "seeded": result.seeded and {name: getattr(result.seeded, name) for name in _SEEDED},
        "elsewhere": _elsewhere(result.comparison),
    }
    return encoded(form)


_FIGURE = ("case", "name", "value", "unit", "limit", "is_ok")
_SEEDED = ("counts", "digest", "duration")


def encoded(form: Mapping[str, Any]) -> bytes:
    """Indented JSON that strict parsers take: numbers that are none are null, lone surrogates a question mark."""
    return (json.dumps(_strict(form), ensure_ascii=False, indent=1) + "\n").encode(errors="replace")


def _strict(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _strict(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_strict(item) for item in value]
    return None if isinstance(value, float) and not isfinite(value) else value


def _totals(totals: Totals) -> dict[str, int]:
    return {
        "total_tests": totals.cases,
        "passed_tests": totals.passed,
        "failed_tests": totals.bad,
        "skipped_tests": totals.skipped,
        "interrupted_tests": totals.interrupted,
    }


def _case(case: Case) -> dict[str, Any]:
    last = case.last
    return {
        "name": case.id,
        "status": case.status.group,
        "outcome": case.status,
        "duration": case.duration,
        "error": last.message if case.is_bad else None,
        "suite": case.suite,
        "file": case.file,
        "line": case.line,
        "worker": last.worker,
        "started": iso(last.started),
        "phases": last.phases,
        "details": last.details,
        "attempts": [
            {
                "outcome": attempt.status,
                "duration": attempt.duration,
                "error": attempt.message if attempt.status.is_bad else None,
            }
            for attempt in case.earlier
        ],
        "faults": [span.number for span in case.faults],
    }


def _run(result: RunResult) -> dict[str, Any]:
    names = ("ecosystem", "provider", "command", "seed", "duration", "exit_code")
    return {"id": result.run_id, "started": iso(result.started)} | {n: getattr(result, n) for n in names}


def _suite(suite: SuiteResult) -> dict[str, Any]:
    totals = suite.totals
    return {
        "name": suite.name,
        "total": totals.cases,
        "passed": totals.passed,
        "failed": totals.bad,
        "skipped": totals.skipped,
        "interrupted": totals.interrupted,
        "collected": suite.collected,
        "duration": suite.duration,
    }


def _environment(environment: EnvironmentResult) -> dict[str, Any]:
    failure = environment.failure
    return {
        "id": environment.id,
        "ready_after": environment.ready_after,
        "stopped_after": environment.stopped_after,
        "critical_path": [
            {"component": step.component, "what": step.what, "duration": step.duration}
            for step in environment.critical_path
        ],
        "components": [_component(component, environment.started) for component in environment.components],
        "skipped": environment.skipped,
        "failure": failure
        and {"message": failure.message, "hint": failure.hint, "evidence": failure.evidence},
        "leftovers": environment.leftovers,
        "worlds": [{"name": world.name, "ready_after": world.ready_after} for world in environment.worlds],
        "faults": [_fault(span, environment.started) for span in environment.faults],
    }


def _fault(span: FaultSpan, began: float) -> dict[str, Any]:
    return {
        "number": span.number,
        "fault": span.kind,
        "components": span.components,
        "detail": span.detail,
        "after": span.began - began,
        "duration": None if span.ended is None else span.ended - span.began,
        "reason": span.reason,
        "world": span.world,
    }


def _component(component: ComponentHistory, began: float) -> dict[str, Any]:
    return {
        "name": component.name,
        "level": component.level,
        "state": component.state,
        "ready_after": None if component.ready_at is None else component.ready_at - began,
        "changes": [{"after": c.at - began, "state": c.state, "detail": c.detail} for c in component.changes],
        "exits": [
            {
                "after": ended.at - began,
                "exit_code": ended.exit_code,
                "expected": ended.expected,
                "last_lines": ended.last_lines,
            }
            for ended in component.exits
        ],
    }


def _elsewhere(comparison: Comparison | None) -> dict[str, Any] | None:
    if comparison is None:
        return None
    return {
        "places": comparison.places,
        "cases": comparison.cases,
        "same": comparison.same,
        "missing": dict(comparison.missing),
        "differences": [
            {
                "name": each.case,
                "contrary": each.is_contrary,
                "ended": [None if ended is None else ended.status for ended in each.ended],
            }
            for each in comparison.differences
        ],
    }


def _coverage(result: RunResult) -> dict[str, Any] | None:
    total = result.total_coverage
    if total is None:
        return None
    return {
        "covered": total.covered,
        "total": total.total,
        "share": total.share,
        "files": {file.path: [file.covered, file.total] for file in result.coverage},
    }
