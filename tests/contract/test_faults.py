"""Every fault on every provider that can: what it does, and that it is over when it is healed."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from harness.core.clock import SystemClock
from harness.core.endpoint import Endpoint
from harness.core.errors import NotPossibleHereError, UsageError
from harness.engine import Environment
from harness.events.facts import ComponentExited, FaultHealed, FaultInjected, State
from harness.faults import (
    TESTS,
    Bandwidth,
    Crash,
    Cut,
    Direction,
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
from harness.providers.names import KUBERNETES
from tests.contract.faulty import Caller, ask_once, make_faulty
from tests.contract.opened import opened
from tests.contract.stage import STAGES, Stage, make_place
from tests.doubles.events import FakeEmit
from tests.doubles.faults import of_the_network

HELLO = b"hello\n"
ANEW = (Crash, Kill, Restart, ScaleToZero)  # faults after which the component was started anew
NEWS = 10.0  # seconds; a cluster's nodes hear late of pods, usually by one, and refuse their neighbours until then
DELAY = 0.15  # seconds; long enough to be told from the machine's own hiccups on the way to an echo


class Faulty:
    """An open environment of `echo` and `relay`.

    Args:
        hears_late: Neighbours reach a component that was started anew only after a moment: they are in a cluster.
    """

    def __init__(self, environment: Environment, emit: FakeEmit, *, hears_late: bool) -> None:
        self.environment = environment
        self.emit = emit
        self._hears_late = hears_late
        self._callers: list[Caller] = []

    async def call(self) -> Caller:
        """A connection to `echo`, until the test is over."""
        self._callers.append(await Caller.connect(self.echo))
        return self._callers[-1]

    def hang_up(self) -> None:
        """End all connections of a test."""
        while self._callers:
            self._callers.pop().close()

    @property
    def echo(self) -> Endpoint:
        """Where tests reach it."""
        return self.environment.endpoint("echo")

    @property
    def relay(self) -> Endpoint:
        """Where tests reach it."""
        return self.environment.endpoint("relay")

    async def relayed(self, line: bytes) -> bytes:
        """What comes back through `relay` from an `echo` that was started anew."""
        if not self._hears_late:
            return await ask_once(self.relay, line)
        clock = SystemClock()
        began = clock.monotonic()
        while clock.monotonic() - began < NEWS:
            answer = await ask_once(self.relay, line)
            if answer != b"failed\n":
                return answer
            await clock.sleep(0.05)
        raise AssertionError(f"relay does not reach echo, which was started anew {NEWS:g} s ago")

    def state(self, component: str) -> State:
        """What it is doing now."""
        return self.environment.states[component]

    @asynccontextmanager
    async def under(self, fault: Fault) -> AsyncIterator[None]:
        """With a fault on; afterwards everything works again, as before. Skips where the provider cannot do it."""
        try:
            number = await self.environment.faults.inject(fault)
        except NotPossibleHereError as refused:
            pytest.skip(refused.line)
        try:
            yield
        finally:
            await self.environment.faults.heal(number)
        assert await ask_once(self.echo, HELLO) == HELLO
        relayed = self.relayed(HELLO) if isinstance(fault, ANEW) else ask_once(self.relay, HELLO)
        assert await relayed == HELLO


Make = Callable[..., Stage]


@pytest.fixture(scope="module", params=["docker", "kubernetes", "process"])
def make_stage(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Make:
    """Gives stages of one provider for `echo` and `relay`."""

    def make(*, proxied: bool = True) -> Stage:
        folder: Path = tmp_path_factory.mktemp("faults")
        tiny = make_faulty(secrets.token_hex(8), folder, proxied=proxied)
        return STAGES[request.param](tiny, make_place(folder), folder / "cache")

    return make


@asynccontextmanager
async def opened_pair(stage: Stage) -> AsyncIterator[Faulty]:
    """Both up; nothing is left afterwards, and nothing broke it."""
    emit = FakeEmit()
    async with opened(stage, emit) as environment:
        yield Faulty(environment, emit, hears_late=stage.provider.name == KUBERNETES)


@pytest.fixture(scope="module")
async def faulty(make_stage: Make) -> AsyncIterator[Faulty]:
    """One environment for all tests of a provider: what one breaks, the next one sees."""
    async with opened_pair(make_stage()) as here:
        yield here


@pytest.fixture(autouse=True)
def _hanging_up(request: pytest.FixtureRequest) -> Iterator[None]:
    """Whatever became of the test: it may have been skipped in the middle."""
    yield
    if "faulty" in request.fixturenames:
        request.getfixturevalue("faulty").hang_up()


async def took(asked: asyncio.Future[bytes]) -> float:
    """How long an answer takes from now on, in seconds."""
    clock = SystemClock()
    begin = clock.monotonic()
    await asked
    return clock.monotonic() - begin


async def test_a_killed_component_is_gone_and_comes_back_to_its_address(faulty: Faulty) -> None:
    """Its exit is stated as expected, its neighbours live on, and the environment is not broken."""
    before = faulty.echo
    async with faulty.under(Kill("echo")):
        assert faulty.state("echo") is State.STOPPED
        assert faulty.emit.of(ComponentExited)[-1].exit_code == -9
        assert faulty.emit.of(ComponentExited)[-1].expected
        assert await ask_once(faulty.relay, b"hello\n") == b"failed\n"
        assert faulty.environment.broken is None
    assert faulty.state("echo") is State.READY
    assert faulty.echo == before


async def test_a_killed_component_is_not_killed_again(faulty: Faulty) -> None:
    """What else changes it has to wait until it is back."""
    async with faulty.under(Kill("echo")):
        for other in (Kill("echo"), Pause("echo"), Restart("echo")):
            with pytest.raises(UsageError, match="echo is stopped"):
                await faulty.environment.faults.inject(other)


async def test_a_paused_component_answers_when_it_is_healed(faulty: Faulty) -> None:
    """Its connections stay open, and what was asked meanwhile is answered then."""
    caller = await faulty.call()
    assert await caller.ask(b"before\n") == b"before\n"
    async with faulty.under(Pause("echo")):
        answer = asyncio.ensure_future(caller.ask(b"meanwhile\n"))
        assert not await is_done(answer)
        with pytest.raises(UsageError, match="echo is suspended"):
            await faulty.environment.restart("echo")
    assert await answer == b"meanwhile\n"


async def test_a_restarted_component_is_there_again_at_once(faulty: Faulty) -> None:
    """Old connections are gone; there is nothing left to heal."""
    caller = await faulty.call()
    assert await caller.ask(b"before\n") == b"before\n"
    async with faulty.under(Restart("echo")):
        assert await is_dead(caller)
        assert await faulty.relayed(b"again\n") == b"again\n"


async def test_a_crashed_component_is_there_again_at_once(faulty: Faulty) -> None:
    """At its address, with old connections gone; there is nothing left to heal."""
    before, caller = faulty.echo, await faulty.call()
    assert await caller.ask(b"before\n") == b"before\n"
    async with faulty.under(Crash("echo")):
        assert await is_dead(caller)
        assert faulty.echo == before
        assert await ask_once(faulty.echo, b"again\n") == b"again\n"
        assert await faulty.relayed(b"again\n") == b"again\n"
    assert faulty.environment.broken is None


async def test_a_component_without_replicas_is_gone_and_comes_back(faulty: Faulty) -> None:
    """It was asked to go; its neighbours live on, and the environment is not broken."""
    before = faulty.echo
    async with faulty.under(ScaleToZero("echo")):
        assert faulty.state("echo") is State.STOPPED
        assert faulty.emit.of(ComponentExited)[-1].exit_code == -15
        assert faulty.emit.of(ComponentExited)[-1].expected
        assert await ask_once(faulty.relay, b"hello\n") == b"failed\n"
        assert faulty.environment.broken is None
    assert faulty.state("echo") is State.READY
    assert faulty.echo == before


async def test_latency_is_felt_by_all_or_by_those_named(faulty: Faulty) -> None:
    """Also on open connections, and not any more once healed."""
    caller = await faulty.call()
    assert await caller.ask(b"before\n") == b"before\n"
    async with faulty.under(Latency("echo", delay=DELAY)):
        assert await took(asyncio.ensure_future(caller.ask(b"x\n"))) >= DELAY
        assert await took(asyncio.ensure_future(ask_once(faulty.relay, b"x\n"))) >= DELAY
    async with faulty.under(Latency("echo", delay=30, sources=("relay",))):
        assert await caller.ask(b"x\n") == b"x\n"  # or the test's own time is over
        waiting = asyncio.ensure_future(ask_once(faulty.relay, b"x\n"))
        assert not await is_done(waiting)
    assert await waiting == b"x\n"  # healing lets go what was underway


async def test_bandwidth_holds_for_each_connection(faulty: Faulty) -> None:
    """So many bytes take so long, there and back; the rest comes at once when it is healed."""
    size, rate = 1000, 4000
    caller = await faulty.call()
    line = b"x" * (size - 1) + b"\n"
    async with faulty.under(Bandwidth("echo", rate=rate, sources=(TESTS,))):
        assert await took(asyncio.ensure_future(caller.ask(line))) >= size / rate
    async with faulty.under(Bandwidth("echo", rate=1, sources=(TESTS,))):
        waiting = asyncio.ensure_future(caller.ask(line))
        assert not await is_done(waiting)
    assert await waiting == line


async def test_reset_breaks_open_connections_and_new_ones(faulty: Faulty) -> None:
    """With "connection reset", not with an orderly end."""
    caller = await faulty.call()
    assert await caller.ask(b"before\n") == b"before\n"
    async with faulty.under(Reset("echo")):
        with pytest.raises(ConnectionResetError):
            await caller.hear()
        with pytest.raises(ConnectionResetError):
            await ask_once(faulty.echo, b"x\n")
        assert await ask_once(faulty.relay, b"x\n") == b"failed\n"


async def test_the_tests_alone_feel_what_names_them(faulty: Faulty) -> None:
    """Whatever goes wrong: between the components all is well meanwhile."""
    for fault in (
        Latency("echo", delay=30, sources=(TESTS,)),
        Cut("echo", sources=(TESTS,)),
        Partition(((TESTS,), ("echo",))),
    ):
        async with faulty.under(fault):
            waiting = asyncio.ensure_future(ask_once(faulty.echo, b"held\n"))
            assert await ask_once(faulty.relay, b"x\n") == b"x\n"
            assert not await is_done(waiting)
        assert await waiting == b"held\n"
    async with faulty.under(Reset("echo", sources=(TESTS,))):
        with pytest.raises(ConnectionResetError):
            await ask_once(faulty.echo, b"x\n")
        assert await ask_once(faulty.relay, b"x\n") == b"x\n"
    async with faulty.under(FailFirst("echo", sources=(TESTS,), status=503)):
        assert await ask_once(faulty.relay, b"x\n") == b"x\n"
        assert await ask_once(faulty.echo, b"x\n") == b"HTTP/1.1 503 Service Unavailable\r\n"


@pytest.mark.parametrize("direction", Direction)
async def test_a_cut_in_one_direction_holds_what_goes_there(faulty: Faulty, direction: Direction) -> None:
    """It arrives when it is healed; who is not named feels nothing."""
    caller = await faulty.call()
    async with faulty.under(Cut("echo", direction=direction, sources=(TESTS,))):
        waiting = asyncio.ensure_future(caller.ask(b"held\n"))
        assert await ask_once(faulty.relay, b"x\n") == b"x\n"
        assert not waiting.done()
    assert await waiting == b"held\n"


async def test_the_first_requests_fail_and_the_next_one_works(faulty: Faulty) -> None:
    """Exactly so many, on new connections and on one that is open."""
    caller = await faulty.call()
    assert await caller.ask(b"before\n") == b"before\n"
    async with faulty.under(FailFirst("echo", requests=3)):
        with pytest.raises(ConnectionResetError):
            await caller.ask(b"1\n")
        answers = [await ask_once(faulty.relay, b"%d\n" % number) for number in (2, 3, 4)]
        assert answers == [b"failed\n", b"failed\n", b"4\n"]
        assert await ask_once(faulty.echo, b"5\n") == b"5\n"


async def test_the_first_requests_get_an_http_status(faulty: Faulty) -> None:
    """Each counts once, also on a connection that is open, which ends with it."""
    caller = await faulty.call()
    assert await caller.ask(b"before\n") == b"before\n"
    unavailable = b"HTTP/1.1 503 Service Unavailable\r\n"
    async with faulty.under(FailFirst("echo", requests=2, status=503)):
        assert await caller.ask(b"1\n") == unavailable
        assert await ask_once(faulty.relay, b"2\n") == unavailable
        assert await ask_once(faulty.echo, b"3\n") == b"3\n"
    assert (await caller.reader.read()).endswith(b"Connection: close\r\n\r\n")


async def test_a_partition_separates_groups_and_nobody_else(faulty: Faulty) -> None:
    """`relay` does not reach `echo`, the tests reach both; what was asked is answered when it is healed."""
    async with faulty.under(Partition((("relay",), ("echo",)))):
        waiting = asyncio.ensure_future(ask_once(faulty.relay, b"held\n"))
        assert await ask_once(faulty.echo, b"x\n") == b"x\n"
        assert not await is_done(waiting)
    assert await waiting == b"held\n"


async def test_faults_are_stated(faulty: Faulty) -> None:
    """With what was asked for, how long it was on, and why it ended."""
    late = Latency("echo", delay=1, jitter=0.5, sources=(TESTS,))
    number = await faulty.environment.faults.inject(late)
    await faulty.environment.faults.heal(number, "enough")
    begun, healed = faulty.emit.of(FaultInjected)[-1], faulty.emit.of(FaultHealed)[-1]
    assert (begun.fault, begun.components, begun.number) == ("Latency", ("echo",), number)
    assert begun.detail == "component='echo', delay=1, jitter=0.5, sources=('tests',), seed=0"
    assert (healed.fault, healed.number, healed.reason) == ("Latency", number, "enough")
    assert healed.duration >= 0


@pytest.mark.parametrize("fault", [Kill("nobody"), Pause("nobody"), Latency("echo", 1, sources=("nobody",))])
async def test_who_does_not_exist_cannot_fail(faulty: Faulty, fault: Fault) -> None:
    """And the reader is told who does."""
    with pytest.raises(UsageError, match="no component nobody") as caught:
        await faulty.environment.faults.inject(fault)
    assert "echo, relay" in caught.value.hint


async def test_the_teardown_heals_what_is_still_on(make_stage: Make) -> None:
    """Latest first; what hangs can be stopped politely then, and what is dead stays dead."""
    async with opened_pair(make_stage(proxied=False)) as here:
        faults = here.environment.faults
        await faults.inject(Kill("echo"))
        await faults.inject(Pause("relay"))
    healed = here.emit.of(FaultHealed)
    assert [(event.fault, event.reason) for event in healed] == [
        ("Pause", "the environment ends"),
        ("Kill", "the environment ends"),
    ]
    assert here.emit.states("echo")[-1] is State.STOPPED
    assert here.emit.states("relay")[-2:] == [State.STOPPING, State.STOPPED]


async def test_without_a_proxy_its_network_does_not_fail(make_stage: Make) -> None:
    """The reader is told what to write into the file."""
    async with opened_pair(make_stage(proxied=False)) as here:
        for fault in of_the_network("echo", "relay"):
            with pytest.raises(UsageError, match="no proxy stands before echo") as caught:
                await here.environment.faults.inject(fault)
            assert "faults: true" in caught.value.hint


async def is_done(work: "asyncio.Future[bytes]") -> bool:
    """Whether it is done within a time in which it would be, were there no fault."""
    done, _ = await asyncio.wait({work}, timeout=DELAY)
    return bool(done)


async def is_dead(caller: Caller) -> bool:
    """Whether the other side is gone."""
    try:
        return await caller.hear() == b""
    except ConnectionError:
        return True
