"""A command that a client asks for is heard by that client, and ends with it."""

import asyncio
from base64 import b64decode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from harness.core.errors import EnvironmentFailedError, ExitCode
from harness.keeper.faults import Owner
from harness.keeper.looks import Looks
from tests.doubles.keeper import FakeClient, FakeKept, KeeperStage
from tests.unit.keeper.test_server import keeping, own_loop


class FakeOwner:
    """A client's connection."""

    has_left = False

    def is_closing(self) -> bool:
        """Whether it has left."""
        return self.has_left


@asynccontextmanager
async def started(folder: Path) -> AsyncIterator[tuple[FakeKept, FakeClient, KeeperStage]]:
    """An environment that is up, who holds it, and its keeper."""
    kept = FakeKept()
    kept.may_start.set()
    async with keeping(folder, kept) as stage:
        holder = await stage.holder()
        await holder.hear("started")
        yield kept, holder, stage


@own_loop
async def test_what_it_says_and_how_it_ends(tmp_path: Path) -> None:
    """Bytes, whatever they are, on both streams; others are served meanwhile."""
    file = tmp_path / "read"
    file.write_bytes(b"\x00read")
    async with started(tmp_path) as (kept, client, _):
        client.say({"ask": 7, "do": "execute", "component": "web", "argv": ["ls", "-l"], "file": str(file)})
        said = await client.next("output", lambda m: m.get("stream") == "out")
        assert (said["said"], b64decode(said["data"])) == (7, b"out\xff")
        said = await client.next("output", lambda m: m.get("stream") == "err")
        assert b64decode(said["data"]) == b"\x00read"
        assert (await client.ask("broken"))["value"] is None
        kept.may_restart.set()
        assert await client.hear_answer(7) == {"answer": 7, "value": 3}
        assert "execute ls -l in web" in kept.journal


@own_loop
async def test_it_is_broken_off_with_its_client(tmp_path: Path) -> None:
    """Nobody hears it any more."""
    async with started(tmp_path) as (kept, _, stage):
        client = await stage.client()
        client.say({"ask": 1, "do": "execute", "component": "web", "argv": ["sleep"]})
        await client.next("output", lambda m: "said" in m)
        client.die()
        await kept.healed.wait()
        assert kept.journal[-1] == "broken off"


@own_loop
async def test_it_is_broken_off_by_the_end(tmp_path: Path) -> None:
    """And its client is told why."""
    async with started(tmp_path) as (_, holder, stage):
        holder.say({"ask": 1, "do": "execute", "component": "web", "argv": ["sleep"]})
        await holder.next("output", lambda m: "said" in m)
        holder.leave()
        assert "being torn down" in (await holder.hear_answer(1))["error"]["message"]
        assert (await stage.life).exit_code is ExitCode.OK


@own_loop
async def test_what_is_no_command(tmp_path: Path) -> None:
    """Is refused in words."""
    async with started(tmp_path) as (_, client, _):
        for wrong in ({}, {"component": "web", "argv": []}, {"component": "web", "argv": "ls"}):
            told = await client.ask("execute", **wrong)
            assert "takes a component and the words" in told["error"]["message"]
        told = await client.ask("execute", component="web", argv=["cat"], file=str(tmp_path / "none"))
        assert "is no file that a command could read" in told["error"]["message"]
        told = await client.ask("copy_out", component="web", source="/etc")
        assert "takes a component, a source and a target" in told["error"]["message"]


@own_loop
async def test_copies_go_both_ways(tmp_path: Path) -> None:
    """Each path on its side."""
    async with started(tmp_path) as (kept, client, _):
        await client.ask("copy_out", component="web", source="/etc/x", target="/here")
        await client.ask("copy_in", component="web", source="/here", target="/etc/x")
        assert kept.journal[-2:] == ["copy web:/etc/x to /here", "copy /here to web:/etc/x"]


async def test_nobody_looks_for_who_has_left() -> None:
    """Who ends what a client has begun does not know of it yet."""
    looks, client = Looks(), FakeOwner()
    client.has_left = True

    async def work() -> None:
        raise AssertionError("it was begun")

    with pytest.raises(EnvironmentFailedError):
        await looks.take(client, work())


async def test_looks_end_with_their_client_alone() -> None:
    """Those of others go on, until the end."""
    looks, mine, others = Looks(), FakeOwner(), FakeOwner()
    ended = list[Owner]()

    async def work(client: Owner) -> None:
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            ended.append(client)

    tasks = [asyncio.create_task(looks.take(client, work(client))) for client in (mine, others)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    looks.end_those_of(mine)
    await asyncio.gather(tasks[0], return_exceptions=True)
    assert ended == [mine]
    await looks.end()
    assert ended == [mine, others]
    await asyncio.gather(*tasks, return_exceptions=True)


@own_loop
async def test_one_that_takes_too_long_is_broken_off(tmp_path: Path) -> None:
    """And that is told."""
    async with started(tmp_path) as (kept, client, _):
        told = await client.ask("execute", component="web", argv=["sleep", "9"], timeout=0.01)
        assert told["error"]["message"] == "sleep in web has not ended within 0.01 s"
        assert kept.journal[-1] == "broken off"
