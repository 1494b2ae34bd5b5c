"""Whoever waits for a change looks again when it is announced, and not before it is time."""

import asyncio

from kernel.changes import Changes


async def test_what_is_there_already_is_not_waited_for() -> None:
    """One look is enough."""
    changes = Changes("", "jonar")

    async def look() -> str:
        return "here"

    assert await changes.until("things", look, 60) == "here"


async def test_an_announcement_lets_the_reader_look_again() -> None:
    """It returns as soon as there is enough."""
    changes, found = Changes("", "jonar"), list[int]()
    looked = asyncio.Semaphore(0)

    async def look() -> list[int]:
        looked.release()
        return list(found)

    waiting = asyncio.create_task(changes.until("things", look, 60, enough=lambda things: len(things) >= 2))
    for number in (1, 2):
        await looked.acquire()
        found.append(number)
        changes.wake("things")
    assert await waiting == [1, 2]
    await looked.acquire()
    assert looked.locked(), "it looked once for each announcement, and once before"


async def test_what_others_have_told_takes_effect_before_the_first_look() -> None:
    """Who waits finds it; who does not wait is not held back."""
    done: list[str] = []

    async def consumed(timeout: float) -> bool:
        done.append(f"consumed within {timeout:g} s")
        return True

    async def look() -> str:
        done.append("looked")
        return "here"

    changes = Changes("", "jonar", consumed)
    await changes.until("things", look, 0)
    assert done == ["looked"]
    await changes.until("things", look, 100)
    assert done == ["looked", "consumed within 60 s", "looked"]


async def test_other_topics_disturb_nobody() -> None:
    """Only what was announced is looked at."""
    changes = Changes("", "jonar")
    with changes.watch("things") as things, changes.watch("others") as others:
        changes.wake("others")
        assert others.is_set()
        assert not things.is_set()


async def test_at_the_deadline_there_is_what_there_is() -> None:
    """Waiting for nothing at all is one look."""
    changes = Changes("", "jonar")

    async def look() -> list[int]:
        return []

    assert await changes.until("things", look, 0) == []
    assert await changes.until("things", look, 0.001) == []


async def test_nothing_is_kept_of_readers_that_left() -> None:
    """Topics are made of ids; a service that runs for months sees many."""
    changes = Changes("", "jonar")
    with changes.watch("things"):
        pass
    assert not changes._waiting
