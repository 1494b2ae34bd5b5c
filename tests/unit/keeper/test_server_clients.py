"""Clients that only look, and clients that are slow, neither cost an environment nor miss its end."""

import asyncio
import socket
from pathlib import Path

from harness.core.errors import ExitCode
from harness.events.facts import ComponentExited, Event
from harness.keeper.client import Lease
from harness.keeper.folders import make_token, token_of
from harness.keeper.server import Keeper
from tests.doubles.events import FakeEmit
from tests.doubles.keeper import FakeKept


class FakeTalkative(FakeKept):
    """An environment with much to tell before it is ready."""

    def __init__(self, facts: int = 0) -> None:
        super().__init__()
        self._facts = facts

    async def _start(self) -> None:
        await self.may_start.wait()
        for i in range(self._facts):
            self.emit(self._fact(i))

    def _fact(self, number: int) -> Event:
        return ComponentExited(
            at=0.0, component=f"c{number}", exit_code=1, expected=False, last_lines=("x" * 1000,)
        )


def listening(path: Path) -> socket.socket:
    """What a keeper is given."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen()
    make_token(path.parent)
    return listener


def test_who_only_looks_ends_nothing(tmp_path: Path) -> None:
    """Not even one that has come and gone before the starter was heard."""

    async def scene() -> ExitCode:
        kept, path = FakeTalkative(), tmp_path / "keeper.sock"
        listener = listening(path)
        Lease.attach(path, FakeEmit(), hold=False).close()
        keeper = asyncio.create_task(Keeper(listener, kept.open, token=token_of(tmp_path)).run())
        with await asyncio.to_thread(Lease.attach, path, FakeEmit(), hold=False) as visitor:
            told = await asyncio.to_thread(visitor.ask, "status")
            assert told == {"phase": "starting", "is_kept": False, "remaining": None, "states": {}}
        holder = Lease.attach(path, FakeEmit(), hold=True)
        assert await asyncio.to_thread(holder.ask, "status")  # by now it is counted
        kept.may_start.set()
        assert await asyncio.to_thread(holder.wait_started)
        await asyncio.to_thread(holder.release)
        holder.close()
        return (await keeper).exit_code

    assert asyncio.run(scene()) is ExitCode.OK


def test_who_reads_late_still_hears_the_end(tmp_path: Path) -> None:
    """More was told than a socket holds; the keeper stays until it has been read."""

    async def scene() -> tuple[int, ExitCode]:
        kept, path, heard = FakeTalkative(facts=2000), tmp_path / "keeper.sock", FakeEmit()
        listener = listening(path)
        holder = Lease.attach(path, heard, hold=True)
        keeper = asyncio.create_task(Keeper(listener, kept.open, token=token_of(tmp_path)).run())
        kept.may_start.set()
        with await asyncio.to_thread(Lease.attach, path, FakeEmit(), hold=False) as other:
            await asyncio.to_thread(other.wait_started)
            await asyncio.to_thread(other.stop)
        ending = await asyncio.to_thread(holder.wait_ended)
        holder.close()
        await keeper
        return len(heard), ending.exit_code

    assert asyncio.run(scene()) == (2000, ExitCode.OK)


def test_facts_from_now_on_leave_out_those_from_before(tmp_path: Path) -> None:
    """One that comes late need not read all that ever was; the words that matter come all the same."""

    async def scene() -> tuple[int, str]:
        kept, path, heard = FakeTalkative(facts=200), tmp_path / "keeper.sock", FakeEmit()
        listener = listening(path)
        holder = Lease.attach(path, FakeEmit(), hold=True)
        keeper = asyncio.create_task(Keeper(listener, kept.open, token=token_of(tmp_path)).run())
        kept.may_start.set()
        await asyncio.to_thread(holder.wait_started)
        with await asyncio.to_thread(Lease.attach, path, heard, hold=False, history=False) as late:
            description = await asyncio.to_thread(late.wait_started)
            await asyncio.to_thread(late.ask, "status")
        await asyncio.to_thread(holder.release)
        holder.close()
        await keeper
        return len(heard), description.ecosystem

    assert asyncio.run(scene()) == (0, "fake")
