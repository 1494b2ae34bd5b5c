"""Why this exists: `harness compare`: whether the same cases end alike in every place that they were run in."""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table

from harness.bootstrap.runs.comparing import compare_runs
from harness.cli.screen import answers
from harness.core.errors import ExitCode, UsageError
from harness.reports.elsewhere import heading, tally, told
from harness.reports.elsewhere import missing as told_missing
from harness.results.elsewhere import Comparison, Difference

_MOST = 50  # differences that a terminal is told of; the report has all


def compare(
    run: Annotated[Path, typer.Argument(help="The run whose reports get the table.", metavar="RUN")],
    others: Annotated[
        list[Path] | None,
        typer.Argument(help="Runs of the same suites elsewhere.", metavar="OTHER...", show_default=False),
    ] = None,
    missing: Annotated[
        list[str] | None,
        typer.Option(
            help="Where there should be one more run, and why there is none; may be repeated.",
            metavar="PLACE=WHY",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Compare how the same cases ended in several runs, such as one for each provider.

    RUN and OTHER are runs' folders, such as results/latest. Exit code 1 when a case was good in one and bad in another.
    """
    absent = dict(map(_absent, missing or ()))
    if not others and not absent:
        raise UsageError("nothing to compare with", hint="name the folder of another run")
    comparison, console = compare_runs(run, others or (), absent), answers()
    console.print(_table(comparison))
    console.print(f"[bold]{escape(heading(comparison))}[/]")
    for line in told_missing(comparison):
        console.print(escape(line))
    for each in (*comparison.contrary, *comparison.untried)[:_MOST]:
        console.print(_line(comparison.places, each))
    if (more := len(comparison.differences) - _MOST) > 0:
        console.print(f"and {more} more: {escape(str(run / 'report.html'))}")
    if comparison.contrary:
        raise typer.Exit(ExitCode.SUITE_FAILED)


def _absent(text: str) -> tuple[str, str]:
    place, _, why = text.partition("=")
    if not place or not why.strip():
        raise UsageError(f"--missing is {text!r}", hint="it takes PLACE=WHY, such as 'kubernetes=no cluster'")
    return place, why.strip()


def _table(comparison: Comparison) -> RenderableType:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in _titles(comparison.places):
        table.add_column(escape(title), justify="right" if title in ("cases", "alike") else "left")
    for suite in comparison.suites:
        table.add_row(escape(suite.name), str(suite.cases), *map(tally, suite.totals), str(suite.same))
    return Group(table, "")


def _titles(places: Iterable[str]) -> list[str]:
    return ["suite", "cases", *places, "alike"]


def _line(places: tuple[str, ...], difference: Difference) -> str:
    colour = "red" if difference.is_contrary else "yellow"
    why = "; ".join(difference.reasons)
    return f"[{colour}]{escape(difference.case)}[/]: {escape(told(places, difference))}" + (
        f" [dim]({escape(why)})[/]" if why else ""
    )
