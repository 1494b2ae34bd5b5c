"""Live feeds deliver without a gap, or end."""

import asyncio

import pytest

from hoardwell.feed import Feed, Subscriber


def frame(number: int) -> dict[str, object]:
    """A frame on its way to a client."""
    return {"type": "message", "number": number}


def waiting(subscriber: Subscriber) -> list[object]:
    """Everything that is queued for a client."""
    return [subscriber.frames.get_nowait() for _ in range(subscriber.frames.qsize())]


def test_frames_keep_their_order() -> None:
    """What is pushed first is sent first."""
    subscriber = Subscriber(backlog=3)
    for number in range(3):
        subscriber.push(frame(number))
    assert waiting(subscriber) == [frame(0), frame(1), frame(2)]


def test_a_client_that_lags_is_cut_off() -> None:
    """It gets no later frame after one that it missed, only the end."""
    subscriber = Subscriber(backlog=2)
    for number in range(5):
        subscriber.push(frame(number))
    assert subscriber.is_cut_off
    assert waiting(subscriber)[-1] is None
    assert frame(3) not in waiting(subscriber)


def test_time_without_listening_ends_the_feeds() -> None:
    """Whoever may have missed a message is told so by the end of its feed."""
    feed, subscriber = Feed(), Subscriber()
    with feed.subscribed(subscriber, "a"):
        feed.heard(None)
    assert waiting(subscriber) == [None]


async def test_subscribing_waits_until_messages_are_heard_of() -> None:
    """Before the process listens, nobody may believe that it does."""
    feed = Feed()
    waiter = asyncio.create_task(feed.listening())
    await asyncio.wait({waiter}, timeout=0)
    assert not waiter.done()
    feed.heard(None)
    await asyncio.wait_for(waiter, timeout=1)


async def test_arrivals_are_passed_on_together() -> None:
    """Announcements that came while the last were passed on become one query."""
    feed = Feed()
    with feed.subscribed(Subscriber(), "a"):
        feed.heard("msg_1 msg_2")
        feed.heard("msg_3")
    assert await feed._next_ids() == ["msg_1", "msg_2", "msg_3"]


async def test_arrivals_for_nobody_are_not_queued() -> None:
    """Without a connected client there is nothing to look up."""
    feed = Feed()
    feed.heard("msg_1")
    with pytest.raises(asyncio.QueueEmpty):
        feed._arrived.get_nowait()


def test_leaving_forgets_the_subscriber() -> None:
    """A user whose last client left is not looked up any more."""
    feed = Feed()
    with feed.subscribed(Subscriber(), "a"), feed.subscribed(Subscriber(), "a"):
        assert list(feed._subscribers) == ["a"]
    assert not feed._subscribers
