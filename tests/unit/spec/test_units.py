"""Durations, sizes and ports."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.spec.units import bytes_, port_range, seconds


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10s", 10.0),
        ("1m30s", 90.0),
        ("500ms", 0.5),
        ("2h5m1s20ms", 7501.02),
        ("1.5h", 5400.0),
        ("0", 0.0),
        ("10us", 1e-5),
    ],
)
def test_durations(text: str, expected: float) -> None:
    """Units add up."""
    assert seconds(text) == pytest.approx(expected)


@pytest.mark.parametrize("text", ["", "10", "s", "1x", "10s!", "-5s", "1m 30s"])
def test_what_is_no_duration(text: str) -> None:
    """A number without a unit is not guessed at."""
    with pytest.raises(ValueError, match="is not a duration"):
        seconds(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("512m", 512 * 2**20),
        ("1g", 2**30),
        ("1.5GiB", 3 * 2**29),
        ("64kb", 65536),
        ("100", 100),
        ("2 GB", 2**31),
        ("5b", 5),
    ],
)
def test_sizes(text: str, expected: int) -> None:
    """K is 1024, as for Docker."""
    assert bytes_(text) == expected


@pytest.mark.parametrize("text", ["", "m", "1x", "-1", "1e999g", "1..5m"])
def test_what_is_no_size(text: str) -> None:
    """Everything else is refused."""
    with pytest.raises(ValueError, match="is not a size"):
        bytes_(text)


@given(st.integers(0, 65535), st.integers(0, 65535))
def test_port_ranges(low: int, high: int) -> None:
    """A range holds both its ends; one that runs backwards is refused."""
    if low <= high:
        assert list(port_range(f"{low}-{high}")) == list(range(low, high + 1))
    else:
        with pytest.raises(ValueError, match="is not a port"):
            port_range(f"{low}-{high}")


@pytest.mark.parametrize("text", ["", "a", "65536", "-1", "80-", "80-a", "٣", "99999999999"])
def test_what_is_no_port(text: str) -> None:
    """Only ASCII digits up to 65535."""
    if text == "80-":
        assert list(port_range(text)) == [80]
    else:
        with pytest.raises(ValueError, match="is not a port"):
            port_range(text)
