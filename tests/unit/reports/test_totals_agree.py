"""Every report counts the same cases the same way, whatever was stated."""

import io
import json
import math
import re
from html.parser import HTMLParser
from xml.etree.ElementTree import Element

from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from harness.events.facts import CaseFinished, CaseStarted, Event, FigureMeasured, Outcome, SuitesCollected
from harness.reports import console, coverage_json, html, junit, results_json, summary
from harness.results import RunResult, fold
from tests.unit.events.strategies import facts
from tests.unit.reports.reading import xml

NAMES = st.sampled_from(
    [
        "api",
        "tests/api/test_a.py::TestA::test_b[x]",
        "tests/e2e/test_c.py::test_d[<script>alert(1)</script>|`*_&]",
        "\x1b[31m\x00\ud800 colours\r\nand lines",
        "",
    ]
)
NUMBERS = st.sampled_from([0.0, 0.25, 61.5, -3.0, 1_795_270_502.5, 1e300, math.inf, math.nan])
CASES = st.one_of(
    st.builds(CaseStarted, at=NUMBERS, case=NAMES, suite=NAMES, worker=NAMES),
    st.builds(
        CaseFinished,
        at=NUMBERS,
        case=NAMES,
        suite=NAMES,
        outcome=st.sampled_from(Outcome),
        duration=NUMBERS,
        message=NAMES,
        details=NAMES,
        output=st.dictionaries(NAMES, NAMES, max_size=2),
    ),
)
RUNS = st.lists(st.one_of(CASES, facts(NUMBERS, NAMES)), max_size=25)


MARKDOWN_ROW = re.compile(
    r"^\| .*? \| (\d+)(?: \([^|]*\))? \| (\d+) \| \**(\d+)\** \| (\d+) \| [^|]*\|$", re.MULTILINE
)
TERMINAL_ROW = re.compile(r" (\d+)(?: of \d+)? +(\d+) +(\d+) +(\d+) +\S+(?: \S+)*$", re.MULTILINE)

few = settings(max_examples=40)  # each writes a whole report


class _Page(HTMLParser):
    """Reads back what a page says: rows of cases by status, cards of failures, the legend's counts."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[str] = []
        self.cards: list[str] = []
        self.legend = ""
        self.tags: list[str] = []
        self._in_cases = self._in_legend = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        classes = (dict(attrs).get("class") or "").split()
        self.tags.append(tag)
        if tag in ("table", "ul"):
            self._in_cases, self._in_legend = "cases" in classes, classes == ["legend"] and not self.legend
        if tag == "tr" and self._in_cases:
            self.rows += classes
        if tag == "article" and "failure" in classes:
            self.cards.append(classes[2])

    def handle_endtag(self, tag: str) -> None:
        if tag == "ul":
            self._in_legend = False

    def handle_data(self, data: str) -> None:
        if self._in_legend:
            self.legend += f" {data.strip()}"

    def count(self, *names: str) -> int:
        """The legend's counts of these names, added up."""
        return sum(
            int(n)
            for n, name in re.findall(r"(\d+)\s+(\w[\w ]*?)(?=\s+\d|\s*$)", self.legend)
            if name in names
        )


def sums(suites: list[Element], *names: str) -> list[int]:
    """Attributes added up over elements."""
    return [sum(int(suite.attrib[name]) for suite in suites) for name in names]


def refuse(constant: str) -> None:
    """NaN and Infinity are no JSON."""
    raise AssertionError(constant)


def on_terminal(result: RunResult) -> str:
    """The end of a run as a terminal of 200 columns shows it."""
    screen = Console(width=200, file=io.StringIO(), record=True)
    screen.print(console.lines(result, 200))
    return screen.export_text()


@few
@given(RUNS)
def test_junit_counts_its_elements(stated: list[Event]) -> None:
    """The attributes of the document, of its suites and the elements themselves agree."""
    result = fold(stated)
    totals = result.totals
    root = xml(junit.render(result))
    counts = ("tests", "failures", "errors", "skipped")
    skipped = totals.skipped + totals.interrupted
    assert sums([root], *counts) == [totals.cases, totals.failed, totals.errors, skipped]
    assert sums(root.findall("testsuite"), *counts) == sums([root], *counts)
    tags = ("testcase", "testcase/failure", "testcase/error", "testcase/skipped")
    assert [len(root.findall(f".//{tag}")) for tag in tags] == sums([root], *counts)


@few
@given(RUNS)
def test_results_json_counts_its_details(stated: list[Event]) -> None:
    """The counts are those of the details; coverage counts the same statements."""
    result = fold(stated)
    form = json.loads(results_json.render(result), parse_constant=refuse)
    statuses = [case["status"] for case in form["test_details"]]
    assert form["total_tests"] == len(statuses) == result.totals.cases
    assert form["passed_tests"] == statuses.count("passed") == result.totals.passed
    assert form["failed_tests"] == statuses.count("failed") == result.totals.bad
    assert form["interrupted_tests"] == statuses.count("interrupted") == result.totals.interrupted
    assert form["skipped_tests"] == statuses.count("skipped") == result.totals.skipped
    statements = json.loads(coverage_json.render(result))["totals"]["num_statements"]
    assert statements == sum(file.total for file in result.coverage)


@few
@given(RUNS)
def test_the_page_shows_every_case(stated: list[Event]) -> None:
    """A row for each case, a card for each that failed, and a legend with the same counts."""
    result = fold(stated)
    totals = result.totals
    page = _Page()
    page.feed(html.render(result))
    assert len(page.rows) == totals.cases
    assert len(page.cards) == totals.bad + totals.interrupted == page.count("failed", "error", "interrupted")
    if totals.cases:
        assert (page.count("passed"), page.count("skipped")) == (totals.passed, totals.skipped)
    assert page.tags.count("script") == 1


@few
@given(RUNS)
def test_the_tables_of_summary_and_terminal_add_up(stated: list[Event]) -> None:
    """The suites' rows, or the last row, give the totals."""
    result = fold(stated)
    totals = result.totals
    expected = [totals.ended, totals.passed, totals.bad, totals.skipped]
    rows = MARKDOWN_ROW.findall(summary.render(result))[: len(result.suites)]
    assert [sum(map(int, column)) for column in zip(*rows, strict=True)] == (expected if rows else [])
    assert len(rows) == len(result.suites)
    shown = TERMINAL_ROW.findall(on_terminal(result))
    assert [int(cell) for cell in shown[-1]] == expected if result.suites else not shown


def test_a_figure_that_is_no_number_is_null() -> None:
    """Strict JSON parsers read a run with an endless figure."""
    stated = [FigureMeasured(at=1.0, case="t", figure="ratio", value=math.inf, unit="")]
    assert json.loads(results_json.render(fold(stated)))["figures"][0]["value"] is None
    assert "not a number" in html.render(fold(stated))


def test_the_summary_names_every_suite_once() -> None:
    """A suite that was collected and never ran stands in the table."""
    collected = SuitesCollected(at=1.0, by_suite={"api": 3}, by_layer={})
    assert "| api | 0 (3 not run) | 0 | 0 | 0 | 0 ms |" in summary.render(fold([collected]))
