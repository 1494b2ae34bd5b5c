"""An end is noticed once, judged once, and what breaks an environment stops the work that relies on it."""

import asyncio
from dataclasses import replace

import pytest

from harness.core.errors import EnvironmentFailedError
from harness.engine.parts import Parts
from harness.engine.supervision import may_end
from harness.events.facts import EnvironmentFailed, State
from harness.plan.model import Step
from harness.providers.base import Exit
from harness.spec.model import Component, ComponentSettings, Healthcheck, ReadySettings
from tests.doubles.clock import FakeClock, in_virtual_time
from tests.doubles.events import FakeEmit
from tests.doubles.plans import PLACE, component, make_plan
from tests.doubles.provider import FakeProvider

JOB = component("job")


def made(emit: FakeEmit) -> Parts:
    """The parts of an environment with one component."""
    clock = FakeClock()
    return Parts.make(make_plan({"db": []}), PLACE, FakeProvider(clock), clock, emit)


@pytest.mark.parametrize(
    ("given", "is_one_shot", "expected"),
    [
        (JOB, False, True),
        (component("db", 5432), False, False),
        (component("db", 5432), True, True),
        (replace(JOB, expose=(80,)), False, False),
        (replace(JOB, healthcheck=Healthcheck(("CMD", "true"))), False, False),
        (replace(JOB, settings=ComponentSettings(ready=ReadySettings(log="up"))), False, False),
        (replace(JOB, settings=ComponentSettings(ready=ReadySettings(timeout=5))), False, True),
    ],
)
def test_what_may_end(given: Component, is_one_shot: bool, expected: bool) -> None:
    """One-shots, and whatever shows nobody that it could be used."""
    assert may_end(Step(given, level=0, is_one_shot=is_one_shot)) is expected


@in_virtual_time
async def test_work_is_broken_off_with_the_environment() -> None:
    """The reason comes out, the work has ended by then."""
    emit = FakeEmit()
    supervision = made(emit).supervision
    reason = EnvironmentFailedError("gone")
    ended = asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.sleep(100)
        finally:
            ended.set()

    asyncio.get_running_loop().call_later(1, supervision.break_with, reason)
    with pytest.raises(EnvironmentFailedError, match="gone"):
        await supervision.unless_broken(work())
    assert ended.is_set()
    assert FakeClock().monotonic() == pytest.approx(1)


@in_virtual_time
async def test_what_breaks_as_the_work_is_done_counts() -> None:
    """An environment that broke in the very same instant is not handed out as a good one."""
    supervision = made(FakeEmit()).supervision

    async def work() -> str:
        asyncio.get_running_loop().call_soon(supervision.break_with, EnvironmentFailedError("gone"))
        return "done"

    with pytest.raises(EnvironmentFailedError, match="gone"):
        await supervision.unless_broken(work())


@in_virtual_time
async def test_only_the_first_reason_counts() -> None:
    """It is stated once; later ones are consequences."""
    emit = FakeEmit()
    supervision = made(emit).supervision
    first = EnvironmentFailedError("first", hint="do this", evidence=("seen",))
    supervision.break_with(first)
    supervision.break_with(EnvironmentFailedError("second"))
    assert supervision.broken is first
    assert await supervision.wait_broken() is first
    assert emit == [
        EnvironmentFailed(at=FakeClock.EPOCH, message="first", hint="do this", evidence=("seen",))
    ]


@in_virtual_time
async def test_a_mistake_in_a_provider_breaks_the_environment_with_its_cause() -> None:
    """What a watch meets is not lost, though nobody awaits the watch."""

    class Mistaken:
        endpoints: dict[int, object] = {}  # noqa: RUF012 - never filled
        environment: dict[str, str] = {}  # noqa: RUF012 - never filled

        async def exited(self) -> Exit:
            raise ZeroDivisionError("oops")

    parts = made(FakeEmit())
    step = parts.plan.step("db")
    for state in (State.STARTING, State.PROBING, State.READY):
        parts.lifecycle.move("db", state)
    parts.supervision.add(step, Mistaken())  # type: ignore[arg-type]  # only its exit is asked for
    parts.supervision.watch(step)
    error = await parts.supervision.wait_broken()
    assert error.message == "unexpected ZeroDivisionError: oops"
    assert isinstance(error.__cause__, ZeroDivisionError)
    await parts.supervision.aclose()
