"""Updates reach those who subscribed, and only them."""

from typing import Any

from distilera.live.hub import MAILBOX_SIZE, REVOKED, UPDATES, Goodbye, Hub, Mailbox
from kernel.tokens import Principal


def mailbox(*, token_id: str = "tok_1") -> Mailbox:  # noqa: S107 - an id, not a token
    """The mailbox of one connection."""
    return Mailbox(Principal("user_1", frozenset({"user"}), token_id, 0.0))


def update(user_id: str, data: bytes) -> dict[str, Any]:
    """A message as Redis delivers it."""
    return {"type": "pmessage", "channel": (UPDATES + user_id).encode(), "data": data}


async def received(box: Mailbox) -> list[bytes | Goodbye]:
    """Everything that is in a mailbox now."""
    return [await box.get() for _ in range(box._queue.qsize())]


async def test_every_subscriber_of_a_user_gets_its_updates() -> None:
    """Nobody else does, and nobody after it has left."""
    hub, ada, bob = Hub(), mailbox(), mailbox()
    hub.subscribe("user_1", ada)
    hub.subscribe("user_1", bob)
    hub.subscribe("user_2", bob)
    hub._receive(update("user_1", b"1"))
    hub._receive(update("user_2", b"2"))
    hub.unsubscribe("user_2", bob)
    hub.leave(ada)
    for user in ("user_1", "user_2", "user_3"):
        hub._receive(update(user, b"3"))
    assert await received(ada) == [b"1"]
    assert await received(bob) == [b"1", b"2", b"3"]


async def test_subscribing_twice_delivers_once() -> None:
    """A client that reconnects its view asks again."""
    hub, box = Hub(), mailbox()
    hub.subscribe("user_1", box)
    hub.subscribe("user_1", box)
    hub._receive(update("user_1", b"1"))
    assert await received(box) == [b"1"]


def test_nothing_is_kept_of_those_who_left() -> None:
    """A service that runs for months sees many."""
    hub, box = Hub(), mailbox()
    for number in range(10):
        hub.subscribe(f"user_{number}", box)
    hub.leave(box)
    hub.unsubscribe("never", box)
    assert not hub._subscribers


async def test_a_revoked_token_ends_its_connections() -> None:
    """Those of other tokens of the same user stay."""
    hub, revoked, valid = Hub(), mailbox(), mailbox(token_id="tok_2")
    hub.subscribe("user_1", revoked)
    hub.subscribe("user_1", valid)
    hub._receive(update("user_1", b"1"))
    hub._receive({"type": "message", "channel": REVOKED.encode(), "data": b"tok_1"})
    assert await received(revoked) == [Goodbye("token_revoked", "The token was revoked.")]
    assert await received(valid) == [b"1"]


async def test_a_client_that_does_not_read_is_sent_away() -> None:
    """What waits for it is bounded."""
    box = mailbox()
    for number in range(MAILBOX_SIZE + 1):
        box.put(b"%d" % number)
    left = await received(box)
    assert [type(message) for message in left] == [Goodbye]
