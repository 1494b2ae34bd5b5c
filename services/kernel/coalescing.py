"""Why this exists: under load, questions to a store are asked together instead of one round trip each."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

Question = TypeVar("Question")
Answer = TypeVar("Answer")

LARGEST_BATCH = 64


class Coalesced(Generic[Question, Answer]):
    """Asks for many callers at once: who comes while an answer is under way is in the next batch.

    Args:
        ask: Answers several questions in order, in one round trip; called by one batch at a time.
    """

    def __init__(self, ask: Callable[[Sequence[Question]], Awaitable[Sequence[Answer]]]) -> None:
        self._ask = ask
        self._waiting: list[tuple[Question, asyncio.Future[Answer]]] = []
        self._asking: asyncio.Task[None] | None = None

    async def __call__(self, question: Question) -> Answer:
        """The answer to one question; raises what `ask` raised for its batch."""
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((question, future))
        if self._asking is None:
            self._asking = asyncio.create_task(self._ask_all())
        return await future

    async def _ask_all(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[:LARGEST_BATCH], self._waiting[LARGEST_BATCH:]
                await self._ask_batch(batch)
        finally:
            self._asking = None

    async def _ask_batch(self, batch: list[tuple[Question, asyncio.Future[Answer]]]) -> None:
        try:
            answers = await self._ask([question for question, _ in batch])
        except BaseException as error:
            failure = error if isinstance(error, Exception) else asyncio.CancelledError()
            for future in _undone(batch):
                future.set_exception(failure)
            if not isinstance(error, Exception):
                raise
            return
        for (_, future), answer in zip(batch, answers, strict=True):
            if not future.done():
                future.set_result(answer)


def _undone(batch: list[tuple[Question, asyncio.Future[Answer]]]) -> list[asyncio.Future[Answer]]:
    """The futures of callers who still wait; one that was cancelled does not."""
    return [future for _, future in batch if not future.done()]
