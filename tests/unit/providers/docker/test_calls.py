"""Calls to the engine block threads and not the loop, and what they make is never lost sight of."""

import asyncio
import threading

import pytest
import requests

from harness.core.errors import EnvironmentFailedError
from harness.providers.calls import Calls
from harness.providers.docker.calls import engine_calls
from tests.doubles.images import refusal

_SOON = 5.0


class Gate:
    """A call that goes on when a test says so."""

    def __init__(self) -> None:
        self.entered, self.may_leave = threading.Event(), threading.Event()
        self.is_done = False

    def __call__(self) -> str:
        """Wait."""
        self.entered.set()
        assert self.may_leave.wait(_SOON)
        self.is_done = True
        return "done"


async def entered(gate: Gate) -> None:
    """Return when the call runs."""
    assert await asyncio.get_running_loop().run_in_executor(None, gate.entered.wait, _SOON)


def add(first: int, second: int = 0) -> int:
    """The sum."""
    return first + second


@pytest.fixture
def calls() -> Calls:
    """What runs them."""
    return engine_calls()


async def test_results_and_arguments(calls: Calls) -> None:
    """Of both kinds."""
    assert await calls(add, 1, second=2) == 3
    assert await calls.aside(add, 1, second=2) == 3
    calls.close()


async def test_errors_are_the_callers(calls: Calls) -> None:
    """As they are."""
    for call in (calls, calls.aside):
        with pytest.raises(ZeroDivisionError):
            await call(lambda: 1 / 0)
    await calls.settle()
    calls.close()


async def test_a_refusal_that_nobody_knows_is_told_in_words(calls: Calls) -> None:
    """In one line, with the request as evidence and the hint that its words suggest."""
    for call in (calls, calls.aside):
        with pytest.raises(
            EnvironmentFailedError, match="the container engine refuses: no space left"
        ) as caught:
            await call(_raising, refusal(500, "no space left\non device"))
        assert "500 Server Error" in caught.value.evidence[0]
        assert "docker system df" in caught.value.hint
    calls.close()


async def test_no_answer_is_told_in_words(calls: Calls) -> None:
    """Whatever the HTTP library makes of it."""
    for call in (calls, calls.aside):
        for error in (requests.ConnectionError("Connection aborted"), requests.ReadTimeout("timed out")):
            with pytest.raises(EnvironmentFailedError, match="does not answer any more") as caught:
                await call(_raising, error)
            assert caught.value.evidence == (str(error),)
    with pytest.raises(FileNotFoundError):
        await calls(_raising, FileNotFoundError("a file of ours"))
    calls.close()


async def test_a_call_outlives_its_waiter(calls: Calls) -> None:
    """What it makes would be left behind otherwise; whoever removes waits for it."""
    gate = Gate()
    waiter = asyncio.ensure_future(calls(gate))
    await entered(gate)
    waiter.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiter
    settling = asyncio.ensure_future(calls.settle())
    await asyncio.sleep(0)
    assert not settling.done()
    gate.may_leave.set()
    await asyncio.wait_for(settling, _SOON)
    assert gate.is_done
    calls.close()


async def test_settling_waits_for_a_failed_call_too(calls: Calls) -> None:
    """And does not raise what nobody asks for any more."""
    gate = Gate()

    def fail() -> None:
        gate()
        raise ValueError("nobody asks")

    waiter = asyncio.ensure_future(calls(fail))
    await entered(gate)
    waiter.cancel()
    gate.may_leave.set()
    await asyncio.wait_for(calls.settle(), _SOON)
    assert gate.is_done
    calls.close()


async def test_nobody_waits_for_a_call_aside(calls: Calls) -> None:
    """Once its waiter has gone: neither settling nor closing, and its late answer or error disturbs nobody."""
    gates = [Gate(), Gate()]

    def fail() -> None:
        gates[1]()
        raise ValueError("nobody asks")

    waiters = [asyncio.ensure_future(calls.aside(gates[0])), asyncio.ensure_future(calls.aside(fail))]
    for gate, waiter in zip(gates, waiters, strict=True):
        await entered(gate)
        waiter.cancel()
    await asyncio.wait(waiters)
    await asyncio.wait_for(calls.settle(), _SOON)
    calls.close()
    for gate in gates:
        gate.may_leave.set()


async def test_closing_twice(calls: Calls) -> None:
    """Is closing once."""
    calls.close()
    calls.close()


def _raising(error: Exception) -> None:
    raise error
