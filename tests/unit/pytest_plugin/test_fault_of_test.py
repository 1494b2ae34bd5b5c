"""A test of a fault that cannot be had where it runs is skipped with the reason; one that asks wrongly fails."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from harness.core.errors import HarnessError, NotPossibleHereError, UsageError
from harness.faults import Kill
from harness.pytest_plugin.fault_of_test import FaultOfTest
from tests.unit.keeper.test_faults import started
from tests.unit.keeper.test_server import own_loop


@asynccontextmanager
async def refusing(
    folder: Path, error: HarnessError, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[FaultOfTest]:
    """A fault of an environment that refuses it."""

    async def refuse(_form: Mapping[str, Any]) -> int:
        raise error

    async with started(folder) as (kept, _, _stage):
        monkeypatch.setattr(kept, "inject", refuse)
        (folder / "token").write_text("token")
        yield FaultOfTest(folder / "keeper.sock", Kill("a"))


@own_loop
async def test_what_is_not_possible_here_skips(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With what could be done."""
    error = NotPossibleHereError("pods cannot stand still", hint="take Kill")
    async with refusing(tmp_path, error, monkeypatch) as fault:
        with pytest.raises(pytest.skip.Exception, match="pods cannot stand still; take Kill"):
            async with fault:
                raise AssertionError("nothing went wrong")


@own_loop
async def test_a_wrong_request_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It can be mended."""
    async with refusing(tmp_path, UsageError("no proxy stands before a"), monkeypatch) as fault:
        with pytest.raises(HarnessError, match="no proxy stands before a"):
            async with fault:
                raise AssertionError("nothing went wrong")
