"""Questions that arrive while one is being answered share the next round trip."""

import asyncio
from collections.abc import Sequence

import pytest

from kernel.coalescing import LARGEST_BATCH, Coalesced


class FakeStore:
    """Doubles numbers, one batch at a time, when it is told to."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.was_asked = asyncio.Event()
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    async def ask(self, questions: Sequence[int]) -> Sequence[int]:
        self.batches.append(list(questions))
        self.was_asked.set()
        await self.may_answer.wait()
        if 13 in questions:
            raise ValueError("13 brings bad luck")
        return [2 * question for question in questions]


async def test_everyone_gets_its_own_answer() -> None:
    """Answers are matched to questions by order."""
    store = FakeStore()
    double = Coalesced(store.ask)
    assert await asyncio.gather(*(double(number) for number in range(10))) == [2 * n for n in range(10)]
    assert store.batches == [list(range(10))]


async def test_questions_that_come_meanwhile_are_asked_together() -> None:
    """The first goes alone, the rest in one batch after it."""
    store = FakeStore()
    store.may_answer.clear()
    double = Coalesced(store.ask)
    first = asyncio.create_task(double(0))
    await store.was_asked.wait()
    others = [asyncio.create_task(double(number)) for number in range(1, 6)]
    await asyncio.sleep(0)
    store.may_answer.set()
    assert await asyncio.gather(first, *others) == [0, 2, 4, 6, 8, 10]
    assert store.batches == [[0], [1, 2, 3, 4, 5]]


async def test_batches_are_bounded() -> None:
    """A crowd does not become one endless command."""
    store = FakeStore()
    double = Coalesced(store.ask)
    await asyncio.gather(*(double(number) for number in range(LARGEST_BATCH + 1) if number != 13))
    await asyncio.gather(*(double(number + 100) for number in range(LARGEST_BATCH + 1)))
    assert max(map(len, store.batches)) <= LARGEST_BATCH


async def test_a_failure_reaches_everyone_in_the_batch_and_nobody_later() -> None:
    """Nobody waits for ever."""
    store = FakeStore()
    double = Coalesced(store.ask)
    answers = await asyncio.gather(double(13), double(1), return_exceptions=True)
    assert all(isinstance(answer, ValueError) for answer in answers)
    assert await double(2) == 4


async def test_a_caller_that_leaves_does_not_disturb_the_others() -> None:
    """A client that hangs up is an everyday thing."""
    store = FakeStore()
    store.may_answer.clear()
    double = Coalesced(store.ask)
    leaving, staying = asyncio.create_task(double(1)), asyncio.create_task(double(2))
    await store.was_asked.wait()
    leaving.cancel()
    store.may_answer.set()
    assert await staying == 4
    with pytest.raises(asyncio.CancelledError):
        await leaving
