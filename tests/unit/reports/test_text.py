"""Times, shares and captured text are written one way everywhere."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.reports.text import NONE, cut, duration, iso, moment, number, one_line, percent, plain
from tests.unit.events.strategies import TEXT
from tests.unit.reports.reading import xml


@given(TEXT)
def test_plain_text_fits_into_xml_and_utf8(text: str) -> None:
    """Whatever was captured can be written in every format."""
    found = xml(f"<a>{plain(text).replace('&', '&amp;').replace('<', '&lt;')}</a>").text or ""
    assert found == plain(text).replace("\r\n", "\n").replace("\r", "\n")


def test_plain_text_has_no_terminal_colours() -> None:
    """Colours vanish, other control characters stay visible."""
    assert plain("\x1b[1;31mred\x1b[0m \x1b]8;;link\x07text\x00\ud800") == "red text#x00#xD800"


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (None, NONE),
        (math.nan, NONE),
        (1e300, NONE),
        (0, "0 ms"),
        (0.0004, "0.4 ms"),
        (0.0123, "12 ms"),
        (1.234, "1.23 s"),
        (12.34, "12.3 s"),
        (59.94, "59.9 s"),
        (59.96, "1 min 00 s"),
        (123, "2 min 03 s"),
        (3720, "1 h 02 min"),
    ],
)  # fmt: skip
def test_duration(seconds: float | None, shown: str) -> None:
    """About three digits, in the unit a person would use."""
    assert duration(seconds) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (1234.5, "1,234"),
        (12.345, "12.3"),
        (0.01234, "0.0123"),
        (5, "5"),
        (1e30, "1e+30"),
        (math.inf, "not a number"),
    ],
)
def test_number(value: float, shown: str) -> None:
    """Digits that mean something."""
    assert number(value) == shown


def test_a_share_is_all_only_when_nothing_is_missing() -> None:
    """99.99 % is not shown as 100 %."""
    assert [percent(share) for share in (0, 0.5, 0.99999, 1)] == ["0.0 %", "50.0 %", "99.9 %", "100.0 %"]
    assert [percent(share, 0) for share in (0.7, 0.999, 1)] == ["70 %", "99 %", "100 %"]


@given(st.text(max_size=300), st.integers(3, 100))
def test_cut_keeps_begin_and_end_and_says_what_is_missing(text: str, limit: int) -> None:
    """A long text stays about as long as allowed."""
    short = cut(text, limit)
    if len(text) <= limit:
        assert short == text
    else:
        assert f"… {len(text) - limit} characters left out …" in short
        assert len(short) <= limit + 40
        assert text.startswith(short[: limit // 3])
        assert text.endswith(short[-(limit - limit // 3) :])


def test_one_line_is_one_line() -> None:
    """Line ends become blanks; what is too long ends in an ellipsis."""
    assert one_line("a\n  b\tc") == "a b c"
    assert one_line("x" * 50, 10) == "x" * 9 + "…"


def test_instants_are_utc_and_never_refused() -> None:
    """A broken clock gives the nearest instant that can be written."""
    assert moment(1_795_270_502.9) == "2026-11-21 14:15:02 UTC"
    assert iso(1_795_270_502.9) == "2026-11-21T14:15:02"
    assert (iso(-5), iso(1e300)) == ("1970-01-01T00:00:00", "9999-12-31T23:59:59")
