"""Whatever fails, at whatever moment, nothing is left running and everything is told in order.

Any valid plan is opened on the fake provider with one failure planted anywhere: in preparing, in starting, checking,
running or stopping any component, in seeding, in the block itself, as a cancellation at any moment, or as a disk that
is full from any moment on, so that no further fact can be kept.
"""

import asyncio
import errno
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from harness.core.errors import ComponentExitedError, EnvironmentFailedError, NotReadyError, TeardownError
from harness.engine.lifecycle import FINAL, TRANSITIONS
from harness.events.facts import EnvironmentFailed, EnvironmentStarted, EnvironmentStopped, Event
from harness.plan.model import Plan, Step
from harness.spec.model import Condition
from tests.doubles.clock import FakeClock, run_virtual
from tests.doubles.events import FakeEmit
from tests.doubles.opened import FakeSeeder, opened
from tests.doubles.plans import plans
from tests.doubles.provider import FakeProvider, Script

OPEN_FOR = 5.0
SECONDS = st.sampled_from([0.0, 0.1, 1.0, 2.0, 4.0])


class BlockError(Exception):
    """What the block raises when it is the one to fail."""


@dataclass(frozen=True)
class Failure:
    """One planted failure: its kind, the component or the fact it strikes (`at`), and when (`after`, seconds)."""

    kind: str
    at: int = 0
    after: float = 0.0


@dataclass(frozen=True)
class Story:
    """What happened in one run."""

    plan: Plan
    failure: Failure
    provider: FakeProvider
    emit: FakeEmit
    error: BaseException | None
    tasks_left: int


EXPECTED: dict[str, type | tuple[type, ...]] = {
    "none": type(None),
    "prepare": EnvironmentFailedError,
    "start": EnvironmentFailedError,
    "probe": NotReadyError,
    "exit": (ComponentExitedError, type(None)),  # None: it ended when the block was open already
    "stop": (TeardownError, type(None)),  # None: a one-shot had ended and was not there to be stopped
    "hang": (TeardownError, type(None)),
    "data": EnvironmentFailedError,
    "seed": EnvironmentFailedError,
    "block": BlockError,
    "cancel": (asyncio.CancelledError, type(None)),  # None: fewer facts were stated
    "emit": (EnvironmentFailedError, type(None)),  # None: fewer were, or the block was open and ended well
}
"""What may come out of a run, by what was planted."""

PLANTED: dict[str, dict[str, Any]] = {
    "start": {"start_fails": True},
    "probe": {"ready_at_check": None, "exits_after": None},
    "exit": {"exit_code": 3},
    "stop": {"stop_fails": True},
    "hang": {"hangs": True},
}
"""What changes in the script of the component that is struck."""


@st.composite
def stories(draw: st.DrawFn) -> Story:
    """One run of any plan, at any pace, with any failure."""
    plan = draw(plans())
    failure = Failure(draw(st.sampled_from(sorted(EXPECTED))), draw(st.integers(0, 40)), draw(SECONDS))
    scripts = {step.name: draw(_scripts(step)) for step in plan.steps}
    return run_virtual(_run(plan, failure, scripts))


def _scripts(step: Step) -> st.SearchStrategy[Script]:
    return st.builds(
        Script,
        start_takes=SECONDS,
        ready_at_check=st.integers(1, 4),
        stop_takes=SECONDS,
        ignores_stop=st.booleans(),
        exits_after=SECONDS if step.is_one_shot else st.none(),
    )


async def _run(plan: Plan, failure: Failure, scripts: dict[str, Script]) -> Story:
    """Open the plan with the failure planted, stay a while, and close."""
    _plant(plan, failure, scripts)
    provider = FakeProvider(FakeClock(), scripts, prepare_takes=1, prepare_fails=failure.kind == "prepare")
    seeder = FakeSeeder(provider, failure.after, failure.kind == "data", 1, failure.kind == "seed")
    emit = FakeEmit()

    def strike(event: Event) -> None:
        emit(event)
        if failure.kind == "cancel" and len(emit) == failure.at + 1:
            main.cancel()
        if failure.kind == "emit" and len(emit) > failure.at:
            raise OSError(errno.ENOSPC, "No space left on device")

    async def live() -> None:
        async with opened(plan, provider, strike, seeder):
            await provider.clock.sleep(OPEN_FOR)
            if failure.kind == "block":
                raise BlockError

    main = asyncio.create_task(live())
    await asyncio.wait({main})
    error = asyncio.CancelledError() if main.cancelled() else main.exception()
    return Story(plan, failure, provider, emit, error, tasks_left=len(asyncio.all_tasks()) - 1)


def _plant(plan: Plan, failure: Failure, scripts: dict[str, Script]) -> None:
    name = plan.steps[failure.at % len(plan.steps)].name
    changes = dict(PLANTED.get(failure.kind, {}))
    if failure.kind == "exit":
        changes["exits_after"] = failure.after
    scripts[name] = replace(scripts[name], **changes)


@settings(max_examples=200)
@given(stories())
def test_whatever_fails(story: Story) -> None:
    """Nothing is left, the outcome is what was planted, order is kept both ways, and the facts tell it so."""
    _nothing_is_left(story)
    _the_outcome_is_the_planted_failure(story)
    _nothing_starts_before_what_it_waits_for(story)
    _dependants_stop_before_what_they_depend_on(story)
    _lifecycles_are_legal_and_complete(story)
    _the_environment_is_told_in_order(story)
    _facts_that_cannot_be_kept_break_the_environment(story)


def _nothing_is_left(story: Story) -> None:
    """No component lives on, no task runs on, and the provider was closed last."""
    assert story.provider.alive == {}
    assert story.tasks_left == 0
    assert story.provider.journal[-1] == ("closed", "")


def _the_outcome_is_the_planted_failure(story: Story) -> None:
    """What comes out is the failure that was planted, and nothing else."""
    assert isinstance(story.error, EXPECTED[story.failure.kind]), story.error


def _nothing_starts_before_what_it_waits_for(story: Story) -> None:
    """Every start comes after each condition was met, seen from the provider."""
    journal = story.provider.journal
    for step in story.plan.steps:
        if ("starting", step.name) not in journal:
            continue
        before = journal[: journal.index(("starting", step.name))]
        for wait in step.waits_for:
            met = "ended" if wait.condition is Condition.COMPLETED else "started"
            assert (met, wait.component) in before


def _dependants_stop_before_what_they_depend_on(story: Story) -> None:
    """When a component begins to stop, all that wait for it have ended, but for one that refuses to."""
    journal = story.provider.journal
    refusing = {"stop", "hang"} & {story.failure.kind}
    struck = story.plan.steps[story.failure.at % len(story.plan.steps)].name if refusing else None
    for step in story.plan.steps:
        for wait in step.waits_for:
            if ("stopping", wait.component) in journal and ("started", step.name) in journal:
                before = journal[: journal.index(("stopping", wait.component))]
                assert step.name == struck or ("ended", step.name) in before


def _lifecycles_are_legal_and_complete(story: Story) -> None:
    """Every component follows the table from planned to a final state."""
    for step in story.plan.steps:
        states = story.emit.states(step.name)
        assert all(new in TRANSITIONS[old] for old, new in pairwise(states))
        assert states[-1] in FINAL


def _the_environment_is_told_in_order(story: Story) -> None:
    """Started or failed at most once each, stopped exactly once and last, and never started after a failure."""
    kinds = (EnvironmentStarted, EnvironmentFailed, EnvironmentStopped)
    told = [type(event) for event in story.emit if isinstance(event, kinds)]
    assert told.count(EnvironmentStopped) == 1
    assert isinstance(story.emit[-1], EnvironmentStopped)
    assert told in (
        [EnvironmentStopped],  # cancelled
        [EnvironmentFailed, EnvironmentStopped],
        [EnvironmentStarted, EnvironmentStopped],
        [EnvironmentStarted, EnvironmentFailed, EnvironmentStopped],  # broke while it was open
    )


def _facts_that_cannot_be_kept_break_the_environment(story: Story) -> None:
    """Once, with the reason: as a fact to whoever still hears, or, of the very last fact, as the error."""
    if story.failure.kind != "emit" or len(story.emit) <= story.failure.at:
        return
    told = [failed.message for failed in story.emit.of(EnvironmentFailed)]
    told = told or [str(story.error)]
    assert told == ["facts cannot be written: No space left on device"]
