"""A world is there for as long as somebody works in it, and what is asked in it is about it alone."""

from pathlib import Path
from typing import Any

import pytest

from harness.core.errors import EnvironmentFailedError
from harness.keeper.protocol import encode_line
from tests.doubles.keeper import FakeClient, FakeKept, KeeperStage
from tests.unit.keeper.test_server import keeping, own_loop


async def started(stage: KeeperStage, kept: FakeKept) -> FakeClient:
    """Somebody who holds an environment that runs, and has prepared worlds for two."""
    kept.may_start.set()
    kept.may_restart.set()
    holder = await stage.holder()
    await holder.hear("started")
    answer = await holder.ask("prepare_worlds", names=["gw1", "gw2"])
    assert answer == {"answer": 1, "value": None}
    return holder


async def entered(stage: KeeperStage, world: str) -> FakeClient:
    """A client that works in a world."""
    client = await stage.client()
    answer = await client.ask("enter", world=world)
    assert answer["value"]["environment_id"] == "0123456789"
    return client


@own_loop
async def test_what_is_asked_in_a_world_is_about_it_alone(tmp_path: Path) -> None:
    """Resets, snapshots, restarts and faults."""
    kept = FakeKept()
    async with keeping(tmp_path, kept) as stage:
        holder = await started(stage, kept)
        one, two = await entered(stage, "gw1"), await entered(stage, "gw2")
        await one.ask("reset", snapshot="seeded")
        await two.ask("restart", components=["web"], environment={})
        await one.ask("fault", fault={"fault": "Kill"})
        await holder.ask("snapshot", snapshot="mine")
        assert kept.worlds["gw1"].journal == ["starting", "up", "reset to seeded", "inject Kill"]
        assert kept.worlds["gw2"].journal == ["starting", "up", "restart web", "restarted web"]
        assert kept.journal == ["starting", "up", "prepare worlds", "snapshot mine"]


@own_loop
async def test_a_fault_heals_in_the_world_it_is_in(tmp_path: Path) -> None:
    """When its owner dies, as everywhere."""
    kept = FakeKept()
    async with keeping(tmp_path, kept) as stage:
        await started(stage, kept)
        one = await entered(stage, "gw1")
        await one.ask("fault", fault={"fault": "Kill"})
        one.die()
        await kept.worlds["gw1"].healed.wait()
        assert kept.worlds["gw1"].journal[-1] == "heal 1: its owner has left"


@own_loop
async def test_a_world_goes_with_the_last_who_was_in_it(tmp_path: Path) -> None:
    """Who prepared it counts; a worker alone does as well, and one that comes later begins anew."""
    kept = FakeKept()
    async with keeping(tmp_path, kept) as stage:
        await started(stage, kept)
        holder, preparing = await stage.holder(), await stage.client()
        assert await preparing.ask("prepare_worlds", names=["gw3"]) == {"answer": 1, "value": None}
        worker, second = await entered(stage, "gw3"), await entered(stage, "gw3")
        first = kept.worlds["gw3"]
        for leaving in (preparing, worker):
            leaving.die()
        await holder.ask("status")
        assert first.journal == ["starting", "up"]
        second.die()
        await entered(stage, "gw3")
        assert first.journal == ["starting", "up", "gone"]
        assert kept.worlds["gw3"] is not first


@own_loop
async def test_no_world_outlives_the_environment(tmp_path: Path) -> None:
    """They go first, also those that are still opening."""
    kept = FakeKept()
    async with keeping(tmp_path, kept) as stage:
        kept.may_open.clear()
        holder = await started(stage, kept)
        waiting = await stage.client()
        waiting.say({"ask": 7, "do": "enter", "world": "gw1"})
        await holder.ask("status")
        await holder.ask("stop")
        assert "torn down" in (await waiting.hear_answer(7))["error"]["message"]
        await holder.hear("ended")
        assert kept.worlds["gw1"].journal == ["starting", "gone"]
        assert kept.journal[-1] == "gone"


@own_loop
async def test_who_leaves_while_it_opens_opens_none(tmp_path: Path) -> None:
    """Nobody would ever close it."""
    kept = FakeKept()
    async with keeping(tmp_path, kept) as stage:
        await started(stage, kept)
        kept.may_open.clear()
        client = await stage.client()
        client.say({"ask": 7, "do": "enter", "world": "late"})
        holder = await stage.holder()
        while "late" not in kept.worlds:
            await holder.ask("status")
        client.die()
        while kept.worlds["late"].journal != ["starting", "gone"]:
            await holder.ask("status")


@own_loop
async def test_one_that_does_not_come_up_is_told_to_who_enters(tmp_path: Path) -> None:
    """And the environment goes on."""
    kept = FakeKept()
    kept.world_failure = EnvironmentFailedError("no room for another one")
    async with keeping(tmp_path, kept) as stage:
        holder = await started(stage, kept)
        client = await stage.client()
        assert (await client.ask("enter", world="gw1"))["error"]["message"] == "no room for another one"
        assert (await holder.ask("status"))["value"]["phase"] == "ready"


@pytest.mark.parametrize("name", ["", "../x", "a/b", 5, None])
@own_loop
async def test_names_that_are_none_are_refused(tmp_path: Path, name: Any) -> None:
    """They become names of folders."""
    kept = FakeKept()
    async with keeping(tmp_path, kept) as stage:
        await started(stage, kept)
        client = await stage.client()
        client.say(encode_line({"ask": 1, "do": "enter", "world": name}))
        assert "letters and digits" in (await client.hear_answer(1))["error"]["message"]
        answer = await client.ask("prepare_worlds", names=[name])
        assert "letters and digits" in answer["error"]["message"]
