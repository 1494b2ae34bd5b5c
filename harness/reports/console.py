"""Why this exists: how a run ended, on the terminal, in the lines a person looks for."""

from collections.abc import Iterator
from pathlib import Path

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from harness.core.wording import counted
from harness.reports.text import NONE, duration, number, one_line, percent, plain
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


def lines(
    result: RunResult, width: int, report: Path | None = None, *, is_told: bool = False
) -> RenderableType:
    """The end of a run: suites, shares, where the start-up went, failures, and the verdict last.

    Args:
        result: A folded run.
        width: Columns of the terminal; longer lines are cut.
        report: Where report.html is; None when none was written.
        is_told: Whether people have just been told in full what became of the environment.
    """
    parts: list[RenderableType] = []
    if result.suites:
        parts += [_suites(result), Text()]
    parts += [_labelled(_measures(result))]
    if not is_told:
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
    known = totals.cases + not_run
    cases = str(known) if totals.ended == known else f"{totals.ended} of {known}"
    return (
        Text(name),
        Text(cases),
        Text(str(totals.passed)),
        Text(str(totals.bad), style="bold red" if totals.bad else ""),
        Text(str(totals.skipped)),
        Text(duration(seconds) if totals.cases else NONE),
    )


def _measures(result: RunResult) -> Iterator[tuple[str, str]]:
    environment = result.environment
    if environment.ready_after is not None:
        yield "Ready after", duration(environment.ready_after)
    if environment.worlds:
        longest = max(world.ready_after for world in environment.worlds)
        opened = counted(len({world.name for world in environment.worlds}), "world")
        yield "For workers", f"{opened} more, each ready after {duration(longest)} at most"
    if path := environment.path_by_component:
        yield "Critical path", " → ".join(f"{name} {duration(seconds)}" for name, seconds in path)
    if result.layers:
        shares = (
            f"{layer.name} {percent(layer.share)}"
            + ("" if layer.target is None else f" ({percent(layer.target, 0)})")
            for layer in result.layers
        )
        yield "Pyramid (target)", " · ".join(shares)
    if total := result.total_coverage:
        yield "Coverage", f"{percent(total.share)} of {total.total} statements"
    for figure in result.missed_limits:
        yield "Limit missed", f"{figure.name} {number(figure.value)} {figure.unit}, asked {figure.limit}"


def _labelled(rows: Iterator[tuple[str, str]]) -> Table:
    """Labels on the left; what is long goes on in the next line."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column()
    for label, text in rows:
        table.add_row(label, Text(one_line(text, 1000)))
    return table


def _environment(result: RunResult) -> Iterator[Text]:
    failure = result.environment.failure
    if failure:
        yield Text()
        yield Text(one_line(failure.message, 1000), style="bold magenta")
        yield from (Text(f"  {plain(line).rstrip()}", style="dim") for line in failure.evidence[-FAILURES:])
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
        f"  {headline(result)} · {duration(result.duration)}",
    )
    told = explanation(result)
    return Group(first, Text(told, style="dim")) if told else Group(first)
