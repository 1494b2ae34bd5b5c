"""Components are asked in rounds until a whole round has found nothing in flight."""

import asyncio
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count

import pytest

from harness.core.endpoint import Endpoint
from harness.worlds import settling
from harness.worlds.error import WorldError
from harness.worlds.settling import Hook, settle
from tests.unit.readiness.conftest import serving


@dataclass
class Component:
    """Answers its hook with these statuses, one after the other, the last one for ever."""

    statuses: Iterator[int]
    asked: list[str] = field(default_factory=list)

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request."""
        request = await reader.readuntil(b"\r\n\r\n")
        self.asked.append(request.partition(b"\r\n")[0].decode())
        writer.write(b"HTTP/1.1 %d x\r\n\r\nthe reason\n" % next(self.statuses))


async def nothing_written() -> object:
    """The same each time it is asked for."""
    return 0


async def test_one_that_had_something_has_all_asked_again() -> None:
    """For what it finished may have reached another, which was quiet before."""
    busy, quiet = Component(iter([200, 204, 204])), Component(iter([204, 200, 204]))
    async with serving(busy.talk) as first, serving(quiet.talk) as second:
        await settle([Hook("busy", first, "/settle"), Hook("quiet", second, "/settle")], nothing_written)
    assert busy.asked == quiet.asked == ["POST /settle HTTP/1.1"] * 3


async def test_what_was_written_meanwhile_has_all_asked_again() -> None:
    """It may be an event on its way from one that was not asked yet to one that was."""
    counts = iter([1, 2, 2])

    async def written() -> object:
        return next(counts)

    quiet = Component(iter([204, 204]))
    async with serving(quiet.talk) as endpoint:
        await settle([Hook("quiet", endpoint, "/settle")], written)
    assert len(quiet.asked) == 2


async def test_a_poller_does_not_keep_it_from_coming_to_an_end() -> None:
    """What writes all the time says nothing: some rounds that have found nothing have to do."""
    counts = count()

    async def always_written() -> object:
        return next(counts)

    busy, quiet = Component(iter([204, 200, 204, 204, 204])), Component(iter([204] * 5))
    async with serving(busy.talk) as first, serving(quiet.talk) as second:
        await settle([Hook("busy", first, "/settle"), Hook("quiet", second, "/settle")], always_written)
    assert len(busy.asked) == len(quiet.asked) == 5


async def test_without_hooks_nothing_is_waited_for() -> None:
    """There is nobody to ask."""
    await settle([], nothing_written)


async def test_one_that_refuses_is_named() -> None:
    """With what it says."""
    async with serving(Component(iter([503])).talk) as endpoint:
        with pytest.raises(WorldError, match=r"web does not settle: POST http://.*/x: HTTP 503: the reason"):
            await settle([Hook("web", endpoint, "/x")], nothing_written)


async def test_one_that_is_gone_is_named() -> None:
    """Nobody listens there; the port is bound, so that nobody else can take it."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        endpoint = Endpoint("127.0.0.1", held.getsockname()[1], 80)
        with pytest.raises(WorldError, match=r"web does not settle: .* connection refused"):
            await settle([Hook("web", endpoint, "/x")], nothing_written)


async def test_those_that_keep_each_other_busy_are_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a while, by name."""
    monkeypatch.setattr(settling, "TIMEOUT", 0.05)
    always = Component(iter(lambda: 200, None))
    async with serving(always.talk) as endpoint:
        with pytest.raises(WorldError, match=r"after 0.05 s there is still something in flight between web"):
            await settle([Hook("web", endpoint, "/x")], nothing_written)
