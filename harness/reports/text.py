"""Why this exists: every report writes times, shares and captured text the same way, whatever was captured."""

import re
from datetime import UTC, datetime
from math import isfinite

_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
# What XML 1.0 cannot hold; HTML and consumers of JSON are not fond of it either.
_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
NONE = "–"  # noqa: RUF001 - a dash, where nothing was measured
LONGEST = 1e9  # seconds; what is longer, or no number at all, was measured by a broken clock
_LAST_SECOND = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC).timestamp()


def plain(text: str) -> str:
    """Text without terminal colours, control characters written as `#x1B`: fit for XML, HTML and Markdown."""
    return _ILLEGAL.sub(lambda found: f"#x{ord(found[0]):02X}", _ANSI.sub("", text))


def one_line(text: str, limit: int = 300) -> str:
    """Plain text on one line, at most `limit` characters."""
    line = " ".join(plain(text).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def cut(text: str, limit: int) -> str:
    """Text of about `limit` characters: its middle is left out, and how much of it is said."""
    if len(text) <= limit:
        return text
    head = limit // 3
    left_out = len(text) - limit
    return f"{text[:head]}\n… {left_out} characters left out …\n{text[head + left_out :]}"


def duration(seconds: float | None) -> str:
    """A duration for people: `0.4 ms`, `12 ms`, `1.23 s`, `2 min 03 s`, `1 h 02 min`; a dash for none."""
    if seconds is None or not abs(seconds) < LONGEST:
        return NONE
    if seconds < 1:
        milliseconds = seconds * 1000
        return f"{milliseconds:.1f} ms" if 0 < milliseconds < 1 else f"{milliseconds:.0f} ms"
    if seconds < 59.95:  # noqa: PLR2004 - what rounds to a minute is written as one
        return f"{seconds:.2f} s" if seconds < 10 else f"{seconds:.1f} s"  # noqa: PLR2004 - three digits
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"  # noqa: PLR2004 - minutes of an hour


def number(value: float) -> str:
    """A measured value with the digits that mean something: `1234`, `12.3`, `0.0123`."""
    if not isfinite(value):
        return "not a number"
    is_plain = 1000 <= abs(value) < LONGEST or value == int(value)  # noqa: PLR2004 - four digits are kept
    return f"{value:,.0f}" if is_plain and abs(value) < LONGEST else f"{value:.3g}"


def percent(share: float, digits: int = 1) -> str:
    """A share of 0 to 1 in per cent; 100 % only when nothing is missing."""
    below = 100 - 10**-digits if share < 1 else 100.0
    return f"{min(share * 100, below):.{digits}f} %"


def moment(at: float) -> str:
    """An instant for people, in UTC: `2026-11-21 14:15:02 UTC`."""
    return f"{_utc(at):%Y-%m-%d %H:%M:%S} UTC"


def iso(at: float) -> str:
    """An instant for programs, in UTC: `2026-11-21T14:15:02`."""
    return f"{_utc(at):%Y-%m-%dT%H:%M:%S}"


def _utc(at: float) -> datetime:
    """An instant as a date; a broken clock's is moved to the nearest one that exists."""
    return datetime.fromtimestamp(min(max(at, 0.0), _LAST_SECOND), tz=UTC)
