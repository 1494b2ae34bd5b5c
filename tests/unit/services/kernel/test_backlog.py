"""Who waits finds what was told before the question, and is held back no longer than it said."""

from typing import Any, Self

import pytest
from redis.exceptions import ResponseError

from kernel import backlog as module
from kernel.backlog import Backlog, Position
from kernel.consumer import Consumer

Answers = tuple[Any, Any, Any]

NO_KEY = ResponseError("no such key")
NO_GROUP = ResponseError("NOGROUP no such consumer group")


def answers(last: str, delivered: str, pending: str | None = None) -> Answers:
    """What Redis says of a stream, its groups, and what `mercatrix` has not acknowledged."""
    groups = [
        {"name": b"hoardwell", "last-delivered-id": b"0-0"},
        {"name": b"mercatrix", "last-delivered-id": delivered.encode()},
    ]
    oldest = pending.encode() if pending else None
    return {"last-generated-id": last.encode()}, groups, {"pending": int(bool(pending)), "min": oldest}


class FakeRedis:
    """Answers each look in turn, the last one again and again; its own pipeline."""

    def __init__(self, *looks: Answers) -> None:
        self.looks = list(looks)
        self.round_trips = 0

    def pipeline(self, *, transaction: bool) -> Self:
        """No transaction: three questions in one round trip."""
        assert not transaction
        return self

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        """Nothing to give back."""

    def xinfo_stream(self, stream: str) -> Self:
        """The first question."""
        assert stream == "events:distilera"
        return self

    def xinfo_groups(self, _stream: str) -> Self:
        """The second."""
        return self

    def xpending(self, _stream: str, group: str) -> Self:
        """The third."""
        assert group == "mercatrix"
        return self

    async def execute(self, *, raise_on_error: bool) -> list[Any]:
        """The answers to the three."""
        assert not raise_on_error
        self.round_trips += 1
        return [*(self.looks.pop(0) if len(self.looks) > 1 else self.looks[0])]


async def nothing(_connection: Any, _event: Any) -> None:
    """What is consumed here has no effect."""


def backlog_of(redis: Any) -> Backlog:
    """Mercatrix, which reads what Distilera tells."""
    return Backlog(redis, [Consumer("distilera", "mercatrix", nothing)])


@pytest.fixture(autouse=True)
def no_delay(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looks follow each other at once."""
    monkeypatch.setattr(module, "LOOK", 0.0)


@pytest.mark.parametrize("told", [answers("5-2", "5-2"), (NO_KEY, NO_KEY, NO_GROUP), answers("0-0", "0-0")])
async def test_where_nothing_is_on_its_way_one_round_trip_says_so(told: Answers) -> None:
    """Also where nothing was ever told."""
    redis = FakeRedis(told)
    assert await backlog_of(redis).consumed(5)
    assert redis.round_trips == 1


async def test_what_was_told_is_waited_for() -> None:
    """Until it was handed out and acknowledged; ids are numbers, not text."""
    redis = FakeRedis(
        answers("10-0", "9-0"), answers("10-0", "10-0", pending="10-0"), answers("10-0", "10-0")
    )
    assert await backlog_of(redis).consumed(5)
    assert redis.round_trips == 3


async def test_what_is_told_afterwards_is_not_waited_for() -> None:
    """Where others never stop telling, the wait ends all the same."""
    redis = FakeRedis(answers("7-0", "6-0"), answers("9-9", "8-0", pending="8-0"))
    assert await backlog_of(redis).consumed(5)
    assert redis.round_trips == 2


async def test_the_time_may_be_over_before() -> None:
    """Such as where nobody consumes: there is not even a group."""
    stream, _, _ = answers("7-0", "6-0")
    assert not await backlog_of(FakeRedis((stream, [], NO_GROUP))).consumed(0.01)


@pytest.mark.parametrize(
    ("told", "is_empty"),
    [
        (answers("5-2", "5-2"), True),
        ((NO_KEY, NO_KEY, NO_GROUP), True),
        (answers("5-2", "5-1"), False),
        (answers("5-2", "5-2", pending="5-1"), False),
    ],
)
async def test_one_look_says_whether_anything_is_on_its_way(told: Answers, is_empty: bool) -> None:
    """Who is about to reset the stores asks that."""
    assert await backlog_of(FakeRedis(told)).is_empty() is is_empty


async def test_who_reads_no_streams_asks_nobody() -> None:
    """Not even Redis."""
    nobody: Any = None
    assert await Backlog(nobody, []).consumed(5)


async def test_without_redis_nobody_knows() -> None:
    """That is an outage, not an empty stream."""
    with pytest.raises(ConnectionError):
        await backlog_of(FakeRedis((ConnectionError("gone"),) * 3)).consumed(5)


def test_a_group_that_others_have_means_nothing() -> None:
    """What counts is the one that is asked about."""
    stream, groups, pending = answers("7-0", "7-0")
    assert Position.of("hoardwell", stream, groups, pending).delivered == (0, 0)
