"""A fault lasts no longer than who asked for it, however that one goes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from harness.keeper.stay import Stay
from tests.doubles.keeper import FakeClient, FakeKept, KeeperStage
from tests.unit.keeper.test_server import own_loop

FAULT = {"fault": "Kill", "component": "a"}


@asynccontextmanager
async def started(
    folder: Path, *, may_change: bool = True
) -> AsyncIterator[tuple[FakeKept, FakeClient, KeeperStage]]:
    """An environment that is up, somebody who holds it, and what they live in."""
    kept = FakeKept()
    kept.may_start.set()
    if may_change:
        kept.may_restart.set()
    stage = KeeperStage(folder, kept, Stay())
    try:
        holder = await stage.holder()
        await holder.hear("started")
        yield kept, holder, stage
    finally:
        await stage.aclose()


@own_loop
async def test_it_heals_when_its_owner_asks(tmp_path: Path) -> None:
    """By the number that it was given, and once."""
    async with started(tmp_path) as (kept, _, stage):
        owner = await stage.client()
        number = (await owner.ask("fault", fault=FAULT))["value"]
        assert (await owner.ask("heal", number=number))["value"] is None
        assert kept.journal[2:] == ["inject Kill", "heal 1: its owner asked"]
        assert "still on" in (await owner.ask("heal", number=number))["error"]["message"]


@own_loop
async def test_it_heals_when_its_owner_dies(tmp_path: Path) -> None:
    """All of its faults, the latest first; those of others stay."""
    async with started(tmp_path) as (kept, holder, stage):
        owner = await stage.client()
        await holder.ask("fault", fault=FAULT)
        for _ in range(2):
            await owner.ask("fault", fault=FAULT)
        owner.die()
        await kept.healed.wait()
        assert (await holder.ask("status"))["value"]["phase"] == "ready"
        assert kept.journal[5:] == ["heal 3: its owner has left", "heal 2: its owner has left"]


@own_loop
async def test_it_heals_when_its_owner_dies_before_it_is_on(tmp_path: Path) -> None:
    """As soon as it is."""
    async with started(tmp_path, may_change=False) as (kept, holder, stage):
        owner = await stage.client()
        owner.say({"ask": 1, "do": "fault", "fault": FAULT})
        while "inject Kill" not in kept.journal:
            await holder.ask("status")
        owner.die()
        while len(stage.keeper._audience._clients) > 1:
            await holder.ask("status")
        kept.may_restart.set()
        await kept.healed.wait()
        assert kept.journal[-1] == "heal 1: its owner has left"


@own_loop
async def test_nobody_heals_what_is_not_theirs(tmp_path: Path) -> None:
    """Not even who holds the environment."""
    async with started(tmp_path) as (kept, holder, stage):
        owner = await stage.client()
        number = (await owner.ask("fault", fault=FAULT))["value"]
        assert "no fault" in (await holder.ask("heal", number=number))["error"]["message"]
        assert kept.journal[2:] == ["inject Kill"]


@own_loop
async def test_a_message_without_a_fault_is_refused(tmp_path: Path) -> None:
    """And changes nothing."""
    async with started(tmp_path) as (kept, holder, _):
        assert "describes one" in (await holder.ask("fault"))["error"]["message"]
        assert kept.journal == ["starting", "up"]


@own_loop
async def test_the_end_breaks_off_what_is_under_way(tmp_path: Path) -> None:
    """The environment heals itself then; who asked is told."""
    async with started(tmp_path, may_change=False) as (kept, holder, stage):
        owner = await stage.client()
        owner.say({"ask": 7, "do": "fault", "fault": FAULT})
        while "inject Kill" not in kept.journal:
            await holder.ask("status")
        holder.leave()
        assert "torn down" in (await owner.hear_answer(7))["error"]["message"]
