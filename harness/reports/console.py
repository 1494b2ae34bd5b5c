"""Why this exists: how a run ended, on the terminal, in the lines a person looks for."""

from collections.abc import Iterator
from pathlib import Path

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from harness.reports.text import NONE, counted, duration, one_line, percent
from harness.reports.verdicts import LABELS, explanation, headline
from harness.results.cases import Case, Totals
from harness.results.model import RunResult, Verdict

FAILURES = 20  # one line each; the report has them all
COLOURS = {
    Verdict.PASSED: "green",
    Verdict.FAILED: "red",
    Verdict.ENVIRONMENT_BROKEN: "magenta",
    Verdict.INTERRUPTED: "yellow",
    Verdict.LEFTOVERS: "yellow",
    Verdict.INVALID: "yellow",
    Verdict.EMPTY: "yellow",
}


def lines(result: RunResult, width: int, report: Path | None = None) -> RenderableType:
    """The end of a run: suites, shares, where the start-up went, failures, and the verdict last.

    Args:
        result: A folded run.
        width: Columns of the terminal; longer lines are cut.
        report: Where report.html is; None when none was written.
    """
    parts: list[RenderableType] = []
    if result.suites:
        parts += [_suites(result), Text()]
    parts += [_shortened(line, width) for line in _measures(result)]
    parts += [_shortened(line, width) for line in _environment(result)]
    parts += [_shortened(line, width) for line in _failures(result)]
    parts += [_verdict(result), *([Text(f"Report: {report}")] if report else [])]
    return Group(*parts)


def _shortened(line: Text, width: int) -> Text:
    line.truncate(width, overflow="ellipsis")
    return line


def _suites(result: RunResult) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("suite", overflow="ellipsis", no_wrap=True)
    for heading in ("cases", "passed", "failed", "skipped", "time"):
        table.add_column(heading, justify="right", no_wrap=True)
    for suite in result.suites:
        table.add_row(*_cells(one_line(suite.name, 60), suite.totals, suite.duration, suite.not_run))
    if len(result.suites) > 1:
        table.add_row(*_cells("all", result.totals, result.duration, result.not_run), style="bold")
    return table


def _cells(name: str, totals: Totals, seconds: float, not_run: int) -> tuple[Text, ...]:
    cases = f"{totals.cases} of {totals.cases + not_run}" if not_run else str(totals.cases)
    return (
        Text(name),
        Text(cases),
        Text(str(totals.passed)),
        Text(str(totals.bad), style="bold red" if totals.bad else ""),
        Text(str(totals.skipped)),
        Text(duration(seconds) if totals.cases else NONE),
    )


def _measures(result: RunResult) -> Iterator[Text]:
    environment = result.environment
    if environment.ready_after is not None:
        yield _labelled("Ready after", duration(environment.ready_after))
    if environment.critical_path:
        path = (
            f"{step.component} {step.what} {duration(step.duration)}" for step in environment.critical_path
        )
        yield _labelled("Critical path", " → ".join(path))
    if result.layers:
        shares = (
            f"{layer.name} {percent(layer.share)}"
            + ("" if layer.target is None else f" (target {percent(layer.target, 0)})")
            for layer in result.layers
        )
        yield _labelled("Pyramid", " · ".join(shares))
    if total := result.total_coverage:
        yield _labelled("Coverage", f"{percent(total.share)} of {total.total} statements")
    for figure in result.missed_limits:
        yield _labelled("Limit missed", f"{figure.name} {figure.value:g} {figure.unit}, asked {figure.limit}")


def _labelled(label: str, text: str) -> Text:
    return Text.assemble((f"{label:<14}", "dim"), one_line(text, 1000))


def _environment(result: RunResult) -> Iterator[Text]:
    failure = result.environment.failure
    if failure:
        yield Text()
        yield Text(one_line(failure.message, 1000), style="bold magenta")
        yield from (Text(f"  {one_line(line)}", style="dim") for line in failure.evidence[-FAILURES:])
        if failure.hint:
            yield Text(one_line(failure.hint, 1000))
    for leftover in result.environment.leftovers:
        yield Text(f"left behind: {one_line(leftover)}", style="yellow")


def _failures(result: RunResult) -> Iterator[Text]:
    bad = result.bad
    if bad:
        yield Text()
    yield from (_failure(case) for case in bad[:FAILURES])
    if len(bad) > FAILURES:
        yield Text(f"… and {counted(len(bad) - FAILURES, 'more failure')}", style="red")


def _failure(case: Case) -> Text:
    what = case.status.value.upper()
    return Text.assemble(
        (what, "bold red"), f" {one_line(case.id)}", (f"  {one_line(case.last.message)}", "dim")
    )


def _verdict(result: RunResult) -> Group:
    verdict = result.verdict
    first = Text.assemble(
        (f"\n{LABELS[verdict]}", f"bold {COLOURS[verdict]}"),
        f"  {headline(result)} in {duration(result.duration)}",
    )
    told = explanation(result)
    return Group(first, Text(told, style="dim")) if told else Group(first)
