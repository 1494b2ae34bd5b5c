"""Counts and lists in words."""

import pytest

from harness.core.wording import chains, counted, listed


@pytest.mark.parametrize(("count", "told"), [(0, "0 cases"), (1, "1 case"), (2000, "2,000 cases")])
def test_one_or_several(count: int, told: str) -> None:
    """Thousands are set apart."""
    assert counted(count, "case") == told


@pytest.mark.parametrize(
    ("names", "told"),
    [((), ""), (("a",), "a"), (("a", "b"), "a, b"), (("a", "b", "c", "d"), "a, b and 2 more")],
)
def test_a_long_list_is_cut(names: tuple[str, ...], told: str) -> None:
    """What is left out is counted."""
    assert listed(names, 2) == told


@pytest.mark.parametrize(
    ("paths", "told"),
    [
        ((), ""),
        (((),), ""),
        ((("api", "web"),), "db ← api ← web"),
        ((("jobs", "api"), ("log",), ("jobs", "web")), "db ← jobs ← api, web; db ← log"),
    ],
)
def test_paths_with_the_same_way_are_told_as_one(paths: tuple[tuple[str, ...], ...], told: str) -> None:
    """Each from where they start."""
    assert chains("db", paths) == told
