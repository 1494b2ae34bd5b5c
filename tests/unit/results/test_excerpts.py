"""A failing case brings along what was logged while it ran, and no more."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.events.facts import CaseFinished, CaseStarted, Outcome, WorldOpened
from harness.results import RunResult, excerpts, fold
from harness.results.cases import Excerpt
from harness.results.excerpts import LINE_LENGTH, LINES, SLACK

T = 1_795_270_500.0


def run(began: float, ended: float, outcome: Outcome = Outcome.FAILED) -> RunResult:
    """A run of one case, begun and ended some seconds after T."""
    return fold(
        [
            CaseStarted(at=T + began, case="t", suite="api"),
            CaseFinished(at=T + ended, case="t", suite="api", outcome=outcome, duration=ended - began),
        ]
    )


def cut(folder: Path, result: RunResult) -> tuple[Excerpt, ...]:
    """The excerpts of the only case."""
    (case,) = excerpts(folder, result).cases
    return case.excerpts


def log(folder: Path, component: str, *lines: tuple[float, str]) -> None:
    """A component's log as providers write it."""
    text = "".join(f"{T + after:.3f} {line}\n" for after, line in lines)
    (folder / f"{component}.log").write_text(text)


def test_each_component_hands_over_its_lines_of_the_window(tmp_path: Path) -> None:
    """Lines before and after the case are left out, components without lines too."""
    log(tmp_path, "app", (1.0, "early"), (2.5, "request"), (3.0, "error: boom"), (9.0, "late"))
    log(tmp_path, "db", (2.75, "duplicate key"))
    log(tmp_path, "idle", (0.0, "up"))
    (tmp_path / "empty.log").touch()
    found = cut(tmp_path, run(2.0, 4.0))
    assert [(e.component, [line.text for line in e.lines], e.omitted) for e in found] == [
        ("app", ["request", "error: boom"], 0),
        ("db", ["duplicate key"], 0),
    ]
    assert [line.at - T for line in found[0].lines] == [2.5, 3.0]


def test_what_the_case_before_has_caused_is_not_this_ones(tmp_path: Path) -> None:
    """A stamp is never earlier than its line, but for what the milliseconds round; often it is a little later."""
    log(tmp_path, "app", (1.955, "before"), (2.0, "first"), (4.045, "last"))
    (excerpt,) = cut(tmp_path, run(2.0004, 4.0))
    assert [line.text for line in excerpt.lines] == ["first", "last"]


def test_passing_cases_carry_no_lines(tmp_path: Path) -> None:
    """Evidence is for what failed."""
    log(tmp_path, "app", (2.5, "request"))
    assert cut(tmp_path, run(2.0, 4.0, Outcome.PASSED)) == ()


def test_a_run_without_logs_is_left_as_it_is(tmp_path: Path) -> None:
    """A folder that does not exist is no fault: attached ecosystems keep their logs themselves."""
    result = run(2.0, 4.0)
    assert excerpts(tmp_path / "logs", result) == result


def test_the_last_lines_are_kept_and_the_others_counted(tmp_path: Path) -> None:
    """A chatty component cannot flood the report."""
    log(tmp_path, "app", *((2 + n / 1000, f"line {n}") for n in range(LINES + 25)), (3.5, "x" * 9999))
    (excerpt,) = cut(tmp_path, run(2.0, 4.0))
    assert (len(excerpt.lines), excerpt.omitted) == (LINES, 26)
    assert excerpt.lines[0].text == "line 26"
    assert len(excerpt.lines[-1].text) == LINE_LENGTH


def test_lines_without_a_stamp_belong_to_the_one_before(tmp_path: Path) -> None:
    """A traceback stays together, also at the edges of the window; bytes that are no UTF-8 are shown as such."""
    log_bytes = (
        b"no stamp yet\n%d.000 early\n  continues\n%d.000 error\n  File x\n42.5 apples\n\xff\r\n%d.000 late\nends"
    ) % (T + 1, T + 3, T + 9)
    (tmp_path / "app.log").write_bytes(log_bytes)
    (excerpt,) = cut(tmp_path, run(2.0, 4.0))
    assert [line.text for line in excerpt.lines] == [
        "error",
        "  File x",
        "42.5 apples",
        "\N{REPLACEMENT CHARACTER}",
    ]
    (late,) = cut(tmp_path, run(8.0, 10.0))
    assert [line.text for line in late.lines] == ["late", "ends"]


@given(st.lists(st.integers(0, 6000), max_size=40).map(sorted), st.integers(0, 6000), st.integers(0, 3000))
def test_exactly_the_lines_of_the_window_are_found(
    tmp_path_factory: pytest.TempPathFactory, stamps: list[int], began: int, lasted: int
) -> None:
    """Bisecting over bytes finds what reading every line would find."""
    folder = tmp_path_factory.mktemp("logs")
    log(folder, "app", *((ms / 1000, f"at {ms}" + "." * (ms % 70)) for ms in stamps))
    found = cut(folder, run(began / 1000, (began + lasted) / 1000))
    slack = SLACK * 1000
    expected = [ms for ms in stamps if began <= ms < began + lasted + slack]
    edges = {began - 1, began + lasted + slack}  # floating point decides about these
    seen = [int(line.text.removeprefix("at ").rstrip(".")) for e in found for line in e.lines]
    assert [ms for ms in seen if ms not in edges] == expected[-LINES:]


def test_a_case_of_a_world_has_the_logs_of_that(tmp_path: Path) -> None:
    """And no other has them."""
    (tmp_path / "gw1").mkdir()
    log(tmp_path, "app", (3.0, "in the environment itself"))
    log(tmp_path / "gw1", "app", (3.0, "in a world"))
    cases = [
        CaseFinished(at=T + 4.0, case=w, suite="api", outcome=Outcome.FAILED, duration=2.0, worker=w)
        for w in ("gw0", "gw1")
    ]
    found = excerpts(tmp_path, fold([WorldOpened(at=T, world="gw1", duration=1.0), *cases]))
    told = {case.id: [line.text for e in case.excerpts for line in e.lines] for case in found.cases}
    assert told == {"gw0": ["in the environment itself"], "gw1": ["in a world"]}
