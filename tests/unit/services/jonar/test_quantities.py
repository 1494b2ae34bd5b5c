"""Quantities in Kubernetes' notation."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jonar.quantities import parse_cpu, parse_memory


@pytest.mark.parametrize(
    ("text", "cores"), [("500m", 0.5), ("2", 2.0), ("0.25", 0.25), (".5", 0.5), (" 1 ", 1.0)]
)
def test_cpu(text: str, cores: float) -> None:
    """Cores, or thousandths of one."""
    assert parse_cpu(text) == cores


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("1Gi", 2**30),
        ("500M", 500_000_000),
        ("64Ki", 65536),
        ("1k", 1000),
        ("1.5Gi", 1610612736),
        ("1024", 1024),
    ],
)
def test_memory(text: str, size: int) -> None:
    """Bytes with a decimal or a binary suffix."""
    assert parse_memory(text) == size


@pytest.mark.parametrize("text", ["", "much", "1gb", "-1", "0", "1 Gi", "1e3", "0m", "1ki", "1K", "٣"])
def test_what_is_not_a_quantity_is_refused_with_an_example(text: str) -> None:
    """The message repeats what was written and shows what to write."""
    with pytest.raises(ValueError, match="write a number of cores such as 500m") as refused:
        parse_cpu(text)
    assert repr(text) in str(refused.value)
    with pytest.raises(ValueError, match="write a number of bytes such as 512Mi"):
        parse_memory(text)


def test_less_than_a_byte_is_refused() -> None:
    """Thousandths of a byte are a slip, though the notation allows them."""
    with pytest.raises(ValueError, match="less than one byte"):
        parse_memory("500m")


@given(st.integers(1, 10**6))
def test_thousandths_and_cores_agree(millicores: int) -> None:
    """The same amount reads the same in either notation."""
    assert parse_cpu(f"{millicores}m") == pytest.approx(parse_cpu(f"{millicores / 1000:.3f}"))
