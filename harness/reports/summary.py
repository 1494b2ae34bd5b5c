"""Why this exists: what a person reads first, in Markdown, where CI shows a step's summary.

CI refuses a summary above 1 MiB as a whole, so this one stays below it whatever happened: what comes first
matters most, and where the rest does not fit, how much is missing is said.
"""

import re
from collections.abc import Iterable, Iterator

from harness.reports.elsewhere import heading, missing, tally, told
from harness.reports.faults import since
from harness.reports.text import cut, duration, number, one_line, percent, plain
from harness.reports.verdicts import LABELS, bad_heading, explanation, headline
from harness.results.cases import Case, Totals
from harness.results.model import RunResult, Verdict

LIMIT = 1_000_000  # bytes; 1 MiB with room for what other steps of a job append
RESERVE = 200  # bytes, for the line that says what was left out
FULL = 50  # failures with their traceback; nobody scrolls further in a summary
DETAILS = 6_000  # characters of one traceback
FAULTS = 10  # of one case

_ICONS = {
    Verdict.PASSED: "✅",
    Verdict.FAILED: "❌",
    Verdict.ENVIRONMENT_BROKEN: "🔌",
    Verdict.INTERRUPTED: "✋",
    Verdict.LEFTOVERS: "🧹",
    Verdict.INVALID: "📝",
    Verdict.EMPTY: "⭕",
}
_SPECIAL = re.compile(r"[\\`*_{}\[\]<>|&~#@]")


def render(result: RunResult) -> str:
    """The run as GitHub-flavoured Markdown of at most `LIMIT` bytes."""
    sheet = _Sheet(LIMIT)
    for section in (_top, _environment, _suites, _elsewhere, _measures, _figures, _failures, _flaky):
        sheet.write(section(result))
    return sheet.text()


class _Sheet:
    """Blocks of text up to a limit of bytes."""

    def __init__(self, limit: int) -> None:
        self._left = limit - RESERVE
        self._blocks: list[str] = []
        self._missing = 0

    def write(self, blocks: Iterable[str]) -> None:
        """Take blocks, whole or not at all; after the first that does not fit, none."""
        for block in blocks:
            size = len(block.encode())
            if self._missing or size > self._left:
                self._missing += 1
                continue
            self._left -= size
            self._blocks.append(block)

    def text(self) -> str:
        """Everything that fitted, and how much did not."""
        note = f"\n\n{self._missing} more entries did not fit in here; report.html has them.\n"
        return "".join(self._blocks) + (note if self._missing else "")


def _safe(text: str, limit: int = 300) -> str:
    """Captured text as plain words on one line: no markup, no table cell, no mention of a user."""
    return _SPECIAL.sub(lambda found: f"&#{ord(found[0])};", one_line(text, limit))


def _code(text: str) -> str:
    return f"<code>{_safe(text)}</code>"


def _fenced(text: str) -> str:
    """A code block whose fence is longer than any run of backticks within."""
    body = cut(plain(text).strip("\n"), DETAILS)
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", body)), default=0))
    return f"\n{fence}text\n{body}\n{fence}\n"


def _top(result: RunResult) -> Iterator[str]:
    verdict = result.verdict
    yield f"## {_ICONS[verdict]} {LABELS[verdict]}: {headline(result)}\n\n"
    if told := explanation(result):
        yield f"{_safe(told)}\n\n"
    facts = [
        _safe(result.ecosystem),
        f"provider {_safe(result.provider)}",
        f"took {duration(result.duration)}",
    ]
    if result.seed is not None:
        facts.append(f"seed {result.seed}")
    yield " · ".join([*facts, f"run {_code(result.run_id)}"]) + "\n"


def _environment(result: RunResult) -> Iterator[str]:
    environment = result.environment
    if failure := environment.failure:
        yield f"\n### The environment\n\n**{_safe(failure.message, 1000)}**\n"
        if failure.hint:
            yield f"\n{_safe(failure.hint, 1000)}\n"
        if failure.evidence:
            yield _fenced("\n".join(failure.evidence))
    for leftover in environment.leftovers:
        yield f"\n- left behind: {_code(leftover)}\n"


def _suites(result: RunResult) -> Iterator[str]:
    if not result.suites:
        return
    yield "\n| suite | cases | passed | failed | skipped | time |\n|---|--:|--:|--:|--:|--:|\n"
    for suite in result.suites:
        yield _row(_safe(suite.name, 80), suite.totals, suite.duration, suite.not_run)
    if len(result.suites) > 1:
        yield _row("**all**", result.totals, result.duration, result.not_run)


def _row(name: str, totals: Totals, seconds: float, not_run: int) -> str:
    others = [(totals.interrupted, "interrupted"), (not_run, "not run")]
    note = ", ".join(f"{count} {what}" for count, what in others if count)
    cases = f"{totals.ended} ({note})" if note else str(totals.ended)
    failed = f"**{totals.bad}**" if totals.bad else "0"
    cells = (name, cases, totals.passed, failed, totals.skipped, duration(seconds))
    return "| " + " | ".join(map(str, cells)) + " |\n"


def _elsewhere(result: RunResult) -> Iterator[str]:
    comparison = result.comparison
    if comparison is None:
        return
    places = comparison.places
    titles = ["suite", "cases", *(_safe(place, 60) for place in places), "alike"]
    yield f"\n### {_safe(heading(comparison))}\n\n| {' | '.join(titles)} |\n|---|--:|{'---|' * len(places)}--:|\n"
    for suite in comparison.suites:
        cells = [_safe(suite.name, 80), str(suite.cases), *map(tally, suite.totals), str(suite.same)]
        yield f"| {' | '.join(cells)} |\n"
    yield from (f"\n- {_safe(line)}" for line in missing(comparison))
    for each in (*comparison.contrary, *comparison.untried)[:FULL]:
        icon = "❌ " if each.is_contrary else ""
        why = "; ".join(_safe(reason) for reason in each.reasons)
        yield f"\n- {icon}{_code(each.case)}: {_safe(told(places, each))}" + (f" ({why})" if why else "")
    yield "\n"


def _failures(result: RunResult) -> Iterator[str]:
    bad = result.bad
    if not bad:
        return
    yield f"\n### {bad_heading(result.totals)}\n"
    yield from (_failure(case) for case in bad[:FULL])
    yield from (f"\n- {_code(case.id)} {_safe(case.last.message)}" for case in bad[FULL:])
    yield "\n"


def _failure(case: Case) -> str:
    summary = f"{_code(case.id)} — {case.status} after {duration(case.duration)}"
    body = _fenced(case.last.details) if case.last.details.strip() else ""
    faults = "".join(f"\n- {_safe(since(span, case.last.started))}" for span in case.faults[:FAULTS])
    body = f"\nUnder faults, in seconds since it began:\n{faults}\n{body}" if faults else body
    return f"\n<details><summary>{summary}<br>{_safe(case.last.message)}</summary>\n{body}\n</details>\n"


def _flaky(result: RunResult) -> Iterator[str]:
    if result.flaky:
        yield "\n### Passed only at a later attempt\n\n"
        yield from (f"- {_code(case.id)} ({len(case.attempts)} attempts)\n" for case in result.flaky)


def _figures(result: RunResult) -> Iterator[str]:
    if result.limited:
        yield "\n| figure | measured | limit | |\n|---|--:|--:|---|\n"
    for figure in result.limited:
        value = f"{number(figure.value)} {_safe(figure.unit, 20)}".rstrip()
        met = "met" if figure.is_ok else "**missed**"
        yield f"| {_safe(figure.name, 80)} | {value} | {_safe(figure.limit, 40)} | {met} |\n"


def _measures(result: RunResult) -> Iterator[str]:
    """One line each: where the start-up went, coverage, the pyramid."""
    environment = result.environment
    if environment.ready_after is not None:
        steps = environment.path_by_component[:20]
        path = " → ".join(f"{_safe(name, 60)} {duration(seconds)}" for name, seconds in steps)
        yield f"\nEnvironment ready after **{duration(environment.ready_after)}**"
        yield f" (critical path: {path})\n" if path else "\n"
    if total := result.total_coverage:
        yield f"\nCoverage of the services: **{percent(total.share)}** of {total.total} statements\n"
    if result.layers:
        shares = (
            f"{_safe(layer.name, 40)} {percent(layer.share)}"
            + ("" if layer.target is None else f" (target {percent(layer.target, 0)})")
            for layer in result.layers[:10]
        )
        yield f"\nPyramid: {' · '.join(shares)}\n"
