"""The client's side of a fault: nobody is left with one that cannot be healed."""

import asyncio
from pathlib import Path

import pytest

from harness.faults import Kill
from harness.keeper.injected_fault import InjectedFault
from tests.unit.keeper.test_faults import started
from tests.unit.keeper.test_server import own_loop


def fault_in(folder: Path) -> InjectedFault:
    """One on a component of the environment in that folder."""
    (folder / "token").write_text("token")
    return InjectedFault(folder / "keeper.sock", Kill("a"))


@own_loop
async def test_it_lasts_as_long_as_its_block(tmp_path: Path) -> None:
    """And no longer."""
    async with started(tmp_path) as (kept, _, _stage):
        async with fault_in(tmp_path):
            assert kept.journal[2:] == ["inject Kill"]
        assert kept.journal[3:] == ["heal 1: its owner asked"]


@own_loop
async def test_cancelled_on_entering_it_heals(tmp_path: Path) -> None:
    """Nobody will leave a block that was never entered."""
    async with started(tmp_path, may_change=False) as (kept, holder, _):
        entering = asyncio.ensure_future(fault_in(tmp_path).__aenter__())
        while "inject Kill" not in kept.journal:
            await holder.ask("status")
        entering.cancel()
        await holder.ask("status")
        kept.may_restart.set()
        with pytest.raises(asyncio.CancelledError):
            await entering
        await kept.healed.wait()
        assert kept.journal[-1] == "heal 1: its owner has left"


@own_loop
async def test_cancelled_on_leaving_it_heals_all_the_same(tmp_path: Path) -> None:
    """Before the cancellation goes on."""
    async with started(tmp_path) as (kept, _, _stage):
        fault = await fault_in(tmp_path).__aenter__()
        leaving = asyncio.ensure_future(fault.__aexit__(None, None, None))
        await asyncio.sleep(0)
        leaving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await leaving
        assert kept.journal[-1] == "heal 1: its owner asked"
