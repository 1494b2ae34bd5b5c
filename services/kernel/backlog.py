"""Why this exists: who waits for something finds the effects of all that other services had told before the question.

Without that, what was there already would end the wait, and whoever has just written something in one service would
not find it in another. Only who waits is held back, and only while events are on their way; else it is one round trip.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from kernel.events import stream_of

if TYPE_CHECKING:
    from kernel.consumer import Consumer

LOOK = 0.005  # seconds between two looks; other processes of the service consume, too, and none tells of it

EntryId = tuple[int, int]
NOTHING: EntryId = (0, 0)


@dataclass(frozen=True, slots=True)
class Position:
    """How far a consumer group is: the stream's last entry, the last one handed out, the first not acknowledged yet."""

    last: EntryId
    delivered: EntryId
    pending: EntryId | None

    @classmethod
    def of(cls, group: str, stream: Any, groups: Any, pending: Any) -> Self:
        """From what XINFO STREAM, XINFO GROUPS and XPENDING answer; an error where there is no stream, or no group."""
        if isinstance(stream, ResponseError):
            return cls(NOTHING, NOTHING, None)
        mine = [each for each in groups if each["name"] == group.encode()]
        delivered = _entry_id(mine[0]["last-delivered-id"]) if mine else NOTHING
        first = None if isinstance(pending, ResponseError) else pending["min"]
        return cls(_entry_id(stream["last-generated-id"]), delivered, _entry_id(first) if first else None)

    def is_past(self, entry: EntryId) -> bool:
        """Whether everything up to `entry` has taken effect."""
        return self.delivered >= entry and (self.pending is None or self.pending > entry)


class Backlog:
    """What others have told and has not taken effect here.

    Args:
        consumers: Whose streams the service reads.
    """

    def __init__(self, redis: Redis, consumers: Sequence["Consumer"]) -> None:
        self._redis = redis
        self._consumers = [(stream_of(consumer.service), consumer.group) for consumer in consumers]

    async def consumed(self, timeout: float) -> bool:
        """Wait until everything told until now has taken effect; False when after `timeout` seconds it has not."""
        if not self._consumers:
            return True
        try:
            async with asyncio.timeout(timeout):
                await self._consumed()
        except TimeoutError:
            return False
        return True

    async def is_empty(self) -> bool:
        """Whether nothing that was told is still to take effect."""
        return all(position.is_past(position.last) for position in await self._positions())

    async def _consumed(self) -> None:
        positions = await self._positions()
        told = [position.last for position in positions]
        while not all(map(Position.is_past, positions, told)):
            await asyncio.sleep(LOOK)
            positions = await self._positions()

    async def _positions(self) -> list[Position]:
        async with self._redis.pipeline(transaction=False) as pipeline:
            for stream, group in self._consumers:
                pipeline.xinfo_stream(stream)
                pipeline.xinfo_groups(stream)
                pipeline.xpending(stream, group)
            answers: list[Any] = await pipeline.execute(raise_on_error=False)
        for answer in answers:
            if isinstance(answer, Exception) and not isinstance(answer, ResponseError):
                raise answer
        return [
            Position.of(group, *answers[3 * number : 3 * number + 3])
            for number, (_, group) in enumerate(self._consumers)
        ]


def _entry_id(text: bytes) -> EntryId:
    milliseconds, _, number = text.partition(b"-")
    return int(milliseconds), int(number)
