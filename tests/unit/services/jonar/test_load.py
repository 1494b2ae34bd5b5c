"""Load: its bounds, its pace, and its connections."""

import asyncio
from collections.abc import Iterator, Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jonar.load import (
    HIGHEST_RATE,
    MOST_CONNECTIONS,
    AnswerError,
    Connection,
    Generator,
    LoadPlan,
    LoadResult,
    make_plan,
)
from tests.unit.services.jonar.fakes import FakeClock


@given(st.floats(0.1, 100), st.floats(0.1, 1000), st.integers(1, 32))
def test_load_is_bounded(factor: float, target: float, replicas: int) -> None:
    """It is what was asked for, up to a rate and a number of connections."""
    plan = make_plan(factor, target, replicas, 5.0)
    assert plan.rate == min(HIGHEST_RATE, factor * target * replicas)
    assert 1 <= plan.connections <= MOST_CONNECTIONS


@given(st.floats(1, 500), st.integers(1, 32), st.integers(1, 50))
def test_requests_are_evenly_spaced_over_all_connections(rate: float, connections: int, rounds: int) -> None:
    """Put together, the connections' requests are one every 1/rate seconds."""
    plan = LoadPlan(rate, 5.0, connections)
    due = sorted(plan.due(worker, number) for worker in range(connections) for number in range(rounds))
    gaps = [later - earlier for earlier, later in pairwise(due)]
    assert all(gap == pytest.approx(1 / rate) for gap in gaps)


class FakeConnection(Connection):
    """Answers from a list, and remembers whether it was closed."""

    def __init__(self, answers: Iterator[int | Exception]) -> None:
        self._answers = answers
        self.is_closed = False

    async def ask(self) -> int:
        """The next answer."""
        answer = next(self._answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def close(self) -> None:
        """Closed."""
        self.is_closed = True


async def _generated(
    plan: LoadPlan, answers: Sequence[int | Exception], picked: Sequence[str | None]
) -> tuple[LoadResult, list[FakeConnection]]:
    """What came of a plan, and the connections that were opened for it."""
    clock, stream, urls, dialled = FakeClock(), iter(answers), iter(picked), list[FakeConnection]()

    async def dial(_url: str) -> Connection:
        dialled.append(FakeConnection(stream))
        return dialled[-1]

    running = asyncio.create_task(Generator(plan, lambda: next(urls), dial, clock).run())
    await clock.advance(plan.seconds)
    return await running, dialled


async def test_the_plan_is_carried_out_to_its_last_request() -> None:
    """Ten a second for a second are ten requests, and refusals are answers."""
    plan = LoadPlan(rate=10.0, seconds=1.0, connections=2)
    result, dialled = await _generated(plan, [200] * 9 + [429], ["http://a", "http://b"] * 5)
    figures = result.figures()
    assert (figures["answered"], figures["refused"], figures["failed"]) == (10, 1, 0)
    assert figures["requests_per_second"] == pytest.approx(10.0, rel=0.2)
    assert all(connection.is_closed for connection in dialled)


async def test_a_lost_connection_is_opened_anew() -> None:
    """A request without an answer counts as failed; the next one dials again."""
    plan = LoadPlan(rate=4.0, seconds=1.0, connections=1)
    answers: list[int | Exception] = [200, ConnectionResetError(), AnswerError("nonsense"), 200]
    result, dialled = await _generated(plan, answers, ["http://a"] * 4)
    assert len(dialled) == 3
    assert (result.answered, result.failed) == (2, 2)


async def test_without_a_ready_replica_requests_fail() -> None:
    """Load goes on, so that replicas that become ready get their share."""
    plan = LoadPlan(rate=2.0, seconds=1.0, connections=1)
    result, dialled = await _generated(plan, [200], [None, "http://a"])
    assert len(dialled) == 1
    assert (result.answered, result.failed) == (1, 1)
