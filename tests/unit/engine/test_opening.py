"""An environment opens as fast as its dependencies allow, and closes whatever happens."""

import asyncio

import pytest

from harness.core.errors import (
    ComponentExitedError,
    EnvironmentFailedError,
    NotReadyError,
    TeardownError,
)
from harness.events.facts import (
    ComponentExited,
    DataSeeded,
    EnvironmentFailed,
    EnvironmentStarted,
    EnvironmentStopped,
    State,
    TimeSpent,
)
from harness.plan.model import Step
from tests.doubles.clock import FakeClock, in_virtual_time
from tests.doubles.events import FakeEmit
from tests.doubles.opened import FakeSeeder, opened
from tests.doubles.plans import completed, component, make_plan, started
from tests.doubles.provider import FakeProvider, FakeRunning, Script

CHAIN = make_plan({"db": [], "migrations": ["db"], "api": ["db", completed("migrations")], "web": ["api"]})


@in_virtual_time
async def test_everything_is_ready_inside_and_gone_outside() -> None:
    """Dependencies first, one-shots complete, and the stop order is the reverse."""
    provider, emit = FakeProvider(FakeClock()), FakeEmit()
    async with opened(CHAIN, provider, emit) as environment:
        assert set(provider.alive) == {"db", "api", "web"}
        assert environment.states == {
            "db": State.READY,
            "migrations": State.COMPLETED,
            "api": State.READY,
            "web": State.READY,
        }
        assert environment.broken is None
    assert provider.names("started") == ["db", "migrations", "api", "web"]
    assert provider.names("stopping") == ["web", "api", "db"]
    assert provider.alive == {}
    assert emit.states("db") == [
        State.PLANNED,
        State.STARTING,
        State.PROBING,
        State.READY,
        State.STOPPING,
        State.STOPPED,
    ]
    assert [e.leftovers for e in emit.of(EnvironmentStopped)] == [()]


@in_virtual_time
async def test_independent_components_start_and_stop_side_by_side() -> None:
    """Three that take a second each, both ways, take one second each way."""
    slow = Script(start_takes=1, stop_takes=1)
    clock = FakeClock()
    provider = FakeProvider(clock, dict.fromkeys("abc", slow))
    plan = make_plan({"a": [], "b": [], "c": []})
    async with opened(plan, provider, FakeEmit()):
        assert clock.monotonic() == pytest.approx(1)
    assert clock.monotonic() == pytest.approx(2)


@in_virtual_time
async def test_a_dependant_does_not_wait_for_what_it_does_not_need() -> None:
    """`started` is met before readiness, and the start of others holds nobody up."""
    scripts = {"db": Script(ready_at_check=50), "slow": Script(start_takes=30)}
    provider, emit = FakeProvider(FakeClock(), scripts), FakeEmit()
    plan = make_plan({"db": [], "slow": [], "api": [started("db")]})
    async with opened(plan, provider, emit):
        pass
    waited = next(e for e in emit.of(TimeSpent) if (e.component, e.what) == ("api", "waiting"))
    assert waited.duration == 0


@in_virtual_time
async def test_the_critical_path_accounts_for_the_duration() -> None:
    """The links that decided the start-up are stated, and add up to it."""
    scripts = {"db": Script(start_takes=2), "cache": Script(start_takes=1), "api": Script(start_takes=3)}
    provider, emit = FakeProvider(FakeClock(), scripts, prepare_takes=1), FakeEmit()
    plan = make_plan({"db": [], "cache": [], "api": ["db", "cache"]})
    seeder = FakeSeeder(provider, prepare_takes=5, seed_takes=4)
    async with opened(plan, provider, emit, seeder):
        pass
    (fact,) = emit.of(EnvironmentStarted)
    assert fact.duration == pytest.approx(10)
    assert [link for link in fact.critical_path if link[2]] == [
        ("fake provider", "preparing", 1),
        ("db", "starting", 2),
        ("api", "starting", 3),
        ("seed data", "seeding", 4),
    ]


@in_virtual_time
async def test_an_exit_before_readiness_is_reported_at_once() -> None:
    """The error and the fact come the moment it ends, with code, log and path; the others go down too."""
    scripts = {"api": Script(ready_at_check=None, exits_after=0.5, exit_code=3, lines=("boom",))}
    clock, emit = FakeClock(), FakeEmit()
    provider = FakeProvider(clock, scripts)
    with pytest.raises(ComponentExitedError) as caught:
        async with opened(CHAIN, provider, emit):
            pytest.fail("it must not open")
    assert clock.monotonic() == pytest.approx(0.5)
    assert caught.value.message == "api ended with exit code 3 after 0.5 s; needed by api ← web"
    assert caught.value.evidence == ("boom",)
    (fact,) = [e for e in emit.of(ComponentExited) if not e.expected]
    assert (fact.exit_code, fact.last_lines, fact.awaited_by) == (3, ("boom",), (("web",),))
    assert emit.states("api")[-1] is State.FAILED
    assert emit.states("web")[-1] is State.SKIPPED
    assert provider.alive == {}


@in_virtual_time
async def test_a_failed_start_is_stated_before_the_others_are_broken_off() -> None:
    """However long those take to give up, as an image does that is being built."""

    class Clinging(FakeProvider):
        async def start(self, step: Step) -> FakeRunning:
            try:
                return await super().start(step)
            except asyncio.CancelledError:
                await self.clock.sleep(5)
                raise

    scripts = {
        "api": Script(ready_at_check=None, exits_after=0.5, exit_code=3),
        "slow": Script(start_takes=60),
    }
    clock, emit = FakeClock(), FakeEmit()
    with pytest.raises(ComponentExitedError):
        async with opened(make_plan({"api": [], "slow": []}), Clinging(clock, scripts), emit):
            pytest.fail("it must not open")
    assert clock.monotonic() == pytest.approx(5.5)
    assert [fact.at - FakeClock.EPOCH for fact in emit.of(EnvironmentFailed)] == [pytest.approx(0.5)]


@in_virtual_time
async def test_a_ready_component_that_ends_breaks_the_start_up_of_others() -> None:
    """A database that dies is not discovered by its dependants' timeouts."""
    scripts = {"db": Script(exits_after=2, exit_code=1), "api": Script(ready_at_check=None)}
    clock = FakeClock()
    provider = FakeProvider(clock, scripts)
    with pytest.raises(ComponentExitedError, match=r"db ended with exit code 1 after 2\.0 s"):
        async with opened(make_plan({"db": [], "api": ["db"]}), provider, FakeEmit()):
            pytest.fail("it must not open")
    assert clock.monotonic() == pytest.approx(2)
    assert provider.alive == {}


@in_virtual_time
async def test_a_one_shot_that_fails_keeps_its_dependants_from_starting() -> None:
    """Whoever waits for its completion never starts."""
    provider, emit = FakeProvider(FakeClock(), {"migrations": Script(exits_after=1, exit_code=1)}), FakeEmit()
    with pytest.raises(ComponentExitedError, match="migrations ← api ← web"):
        async with opened(CHAIN, provider, emit):
            pytest.fail("it must not open")
    assert provider.names("started") == ["db", "migrations"]


@in_virtual_time
async def test_a_component_that_never_gets_ready_is_given_up() -> None:
    """After its own timeout, with the states of all."""
    provider, emit = (
        FakeProvider(FakeClock(), {"api": Script(ready_at_check=None, lines=("hm",))}),
        FakeEmit(),
    )
    with pytest.raises(NotReadyError) as caught:
        async with opened(CHAIN, provider, emit):
            pytest.fail("it must not open")
    assert caught.value.message == "api was not ready after 60.0 s: not yet"
    assert "log: hm" in caught.value.evidence
    assert caught.value.evidence[-1] == (
        "components: db ready; migrations completed; api failed; web waiting"
    )
    (fact,) = emit.of(EnvironmentFailed)
    assert fact.message == caught.value.message
    assert provider.alive == {}


@in_virtual_time
async def test_a_one_shot_that_does_not_end_is_given_up() -> None:
    """Its timeout counts as for any other."""
    provider = FakeProvider(FakeClock(), {"migrations": Script()})
    with pytest.raises(NotReadyError, match=r"migrations was not ready after 60.0 s: still running"):
        async with opened(CHAIN, provider, FakeEmit()):
            pytest.fail("it must not open")
    assert provider.alive == {}


@in_virtual_time
async def test_a_start_that_fails_cancels_the_others() -> None:
    """The error is the provider's own, and nothing waits for the slow one."""
    scripts = {"a": Script(start_takes=1, start_fails=True), "b": Script(start_takes=100)}
    clock, emit = FakeClock(), FakeEmit()
    provider = FakeProvider(clock, scripts)
    with pytest.raises(EnvironmentFailedError, match="a could not be started"):
        async with opened(make_plan({"a": [], "b": []}), provider, emit):
            pytest.fail("it must not open")
    assert clock.monotonic() == pytest.approx(1)
    assert emit.states("a")[-1] is State.FAILED
    assert emit.states("b")[-2:] == [State.STOPPING, State.STOPPED]


@in_virtual_time
async def test_a_provider_that_cannot_prepare_is_closed() -> None:
    """Also what fails before the first start is taken down."""
    provider, emit = FakeProvider(FakeClock(), prepare_fails=True), FakeEmit()
    with pytest.raises(EnvironmentFailedError, match="could not prepare"):
        async with opened(CHAIN, provider, emit):
            pytest.fail("it must not open")
    assert provider.journal == [("closed", "")]
    assert {emit.states(step.name)[-1] for step in CHAIN.steps} == {State.SKIPPED}


@in_virtual_time
async def test_a_mistake_in_a_provider_reaches_the_developer_unchanged() -> None:
    """An unexpected exception is neither wrapped nor lost, and everything is taken down."""

    class Mistaken(FakeProvider):
        async def prepare(self, *_: object) -> None:
            raise ZeroDivisionError("oops")

    provider, emit = Mistaken(FakeClock()), FakeEmit()
    with pytest.raises(ZeroDivisionError, match="oops"):
        async with opened(CHAIN, provider, emit):
            pytest.fail("it must not open")
    assert [e.message for e in emit.of(EnvironmentFailed)] == ["unexpected ZeroDivisionError: oops"]
    assert provider.names("closed") == [""]


@in_virtual_time
async def test_an_exit_while_open_breaks_the_environment() -> None:
    """The block goes on; the reason is there to be looked at or awaited, and stated once."""
    provider, emit = FakeProvider(FakeClock(), {"api": Script(exits_after=5, exit_code=9)}), FakeEmit()
    async with opened(CHAIN, provider, emit) as environment:
        error = await environment.wait_broken()
        assert environment.broken is error
        assert isinstance(error, ComponentExitedError)
        assert environment.states["api"] is State.FAILED
    assert [e.exit_code for e in emit.of(ComponentExited) if not e.expected] == [9]
    assert [e.message for e in emit.of(EnvironmentFailed)] == [error.message]
    assert provider.alive == {}


@in_virtual_time
async def test_a_job_that_nobody_uses_may_end() -> None:
    """Exit code 0 of what listens nowhere breaks nothing; another code does."""
    plan = make_plan({"job": [], "bad": []}, {"job": component("job"), "bad": component("bad")})
    scripts = {"job": Script(exits_after=1), "bad": Script(exits_after=2, exit_code=1)}
    clock = FakeClock()
    provider = FakeProvider(clock, scripts)
    async with opened(plan, provider, FakeEmit()) as environment:
        await clock.sleep(1.5)
        assert environment.broken is None
        assert environment.states["job"] is State.COMPLETED
        assert "bad ended with exit code 1" in (await environment.wait_broken()).message


@in_virtual_time
async def test_an_error_inside_the_block_comes_out_unchanged() -> None:
    """Leftovers of the teardown are added to it and do not take its place."""
    provider = FakeProvider(FakeClock(), {"db": Script(stop_fails=True)})
    with pytest.raises(ValueError, match="mine") as caught:
        async with opened(CHAIN, provider, FakeEmit()):
            raise ValueError("mine")
    assert caught.value.__notes__ == [
        "could not be torn down: component db did not stop in order: db cannot be stopped"
    ]


@in_virtual_time
async def test_what_cannot_be_torn_down_is_an_error_after_success() -> None:
    """Everything that resisted is named, and everything else is gone."""
    scripts = {"db": Script(resists=True), "web": Script(stop_fails=True)}
    provider, emit = FakeProvider(FakeClock(), scripts), FakeEmit()
    with pytest.raises(TeardownError) as caught:
        async with opened(CHAIN, provider, emit):
            pass
    assert caught.value.evidence == (
        "component web did not stop in order: web cannot be stopped",
        "component db did not stop in order: not done within 15 s",
        "fake component db",
    )
    assert [e.leftovers for e in emit.of(EnvironmentStopped)] == [caught.value.evidence]
    assert set(provider.alive) == {"db"}
    assert asyncio.all_tasks() == {asyncio.current_task()}
    assert emit.states("web")[-1] is State.FAILED


@in_virtual_time
async def test_a_provider_that_fails_to_remove_is_named() -> None:
    """An exception of `aclose` is a leftover like any other."""

    class Stuck(FakeProvider):
        async def aclose(self) -> tuple[str, ...]:
            raise OSError("device busy")

    with pytest.raises(TeardownError, match="fake provider: device busy"):
        async with opened(make_plan({"a": []}), Stuck(FakeClock()), FakeEmit()):
            pass


@in_virtual_time
async def test_a_second_interrupt_does_not_cut_the_teardown_short() -> None:
    """Impatience while components stop leaves nothing behind either."""
    clock = FakeClock()
    provider = FakeProvider(clock, {"db": Script(ignores_stop=True), "web": Script(stop_takes=3)})

    async def work() -> None:
        async with opened(CHAIN, provider, FakeEmit()):
            await clock.sleep(100)

    task = asyncio.create_task(work())
    for _ in range(3):
        await clock.sleep(1)
        task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert provider.alive == {}
    assert provider.journal[-1] == ("closed", "")


STUBBORN = {"db": Script(ignores_stop=True), "web": Script(stop_takes=5)}


@pytest.mark.parametrize("patience", [0.0, 3.0])
@in_virtual_time
async def test_a_teardown_that_nobody_waits_for_is_by_force(patience: float) -> None:
    """From the moment on that this is known: nothing is asked to stop any more, and nothing is left."""
    provider, emit, hurry = FakeProvider(FakeClock(), STUBBORN), FakeEmit(), asyncio.Event()
    async with opened(CHAIN, provider, emit, hurry=hurry):
        began = provider.clock.monotonic()
        asyncio.get_running_loop().call_later(patience, hurry.set)
        if not patience:
            hurry.set()
    assert provider.clock.monotonic() - began == pytest.approx(patience)
    assert provider.names("stopping") == (["web"] if patience else [])
    assert provider.alive == {}
    assert {emit.states(name)[-1] for name in ("db", "api", "web")} == {State.STOPPED}
    assert [e.leftovers for e in emit.of(EnvironmentStopped)] == [()]


@in_virtual_time
async def test_data_is_prepared_during_the_start_and_stored_after_it() -> None:
    """The seeder sees a ready environment, and what it did is stated."""
    provider, emit = FakeProvider(FakeClock(), {"web": Script(start_takes=2)}), FakeEmit()
    async with opened(
        CHAIN, provider, emit, FakeSeeder(provider, prepare_takes=1, seed_takes=3)
    ) as environment:
        assert environment.seeded is not None
        assert environment.seeded.counts == {"users": 3}
    journal = [what for what, name in provider.journal if name in ("", "web")]
    assert journal[:5] == ["prepared", "starting", "data prepared", "started", "seeding"]
    (fact,) = emit.of(DataSeeded)
    assert (fact.counts, fact.digest) == ({"users": 3}, "seed 7")
    assert fact.duration == pytest.approx(3)


@pytest.mark.parametrize(
    ("seeder", "message"),
    [
        ({"prepare_takes": 1, "prepare_fails": True}, "no data could be generated"),
        ({"seed_fails": True}, "the data could not be stored"),
    ],
)
def test_data_that_cannot_be_had_fails_the_environment(seeder: dict[str, float], message: str) -> None:
    """Neither part of the seeding can fail unnoticed, and both failures take everything down."""

    @in_virtual_time
    async def run() -> None:
        provider = FakeProvider(FakeClock(), {"web": Script(start_takes=2)})
        with pytest.raises(EnvironmentFailedError, match=message):
            async with opened(CHAIN, provider, FakeEmit(), FakeSeeder(provider, **seeder)):  # type: ignore[arg-type]  # of several types
                pytest.fail("it must not open")
        assert provider.alive == {}

    run()


@in_virtual_time
async def test_a_component_that_ends_during_seeding_is_the_reason() -> None:
    """Seeding that would wait for a dead component for ever is broken off."""
    clock = FakeClock()
    provider = FakeProvider(clock, {"db": Script(exits_after=3, exit_code=1)})
    with pytest.raises(ComponentExitedError, match="db ended"):
        async with opened(CHAIN, provider, FakeEmit(), FakeSeeder(provider, seed_takes=1e6)):
            pytest.fail("it must not open")
    assert clock.monotonic() == pytest.approx(3)
