"""Whoever silences a linter or the type checker says why, in the same line."""

import re
from pathlib import Path

import pytest

import harness

ROOT = Path(harness.__file__).parent.parent
FOLDERS = ("harness", "services", "tests", "bench", "examples")
UNEXPLAINED = re.compile(
    r"# (?:noqa(?:: ?[A-Z]+\d+(?:, ?[A-Z]+\d+)*)?|type: ignore(?:\[[a-z, -]+\])?)$", re.MULTILINE
)


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_ignore_has_a_reason(folder: str) -> None:
    """Behind a dash for ruff, in a comment of its own for mypy."""
    found = [
        f"{path.relative_to(ROOT)}: {ignore}"
        for path in (ROOT / folder).rglob("*.py")
        for ignore in UNEXPLAINED.findall(path.read_text())
    ]
    assert found == []


@pytest.mark.parametrize(
    ("line", "is_explained"),
    [
        ("x = 1  # noqa: S105", False),
        ("x = 1  # noqa: S105, S106", False),
        ("x = 1  # type: ignore[arg-type]", False),
        ("x = 1  # noqa", False),
        ("x = 1  # noqa: S105 - made up", True),
        ("x = 1  # type: ignore[arg-type]  # a double", True),
    ],
)
def test_what_counts_as_one(line: str, is_explained: bool) -> None:
    """Codes alone say what, not why."""
    assert (UNEXPLAINED.search(line) is None) is is_explained
