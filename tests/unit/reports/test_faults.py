"""Faults in words, and as bars over the time in which cases ran."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from harness.events.facts import CaseFinished, Event, FaultHealed, FaultInjected, Outcome
from harness.reports import faults
from harness.reports.faults import CASES, ROWS, draw, since
from harness.results import fold
from harness.results.faults import FaultSpan
from tests.unit.events.strategies import facts


def injected(at: float, number: int = 1) -> FaultInjected:
    """A fault begins."""
    return FaultInjected(at=at, number=number, fault="Kill", components=("db",), detail="component='db'")


def healed(at: float, number: int = 1) -> FaultHealed:
    """It ends."""
    return FaultHealed(at=at, number=number, fault="Kill", components=("db",), duration=1.0, reason="enough")


def case(at: float, name: str, outcome: Outcome = Outcome.PASSED) -> CaseFinished:
    """A case that took ten seconds."""
    return CaseFinished(at=at, case=f"t.py::{name}", suite="api", outcome=outcome, duration=10.0)


def test_a_line_says_all_of_it() -> None:
    """What, with which settings, on whom, from when to when, and why it ended."""
    whole: dict[str, Any] = {"number": 1, "kind": "Kill", "began": 11.0}
    assert since(FaultSpan(components=("db",), detail="component='db'", **whole), 10.0) == (
        "Kill of db, +1.000 s to …, nobody stated that it healed"
    )
    settled = FaultSpan(
        components=("a", "b"), detail="groups=(('a',), ('b',))", ended=12.5, reason="enough", **whole
    )
    assert (
        since(settled, 12.0) == "Kill of a, b (groups=(('a',), ('b',))), -1.000 s to +0.500 s, healed: enough"
    )


def test_bars_stand_where_the_time_went() -> None:
    """The picture reaches from the first case to the last; what never healed lasts until its end."""
    picture = draw(fold([injected(2.0), healed(4.0), injected(5.0, 2), case(10.0, "one")]))
    assert picture is not None
    assert [(r.bar.left, r.bar.width) for r in picture.rows if r.bar] == [(20.0, 20.0), (50.0, 50.0)]
    assert [(row.lasted, row.ended) for row in picture.rows] == [
        ("2.00 s", "healed: enough"),
        ("5.00 s", "nobody stated that it healed"),
    ]


def test_failing_cases_are_named_first() -> None:
    """Of many cases some are named, and the others counted."""
    bad = case(10.0, "bad", Outcome.FAILED)
    picture = draw(fold([injected(2.0), healed(4.0), *(case(10.0, f"good{n}") for n in range(9)), bad]))
    assert picture is not None
    (row,) = picture.rows
    assert [found.name for found in row.cases] == ["bad", "good0", "good1"]
    assert row.more_cases == 10 - CASES


def test_many_faults_are_cut() -> None:
    """And how many were left out is said."""
    picture = draw(fold([injected(float(n), n) for n in range(ROWS + 5)]))
    assert picture is not None
    assert (len(picture.rows), picture.omitted) == (ROWS, 5)


def test_no_faults_no_picture() -> None:
    """Most runs have none."""
    assert draw(fold([case(10.0, "one")])) is None


@given(st.lists(facts(st.floats(0, 1e6), st.sampled_from(["db", "app"])), max_size=20))
def test_bars_stay_within_the_picture(stated: list[Event]) -> None:
    """Whatever was stated."""
    picture = draw(fold(stated))
    for row in picture.rows if picture else ():
        if row.bar is not None:
            assert 0 <= row.bar.left <= 100
            assert 0 <= row.bar.width <= 100.01 - row.bar.left


def test_settings_do_not_repeat_the_component() -> None:
    """Where there is more than its name, the rest stays."""
    told = FaultSpan(1, "Latency", ("db",), "component='db', delay=1", 0.0)
    assert faults.settings(told) == "delay=1"
