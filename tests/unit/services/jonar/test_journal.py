"""Facts are written in order, each until it is written."""

import asyncio
from collections.abc import Callable

import asyncpg
import pytest

from jonar import facts, journal
from jonar.facts import Fact
from tests.unit.services.jonar.fakes import make_deployment


class FakeDatabase(journal.Journal):
    """Takes facts into a list; `refusals` are raised first, one for each attempt."""

    def __init__(self, *refusals: Exception) -> None:
        super().__init__(None)  # type: ignore[arg-type]  # it never reaches a store
        self.written: list[Fact] = []
        self.has_written = asyncio.Event()
        self._refusals = list(refusals)

    async def _write(self, fact: Fact) -> None:
        if self._refusals:
            raise self._refusals.pop(0)
        self.written.append(fact)
        self.has_written.set()


@pytest.fixture
def make_fact(monkeypatch: pytest.MonkeyPatch) -> Callable[[], Fact]:
    """Makes facts, in a world where a retry follows at once."""
    monkeypatch.setattr(journal, "_RETRY_DELAY", 0.0)
    return lambda: facts.deployed(make_deployment())


async def test_facts_are_written_in_order_when_the_database_is_back(make_fact: Callable[[], Fact]) -> None:
    """An absence delays facts; it neither loses nor reorders them."""
    database = FakeDatabase(
        ConnectionRefusedError(), asyncpg.CannotConnectNowError(), asyncpg.InterfaceError("closed")
    )
    noted = [make_fact() for _ in range(3)]
    for fact in noted:
        database.note(fact)
    await database.drain()
    assert database.written == noted


async def test_a_fact_that_can_never_be_written_does_not_hold_up_the_others(
    make_fact: Callable[[], Fact], caplog: pytest.LogCaptureFixture
) -> None:
    """It is logged whole, so that nothing is lost without a trace."""
    database = FakeDatabase(asyncpg.DataError("no"))
    lost, kept = make_fact(), make_fact()
    database.note(lost)
    database.note(kept)
    await database.drain()
    assert database.written == [kept]
    assert lost.id in caplog.text


async def test_what_is_noted_later_is_written_too(make_fact: Callable[[], Fact]) -> None:
    """The journal wakes for every fact; what was being written when it ends is written by drain."""
    database = FakeDatabase()
    running = asyncio.create_task(database.run())
    for number in range(1, 4):
        database.has_written.clear()
        database.note(make_fact())
        await database.has_written.wait()
        assert len(database.written) == number
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    database.note(make_fact())
    await database.drain()
    assert len(database.written) == 4
