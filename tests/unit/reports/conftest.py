"""Snapshots: what a report looked like when a person last looked at it."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.results import RunResult, excerpts, fold
from tests.unit.reports import sample_runs

SNAPSHOTS = Path(__file__).parent / "snapshots"


@pytest.fixture
def snapshot() -> Callable[[str, str], None]:
    """Compares a text with its snapshot; with UPDATE_SNAPSHOTS=1 the text becomes the snapshot."""

    def compare(name: str, text: str) -> None:
        path = SNAPSHOTS / name
        if os.environ.get("UPDATE_SNAPSHOTS"):
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
        assert text == path.read_text()

    return compare


@pytest.fixture
def failing(tmp_path: Path) -> RunResult:
    """A run with failures, flaky and skipped cases, figures, coverage and component logs."""
    return excerpts(sample_runs.write_logs(tmp_path / "logs"), fold(sample_runs.failing()))
