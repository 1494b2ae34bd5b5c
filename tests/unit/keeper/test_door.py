"""Who is not the keeper's user, or has not its token, gets one line and no more."""

import asyncio
import os
import socket
from pathlib import Path

import pytest

from harness.core.errors import EnvironmentFailedError, ExitCode, HarnessError, UsageError
from harness.keeper import door
from harness.keeper.client import Lease
from harness.keeper.door import Door, peer_of
from harness.keeper.protocol import encode_line
from tests.doubles.clock import run_virtual
from tests.doubles.events import FakeEmit
from tests.doubles.keeper import FakeKept
from tests.unit.keeper.test_server import keeping, own_loop


@pytest.mark.parametrize(
    "said",
    [
        b'{"hold": true}\n',
        b'{"token": "wrong"}\n',
        b'{"token": "token" \n',
        b'{"token": ["token"]}\n',
        b'["token"]\n',
        b"\xff\n",
        b'{"token": "t\xc3\xb6ken"}\n',
    ],
)
@own_loop
async def test_a_stranger_is_refused(tmp_path: Path, said: bytes) -> None:
    """One line, then the end; it has heard and moved nothing, and the others do not notice."""
    kept = FakeKept()
    kept.may_start.set()
    async with keeping(tmp_path, kept) as stage:
        holder, stranger = await stage.holder(), await stage.stranger()
        await holder.hear("started")
        stranger.say(said, {"ask": 1, "do": "stop"}, {"hold": True})
        refused = await stranger.hear("refused")
        assert refused["exit_code"] == ExitCode.USAGE
        assert "token" in refused["message"]
        with pytest.raises(EOFError):
            await stranger.hear("started")
        assert (await holder.ask("status"))["value"]["phase"] == "ready"


@own_loop
async def test_who_comes_and_goes_without_a_word_is_nobody(tmp_path: Path) -> None:
    """Neither a holder nor one whose death matters."""
    kept = FakeKept()
    kept.may_start.set()
    async with keeping(tmp_path, kept) as stage:
        holder = await stage.holder()
        (await stage.stranger()).die()
        assert (await holder.ask("status"))["value"]["phase"] != "ending"
        assert not stage.keeper.is_abandoned


def test_who_says_nothing_is_not_waited_for_for_ever() -> None:
    """It is refused when its time is over."""
    ours, theirs = socket.socketpair()

    async def scene() -> float:
        with pytest.raises(UsageError, match="first line"):
            await Door("token").admit(asyncio.StreamReader(), ours)
        return asyncio.get_running_loop().time()

    with ours, theirs:
        assert run_virtual(scene()) == door._PATIENCE


async def test_another_user_is_refused_whatever_it_knows() -> None:
    """The kernel says who it is."""
    ours, theirs = socket.socketpair()
    reader = asyncio.StreamReader()
    reader.feed_data(encode_line({"token": "token"}))
    with ours, theirs:
        assert peer_of(ours) == os.geteuid()
        with pytest.raises(UsageError, match=f"belongs to user 12345, not to user {os.geteuid()}"):
            await Door("token", user=12345).admit(reader, ours)


def test_a_client_without_the_token_says_so(tmp_path: Path) -> None:
    """What the keeper said becomes the error of whatever the client wanted."""
    (tmp_path / "token").write_text("wrong")
    path = tmp_path / "keeper.sock"

    async def scene() -> None:
        kept = FakeKept()
        async with keeping(tmp_path, kept):
            lease = await asyncio.to_thread(Lease.attach, path, FakeEmit(), hold=False)
            with lease, pytest.raises(HarnessError, match="environment's token"):
                await asyncio.to_thread(lease.ask, "status")

    asyncio.run(scene())


def test_a_folder_without_a_token_has_no_keeper(tmp_path: Path) -> None:
    """It is going, or coming."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "keeper.sock"))
        listener.listen()
        with pytest.raises(EnvironmentFailedError, match="no keeper answers"):
            Lease.attach(tmp_path / "keeper.sock", FakeEmit(), hold=False)
