"""What the engine relies on, asked of every provider in the same words."""

import asyncio
import signal
from typing import Any

import pytest

from harness.core.clock import SystemClock
from harness.core.errors import EnvironmentFailedError
from harness.providers.base import CanRestart, Running
from harness.readiness.tcp import TcpProbe
from harness.readiness.wait import wait_until_ready
from tests.contract.ecosystem import PORT
from tests.contract.stage import Stage

GRACE = 10.0


async def start(stage: Stage, name: str) -> Running:
    """A component, started and, by its own probe, ready."""
    running = await stage.provider.start(stage.tiny.plan.step(name))
    exited = asyncio.ensure_future(running.exited())
    try:
        answer = await wait_until_ready(name, running.probe(), SystemClock(), 30, exited)
    finally:
        exited.cancel()
    assert answer is not None, f"{name} ended: {running.tail()}"
    return running


async def test_it_takes_what_it_can_run(stage: Stage) -> None:
    """Its own stage's components are not refused."""
    for step in stage.tiny.plan.steps:
        assert stage.provider.refusal(step.component) is None


async def test_a_started_component_is_reachable_until_it_is_stopped(prepared: Stage) -> None:
    """The endpoint accepts from readiness to stop, and is on loopback."""
    running = await start(prepared, "web")
    endpoint = running.endpoints[PORT]
    assert (endpoint.host, endpoint.target) == ("127.0.0.1", PORT)
    assert (await TcpProbe(endpoint).check()).is_ready
    await running.stop(GRACE)
    assert not (await TcpProbe(endpoint).check()).is_ready


async def test_it_shows_its_log_and_variables(prepared: Stage) -> None:
    """The last lines, oldest first and no more than asked for, and what it was given."""
    running = await start(prepared, "web")
    # Being ready may be seen before what was written until then has come here.
    async with asyncio.timeout(GRACE):
        while not any("greeting hello" in line for line in running.tail()):  # noqa: ASYNC110 - a file grows
            await asyncio.sleep(0.01)
    assert len(running.tail(1)) == 1
    assert running.environment["GREETING"] == "hello"


@pytest.mark.parametrize(("name", "code", "line"), [("job", 0, "done"), ("failing", 3, "broken")])
async def test_an_exit_is_observed_with_its_code_and_last_words(
    prepared: Stage, name: str, code: int, line: str
) -> None:
    """By everyone who waits, also late, and everything written before is in the log by then."""
    running = await prepared.provider.start(prepared.tiny.plan.step(name))
    first, second = await asyncio.gather(running.exited(), running.exited())
    assert first.code == second.code == code
    assert any(line in text for text in running.tail())
    assert (await running.exited()).code == code


async def test_waiting_for_an_exit_can_be_given_up(prepared: Stage) -> None:
    """A cancelled wait neither ends the component nor spoils a later wait."""
    running = await start(prepared, "web")
    waiting = asyncio.ensure_future(running.exited())
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait({waiting})
    assert (await TcpProbe(running.endpoints[PORT]).check()).is_ready
    await running.stop(GRACE)
    assert (await running.exited()).code == -signal.SIGTERM


async def test_stopping_twice_is_stopping_once(prepared: Stage) -> None:
    """Also at the same time, and for what has ended by itself."""
    web = await start(prepared, "web")
    await asyncio.gather(web.stop(GRACE), web.stop(GRACE))
    await web.stop(GRACE)
    job = await prepared.provider.start(prepared.tiny.plan.step("job"))
    await job.exited()
    await job.stop(GRACE)
    assert (await job.exited()).code == 0


async def test_what_ignores_the_polite_way_is_forced(prepared: Stage) -> None:
    """When its grace is over and not before."""
    running = await start(prepared, "stubborn")
    clock = SystemClock()
    begin = clock.monotonic()
    await running.stop(0.2)
    early = 0.01  # timers of an event loop may fire within its clock's resolution
    assert 0.2 - early <= clock.monotonic() - begin < GRACE
    assert (await running.exited()).code == -signal.SIGKILL
    assert prepared.living() == []


async def test_a_stop_ends_grandchildren(prepared: Stage) -> None:
    """Also those that left for a session of their own."""
    running = await start(prepared, "parent")
    await running.stop(GRACE)
    assert prepared.living() == []


async def test_components_start_side_by_side(prepared: Stage) -> None:
    """Several starts at once get in nobody's way."""
    web, stubborn, parent = await asyncio.gather(
        start(prepared, "web"), start(prepared, "stubborn"), start(prepared, "parent")
    )
    assert any("stubborn" in line for line in stubborn.tail())
    assert any("child" in line for line in parent.tail())
    assert web.endpoints[PORT].port


async def test_closing_ends_what_still_runs(prepared: Stage) -> None:
    """Everything, named by nobody; a second time there is nothing left to do."""
    names = ("web", "stubborn", "parent")
    started = await asyncio.gather(*(start(prepared, name) for name in names))
    assert len(prepared.living()) >= len(names)
    assert await prepared.provider.aclose() == ()
    assert prepared.living() == prepared.traces() == []
    for running in started:
        assert (await running.exited()).code < 0
    assert await prepared.provider.aclose() == ()


async def test_closing_without_preparing(stage: Stage) -> None:
    """Nothing was made, so nothing is left."""
    assert await stage.provider.aclose() == ()
    assert stage.living() == stage.traces() == []


@pytest.mark.parametrize("turns", [0, 1, 2, 5])
async def test_preparing_can_be_broken_off(stage: Stage, turns: int) -> None:
    """At whatever point: closing afterwards leaves nothing (the fixture looks)."""
    preparing = asyncio.ensure_future(stage.provider.prepare(stage.tiny.ecosystem, stage.tiny.plan))
    await cancel_after(preparing, turns)


@pytest.mark.parametrize("turns", [0, 1, 2, 5])
async def test_a_start_can_be_broken_off(prepared: Stage, turns: int) -> None:
    """At whatever point: closing afterwards leaves nothing (the fixture looks)."""
    starting = asyncio.ensure_future(prepared.provider.start(prepared.tiny.plan.step("parent")))
    await cancel_after(starting, turns)


async def test_what_cannot_be_started_is_told(prepared: Stage) -> None:
    """As a failure of the environment, in a line for a person."""
    with pytest.raises(EnvironmentFailedError) as caught:
        await prepared.provider.start(prepared.tiny.plan.step("missing"))
    assert caught.value.message


async def test_a_restart_keeps_the_address(prepared: Stage) -> None:
    """For providers that can: with other variables, at the same endpoint."""
    provider = prepared.provider
    if not isinstance(provider, CanRestart):
        pytest.skip(f"the {provider.name} provider does not restart components")
    old = await start(prepared, "web")
    await old.stop(GRACE)
    step = prepared.tiny.plan.step("web")
    new = await provider.restart(step, {"GREETING": "again"})
    exited = asyncio.ensure_future(new.exited())
    assert await wait_until_ready("web", new.probe(), SystemClock(), 30, exited) is not None
    exited.cancel()
    assert new.environment["GREETING"] == "again"
    assert new.endpoints == old.endpoints
    assert (await TcpProbe(new.endpoints[PORT]).check()).is_ready


async def cancel_after(task: asyncio.Future[Any], turns: int) -> None:
    """Cancel a task after some turns of the loop; it may have been done by then."""
    for _ in range(turns):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait({task})
    if not task.cancelled():
        task.result()
