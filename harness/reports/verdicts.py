"""Why this exists: the verdict in words, the same on the terminal, in Markdown and in HTML."""

from harness.core.wording import counted
from harness.results.cases import Totals
from harness.results.model import RunResult, Verdict

LABELS = {
    Verdict.PASSED: "Passed",
    Verdict.FAILED: "Failed",
    Verdict.ENVIRONMENT_BROKEN: "Environment broken",
    Verdict.INTERRUPTED: "Interrupted",
    Verdict.LEFTOVERS: "Passed, but left something behind",
    Verdict.INVALID: "Invalid request",
    Verdict.EMPTY: "Nothing tested",
}


def headline(result: RunResult) -> str:
    """The run in one short sentence."""
    totals, verdict = result.totals, result.verdict
    if verdict is Verdict.ENVIRONMENT_BROKEN:
        is_up = result.environment.ready_after is not None
        return "The environment broke while it was in use" if is_up else "The environment did not come up"
    if verdict is Verdict.INTERRUPTED:
        return _interrupted(result)
    if verdict is Verdict.INVALID:
        return "The request was not valid" + ("" if totals.cases else "; no test ran")
    if verdict is Verdict.EMPTY:
        return "The run ended well, and no case was run"
    if verdict is Verdict.FAILED and not result.bad:
        return f"The run failed with exit code {result.exit_code}, although no case did"
    return _failed(totals) if result.bad else _passed(totals)


def _failed(totals: Totals) -> str:
    """Cases that never ended are told apart: they did not fail."""
    known = counted(totals.cases, "case")
    if not totals.bad:
        return f"{totals.interrupted:,} of {known} never ended"
    return f"{totals.bad:,} of {known} failed" + (
        f", {totals.interrupted:,} never ended" if totals.interrupted else ""
    )


def _passed(totals: Totals) -> str:
    if totals.skipped:
        return f"{counted(totals.passed, 'case')} passed, {totals.skipped:,} skipped"
    return "The only case passed" if totals.cases == 1 else f"All {counted(totals.cases, 'case')} passed"


def _interrupted(result: RunResult) -> str:
    known = result.totals.cases + result.not_run
    if not known:
        return "Interrupted before the first case"
    return f"Interrupted after {result.totals.ended:,} of {counted(known, 'case')}"


def bad_heading(totals: Totals) -> str:
    """What the list of failures and of cases that never ended is called."""
    parts = (
        counted(totals.bad, "failure") if totals.bad else "",
        f"{counted(totals.interrupted, 'case')} never ended" if totals.interrupted else "",
    )
    return ", ".join(filter(None, parts))


def explanation(result: RunResult) -> str:
    """What the verdict means and where to look, in a sentence or two; empty when the headline says it all."""
    verdict, environment = result.verdict, result.environment
    if verdict is Verdict.ENVIRONMENT_BROKEN:
        return "The tests had no working environment, so this is no verdict on the software under test."
    if verdict is Verdict.INTERRUPTED and not result.is_complete:
        return (
            "The run was killed: its log ends without a last word. What follows is everything it had stated."
        )
    if verdict is Verdict.INTERRUPTED:
        return "The run was stopped from outside. What follows is everything that had finished."
    if environment.leftovers:
        return f"{counted(len(environment.leftovers), 'thing')} could not be removed after the run."
    if result.missed_limits and not result.bad:
        return f"{counted(len(result.missed_limits), 'figure')} missed the limit, and no case failed over it."
    return ""
