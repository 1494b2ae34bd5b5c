"""An end is known the moment the engine tells of it, whoever asks, and whenever."""

import asyncio
import signal
from collections.abc import AsyncIterator

import pytest

from harness.core.errors import EnvironmentFailedError, ExitCode
from harness.providers.base import Exit
from harness.providers.docker.events import Exits, exit_of
from tests.doubles.containers import FakeDocker, FakeStream

_SOON = 5.0


@pytest.fixture
def engine() -> FakeDocker:
    """An engine."""
    return FakeDocker()


@pytest.fixture
async def exits(engine: FakeDocker) -> AsyncIterator[Exits]:
    """Whoever listens to it."""
    made = Exits(engine, "harness.environment=1", asyncio.get_running_loop())  # type: ignore[arg-type]  # a double
    try:
        yield made
    finally:
        made.close()


def stream(engine: FakeDocker) -> FakeStream:
    """What the engine tells by."""
    return engine.streams[0]


async def end(exits: Exits, container: str) -> Exit:
    """The end of a container, which is to come."""
    return await asyncio.wait_for(asyncio.shield(exits.of(container)), _SOON)


async def told(exits: Exits, engine: FakeDocker) -> None:
    """Return when everything told so far has arrived."""
    stream(engine).tell("die", "a marker", exitCode="0")
    await end(exits, "a marker")


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (0, 0),
        (1, 1),
        (7, 7),
        (125, 125),
        (128, 128),
        (130, -signal.SIGINT),
        (137, -signal.SIGKILL),
        (143, -signal.SIGTERM),
        (160, 160),
        (255, 255),
    ],
)
def test_codes_and_signals(code: int, expected: int) -> None:
    """128 + n is signal n, as far as there are signals."""
    assert exit_of(code) == Exit(expected)


async def test_an_end_that_is_waited_for(exits: Exits, engine: FakeDocker) -> None:
    """Each container has its own."""
    web, db = exits.of("web"), exits.of("db")
    stream(engine).tell("die", "db", exitCode="3")
    assert await end(exits, "db") == Exit(3)
    assert db.done()
    assert not web.done()


async def test_an_end_before_anybody_asks(exits: Exits, engine: FakeDocker) -> None:
    """Is not forgotten."""
    stream(engine).tell("die", "job", exitCode="0")
    await told(exits, engine)
    assert exits.of("job").result() == Exit(0)


async def test_out_of_memory_is_the_reason(exits: Exits, engine: FakeDocker) -> None:
    """Of that container's end only, and with what to do about it."""
    stream(engine).tell("oom", "web")
    stream(engine).tell("die", "web", exitCode="137")
    stream(engine).tell("die", "db", exitCode="137")
    ended = await end(exits, "web")
    assert ended.code == -signal.SIGKILL
    assert str(ended) == "signal 9 (out of memory: raise deploy.resources.limits.memory)"
    assert await end(exits, "db") == Exit(-signal.SIGKILL)


async def test_a_container_that_is_started_again_ends_again(exits: Exits, engine: FakeDocker) -> None:
    """Its first end, and what that was for, do not count any more."""
    stream(engine).tell("oom", "web")
    stream(engine).tell("die", "web", exitCode="137")
    await end(exits, "web")
    exits.forget("web")
    assert not exits.of("web").done()
    stream(engine).tell("die", "web", exitCode="0")
    assert await end(exits, "web") == Exit(0)


async def test_what_nobody_knows_can_be_forgotten(exits: Exits) -> None:
    """As when a start was broken off."""
    exits.forget("never seen")


async def test_an_engine_that_ends_leaves_nobody_waiting(exits: Exits, engine: FakeDocker) -> None:
    """Ends that have come stay; all others fail, also those that are asked for later."""
    stream(engine).tell("die", "job", exitCode="0")
    waiting = exits.of("web")
    await told(exits, engine)
    engine.go()
    for late in (waiting, exits.of("db")):
        with pytest.raises(EnvironmentFailedError, match="does not answer any more") as caught:
            await asyncio.wait_for(late, _SOON)
        assert caught.value.exit_code is ExitCode.ENVIRONMENT
        assert "harness down" in caught.value.hint
    with pytest.raises(EnvironmentFailedError):
        await exits.of("asked for later")
    assert exits.of("job").result() == Exit(0)


async def test_closing_is_no_loss(engine: FakeDocker) -> None:
    """Whoever still waits then, waits for nothing; the SDK's answer is closed, also when asked twice."""
    exits = Exits(engine, "harness.environment=1", asyncio.get_running_loop())  # type: ignore[arg-type]  # a double
    waiting = exits.of("web")
    exits.close()
    exits.close()
    await asyncio.sleep(0)
    assert not waiting.done()
    assert stream(engine)._response.is_closed
