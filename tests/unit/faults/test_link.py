"""A link without rules is not noticed; with rules, it does what they say, to open connections as to new ones."""

import asyncio
from collections.abc import Callable, Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.core.endpoint import Endpoint
from harness.faults.cut import Hold
from harness.faults.link import Link
from harness.faults.rule import RESET, Direction, Exchange, Rule
from tests.unit.faults.stage import LOOPBACK, line


class Refuse(Rule):
    """Nobody is let in."""

    def refuses(self) -> bool:
        """All of them."""
        return True


class Fail(Rule):
    """Every request gets this answer, or fails none; counts how often it was asked."""

    def __init__(self, answer: bytes | None = RESET) -> None:
        self.asked = 0
        self._answer = answer

    def fails(self) -> bytes | None:
        """Count."""
        self.asked += 1
        return self._answer


class Slow(Rule):
    """Everything takes for ever; writes down which exchanges it was asked about."""

    def __init__(self) -> None:
        self.exchanges: set[str] = set()

    def delay(self, direction: Direction, exchange: Exchange) -> float:
        """A day for answers."""
        if direction is Direction.REQUESTS:
            return 0.0
        self.exchanges.add(str(exchange))
        return 86_400.0


class Thin(Rule):
    """A given rate."""

    def __init__(self, rate: float) -> None:
        self._rate = rate

    def rate(self, _direction: Direction) -> float:
        """Both ways."""
        return self._rate


async def test_bytes_go_both_ways_and_so_does_the_end() -> None:
    """One side may have said all while the other still speaks."""
    async with line() as here:
        client, server = await here.pair()
        client.writer.write(b"question")
        client.writer.write_eof()
        assert await server.reader.read() == b"question"
        server.writer.write(b"answer")
        server.writer.write_eof()
        assert await client.reader.read() == b"answer"


async def test_where_nobody_listens_connections_are_reset() -> None:
    """A proxy accepts before it knows; this is as near to a refusal as it comes."""
    async with line() as here:
        here.behind.close()
        client = await here.connect()
        with pytest.raises(ConnectionResetError):
            await client.reader.read()


async def test_a_reset_is_handed_on() -> None:
    """Whichever side it comes from."""
    async with line() as here:
        here.link.add(Fail())
        client, server = await here.pair()
        client.writer.write(b"x")
        for side in (client, server):
            with pytest.raises(ConnectionResetError):
                await side.reader.read()


async def test_open_connections_can_be_reset() -> None:
    """All of them, on both sides."""
    async with line() as here:
        pairs = [await here.pair() for _ in range(3)]
        for client, server in pairs:
            client.writer.write(b"x")
            assert await server.reader.read(1) == b"x"
        here.link.reset()
        for side in (side for pair in pairs for side in pair):
            with pytest.raises(ConnectionResetError):
                await side.reader.read()


async def test_who_is_refused_never_reaches_the_component() -> None:
    """Not even for a moment."""
    async with line() as here:
        here.link.add(rule := Refuse())
        client = await here.connect()
        with pytest.raises(ConnectionResetError):
            await client.reader.read()
        here.link.remove(rule)
        await here.pair()
        assert here.behind.count == 1


async def test_a_request_is_what_follows_an_answer() -> None:
    """However many portions it comes in."""
    async with line() as here:
        here.link.add(rule := Fail(None))
        client, server = await here.pair()
        for turn in (1, 2, 3):
            for portion in (b"a", b"b"):
                client.writer.write(portion)
                assert await server.reader.readexactly(1) == portion
            assert rule.asked == turn
            server.writer.write(b"answer")
            assert await client.reader.readexactly(6) == b"answer"


async def test_a_request_can_be_answered_in_its_component_s_place() -> None:
    """On a connection that was used before, and however much more the source has to say; then it is over."""
    async with line() as here:
        client, server = await here.pair()
        client.writer.write(b"1")
        assert await server.reader.readexactly(1) == b"1"
        server.writer.write(b"answer")
        assert await client.reader.readexactly(6) == b"answer"
        here.link.add(rule := Fail(b"failed"))
        for _ in range(100):
            client.writer.write(b"x" * 100_000)
            await client.writer.drain()
        assert await client.reader.read() == b"failed"
        assert rule.asked == 1
        with pytest.raises(ConnectionResetError):
            await server.reader.read()


async def test_who_leaves_before_it_is_answered_is_forgotten() -> None:
    """Nothing is left of the connection, and the next one gets its answer."""
    async with line() as here:
        here.link.add(Fail(b"failed"))
        hasty = await here.connect()
        hasty.writer.write(b"x")
        hasty.writer.transport.abort()
        patient = await here.connect()
        patient.writer.write(b"x")
        assert await patient.reader.read() == b"failed"


@pytest.mark.parametrize("direction", Direction)
async def test_what_is_held_goes_on_when_the_rule_is_gone(direction: Direction) -> None:
    """With its end; the other direction is open meanwhile."""
    async with line() as here:
        here.link.add(rule := Hold({direction}))
        client, server = await here.pair()
        held, free = (client, server) if direction is Direction.REQUESTS else (server, client)
        held.writer.write(b"held")
        held.writer.write_eof()
        free.writer.write(b"free")
        assert await held.reader.readexactly(4) == b"free"
        assert not free.reader._buffer  # type: ignore[attr-defined]  # asyncio tells this nowhere else
        here.link.remove(rule)
        assert await free.reader.read() == b"held"


async def test_what_is_delayed_goes_on_when_the_rule_is_gone() -> None:
    """At once: healing does not wait for what was underway."""
    async with line() as here:
        here.link.add(rule := Slow())
        client, server = await here.pair()
        client.writer.write(b"1")
        assert await server.reader.readexactly(1) == b"1"
        server.writer.write(b"late")
        while not rule.exchanges:
            await here.connect()
        here.link.remove(rule)
        assert await client.reader.readexactly(4) == b"late"
        assert rule.exchanges == {"api>db:80#1.1"}


async def test_the_lowest_rate_holds() -> None:
    """Four thousand bytes at twenty thousand a second take a fifth of a second, whatever else is allowed."""
    async with line() as here:
        for rate in (1e6, 20_000):
            here.link.add(Thin(rate))
        client, server = await here.pair()
        loop = asyncio.get_running_loop()
        begin = loop.time()
        client.writer.write(b"x" * 4000)
        await server.reader.readexactly(4000)
        assert loop.time() - begin >= 0.2


async def test_closing_ends_open_connections() -> None:
    """And who connects afterwards is refused; a second time there is nothing left to do."""
    async with line() as here:
        client, server = await here.pair()
        client.writer.write(b"x")
        assert await server.reader.read(1) == b"x"
        await here.link.aclose()
        await here.link.aclose()
        for side in (client, server):
            with pytest.raises(ConnectionResetError):
                await side.reader.read()
        with pytest.raises(ConnectionRefusedError):
            await here.connect()


async def test_an_address_that_is_not_ours_is_told() -> None:
    """By the error that the system gives."""
    link = Link("api", "db", Endpoint(LOOPBACK, 1, 80))
    with pytest.raises(OSError, match="assign"):
        await link.open("203.0.113.1")
    await link.aclose()


@settings(max_examples=25, deadline=None)
@given(
    portions=st.lists(st.binary(min_size=1, max_size=200_000), max_size=4),
    kinds=st.lists(st.sampled_from(["hold", "slow", "thin"]), max_size=4),
)
def test_nothing_is_lost_whatever_rules_come_and_go(portions: list[bytes], kinds: list[str]) -> None:
    """Bytes arrive whole, in order and with their end."""
    make: Mapping[str, Callable[[], Rule]] = {
        "hold": lambda: Hold(set(Direction)),
        "slow": Slow,
        "thin": lambda: Thin(1.0),
    }

    async def scene() -> bytes:
        async with line() as here:
            client, server = await here.pair()
            reading = asyncio.ensure_future(client.reader.read())
            rules: list[Rule] = [make[kind]() for kind in kinds]
            for rule in rules:
                here.link.add(rule)
            for portion in portions:
                server.writer.write(portion)
                await asyncio.sleep(0)
            server.writer.write_eof()
            for rule in rules:
                here.link.remove(rule)
                await asyncio.sleep(0)
            return await reading

    assert asyncio.run(scene()) == b"".join(portions)
