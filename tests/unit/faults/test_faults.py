"""What each fault asks of the ground it is laid on, and that healing takes all of it back."""

import pytest

from harness.core.errors import UsageError
from harness.faults import (
    TESTS,
    Bandwidth,
    Crash,
    Cut,
    Direction,
    DiskFull,
    FailFirst,
    Fault,
    Kill,
    Latency,
    Partition,
    Pause,
    Reset,
    Restart,
    ScaleToZero,
)
from harness.faults.rule import RESET, Exchange, Rule
from tests.doubles.faults import of_the_network
from tests.unit.faults.stage import FakeGround, way


def ground() -> FakeGround:
    """Two components and the tests, each of which reaches the others."""
    return FakeGround([way("api", "db"), way(TESTS, "db"), way("db", "api"), way(TESTS, "api")])


def laid(on: FakeGround) -> dict[str, list[Rule]]:
    """The rules by link, where there are any."""
    return {str(link): link.rules for link in on.ways if link.rules}


@pytest.mark.parametrize(
    ("fault", "done"),
    [
        (Kill("db"), ["kill db", "bring back db"]),
        (Pause("db"), ["suspend db", "resume db"]),
        (Crash("db"), ["crash db"]),
        (ScaleToZero("db"), ["scale to zero db", "bring back db"]),
        (Restart("db"), ["restart db"]),
        (DiskFull("db"), ["fill None of db", "free /data of db"]),
        (DiskFull("db", "/spool"), ["fill /spool of db", "free /spool of db"]),
    ],
)
async def test_what_is_done_to_components(fault: Fault, done: list[str]) -> None:
    """And what undoes it."""
    here = ground()
    heal = await fault.inject(here)
    assert here.journal == done[:1]
    await heal()
    assert here.journal == done


async def test_a_partition_is_left_to_a_network_that_can() -> None:
    """Then no rule is laid on any link."""
    here = FakeGround([way("api", "db")], separates=True)
    heal = await Partition((("api", TESTS), ("db",))).inject(here)
    assert laid(here) == {}
    await heal()
    assert here.journal == ["separate api tests | db", "join api tests | db"]


@pytest.mark.parametrize("fault", of_the_network("db", "api"))
async def test_healing_takes_every_rule_away(fault: Fault) -> None:
    """And leaves those of others."""
    here = ground()
    other = await Latency("db", 2.0).inject(here)
    before = {name: list(rules) for name, rules in laid(here).items()}
    heal = await fault.inject(here)
    assert laid(here) != before
    await heal()
    assert laid(here) == before
    await other()
    assert laid(here) == {}


@pytest.mark.parametrize(
    ("fault", "links"),
    [
        (Latency("db", 1.0), {"api>db:80", "tests>db:80"}),
        (Latency("db", 1.0, sources=("api",)), {"api>db:80"}),
        (Partition((("api",), ("db",))), {"api>db:80", "db>api:80"}),
        (Partition((("api", "db"), (TESTS,))), {"tests>api:80", "tests>db:80"}),
    ],
)
async def test_who_feels_it(fault: Fault, links: set[str]) -> None:
    """Those who are named, or everybody."""
    here = ground()
    await fault.inject(here)
    assert set(laid(here)) == links


@pytest.mark.parametrize(
    "fault",
    [
        Latency("db", 1.0, jitter=2.0),
        Latency("db", -1.0),
        Bandwidth("db", 0.0),
        Cut("db", direction="sideways"),
        FailFirst("db", requests=0),
        FailFirst("db", status=200),
        Partition((("db",),)),
        Partition((("db",), ("db", "api"))),
        Partition(((TESTS,), ())),
        Reset("db", sources=("db",)),
    ],
)
async def test_what_makes_no_sense_is_refused(fault: Fault) -> None:
    """Before anything has changed."""
    here = ground()
    with pytest.raises(UsageError):
        await fault.inject(here)
    assert laid(here) == {}


async def delays(fault: Latency, seed: int = 7) -> list[float]:
    """What the first answers are delayed by."""
    here = ground()
    here.seed = seed
    await fault.inject(here)
    [rule] = laid(here)["api>db:80"]
    exchanges = [Exchange("api>db:80", connection, turn) for connection in (1, 2) for turn in range(20)]
    return [rule.delay(Direction.ANSWERS, exchange) for exchange in exchanges]


async def test_jitter_follows_from_the_seeds() -> None:
    """The same ones give the same delays, others others; all lie where they should."""
    fault = Latency("db", 1.0, jitter=0.5)
    drawn = await delays(fault)
    assert drawn == await delays(fault)
    assert drawn != await delays(fault, seed=8)
    assert drawn != await delays(Latency("db", 1.0, jitter=0.5, seed=1))
    assert len(set(drawn)) == len(drawn)
    assert all(0.5 <= delay <= 1.5 for delay in drawn)


async def test_requests_are_not_delayed() -> None:
    """A round trip takes the delay once."""
    here = ground()
    await Latency("db", 1.0).inject(here)
    [rule] = laid(here)["api>db:80"]
    assert rule.delay(Direction.REQUESTS, Exchange("api>db:80", 1, 1)) == 0.0


async def test_the_first_requests_are_counted_together() -> None:
    """Whoever makes them."""
    here = ground()
    await FailFirst("db", requests=2).inject(here)
    [one], [other] = laid(here)["api>db:80"], laid(here)["tests>db:80"]
    assert [one.fails(), other.fails(), one.fails(), other.fails()] == [RESET, RESET, None, None]


@pytest.mark.parametrize(
    ("status", "first"), [(503, b"HTTP/1.1 503 Service Unavailable"), (599, b"HTTP/1.1 599 ")]
)
async def test_the_first_requests_get_a_status(status: int, first: bytes) -> None:
    """In an answer that any client of HTTP understands."""
    here = ground()
    await FailFirst("db", status=status).inject(here)
    [rule] = laid(here)["api>db:80"]
    head, *fields = (rule.fails() or b"").split(b"\r\n")
    assert head == first
    assert fields == [b"Content-Length: 0", b"Connection: close", b"", b""]
