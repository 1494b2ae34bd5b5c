"""A component that runs as a container, as the engine room sees it."""

import asyncio
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from harness.core.clock import SystemClock
from harness.core.endpoint import Endpoint
from harness.core.errors import EnvironmentFailedError
from harness.core.secrets import MASK
from harness.providers.base import Exit
from harness.providers.docker.calls import engine_calls
from harness.providers.docker.events import Exits
from harness.providers.docker.running import Feed, RunningContainer
from harness.providers.logs import LogPump
from harness.spec.model import ComponentSettings, Healthcheck, ReadySettings
from tests.doubles.containers import FakeContainer, FakeDocker, component
from tests.doubles.images import refusal

SECRET = "s3cret-of-this-environment"
_SOON = 5.0
LABELS: dict[str, str] = {}


class Stage:
    """One running container, and the hands that move it."""

    def __init__(self, folder: Path) -> None:
        self.engine = FakeDocker()
        self.calls = engine_calls()
        self.exits = Exits(self.engine, "harness.environment=1", asyncio.get_running_loop())  # type: ignore[arg-type]  # a double
        self.log = folder / "web.log"
        self._pumps: list[LogPump] = []

    async def run(
        self, *, stop_signal: str | None = None, **settings: Any
    ) -> tuple[RunningContainer, FakeContainer]:
        """Start a container of a component with these settings."""
        made = self.engine.create(
            "example/web:1", name="1-web", labels=LABELS, network="net", stop_signal=stop_signal
        )
        pump = LogPump(self.log, SystemClock(), [SECRET])
        self._pumps.append(pump)
        feed = Feed(made.attach_socket({"stream": 1}), pump.write_end)
        made.start()
        running = RunningContainer(
            component(**settings),
            made,  # type: ignore[arg-type]  # a double
            calls=self.calls,
            ended=self.exits.of(made.id),
            pump=pump,
            feed=feed,
            own={},
            endpoints=MappingProxyType({80: Endpoint("127.0.0.1", 4080, 80)}),
            environment=MappingProxyType({"TOKEN": SECRET}),
        )
        return running, made

    async def close(self) -> None:
        """End everything."""
        self.exits.close()
        for container in self.engine.everything["container"]:
            container.close_output()
        await self.calls.settle()
        self.calls.close()
        for pump in self._pumps:
            pump.close()


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    """Where one container runs."""
    made = Stage(tmp_path)
    try:
        yield made
    finally:
        await made.close()


def signals(stage: Stage) -> list[str]:
    """Those that were sent, in order."""
    return [line.partition(" ")[0] for line in stage.engine.journal if line.startswith("SIG")]


async def test_its_end_comes_with_everything_it_wrote(stage: Stage) -> None:
    """Stamped in the log, and secrets are masked there and in the tail, in whatever pieces they came."""
    running, container = await stage.run()
    container.say(f"one\nthe token is {SECRET[:5]}")
    container.say(f"{SECRET[5:]}\nthree\n")
    container.end(3)
    assert await asyncio.wait_for(running.exited(), _SOON) == Exit(3)
    assert running.tail() == ("one", f"the token is {MASK}", "three")
    assert running.tail(1) == ("three",)
    assert SECRET not in stage.log.read_text()
    assert f"the token is {MASK}" in stage.log.read_text()


async def test_a_polite_stop(stage: Stage) -> None:
    """One SIGTERM, and no force; a second stop, at once or later, does nothing more."""
    running, _ = await stage.run()
    await asyncio.wait_for(asyncio.gather(running.stop(60), running.stop(60)), _SOON)
    await running.stop(60)
    assert set(signals(stage)) == {"SIGTERM"}
    assert (await running.exited()).code == -signal.SIGTERM


async def test_the_images_own_signal_is_sent(stage: Stage) -> None:
    """Postgres has SIGINT, and means another kind of end by SIGTERM."""
    running, _ = await stage.run(stop_signal="SIGINT")
    await asyncio.wait_for(running.stop(60), _SOON)
    assert signals(stage) == ["SIGINT"]


async def test_what_does_not_listen_is_forced(stage: Stage) -> None:
    """When its grace is over."""
    running, container = await stage.run()
    container.deaf = {"SIGTERM"}
    await asyncio.wait_for(running.stop(0.01), _SOON)
    assert signals(stage) == ["SIGTERM", "SIGKILL"]
    assert (await running.exited()).code == -signal.SIGKILL


async def test_stopping_what_has_ended_sends_nothing(stage: Stage) -> None:
    """Its own code stays."""
    running, container = await stage.run()
    container.end(0)
    await running.exited()
    await running.stop(60)
    assert signals(stage) == []
    assert (await running.exited()).code == 0


@pytest.mark.parametrize("status", [404, 409, 500])
async def test_it_may_end_just_before_the_signal(stage: Stage, status: int) -> None:
    """The engine's refusal then is no failure, although Podman calls it one of its own."""
    running, container = await stage.run()
    container.ends_before_signals, container.ended_is = True, status
    await asyncio.wait_for(running.stop(60), _SOON)
    assert (await running.exited()).code == 0


async def test_an_engine_that_goes_away_ends_the_waiting(stage: Stage) -> None:
    """For the end, and for a stop: neither hangs, both say why."""
    running, container = await stage.run()
    container.say("last words\n")
    stage.engine.go()
    for waiting in (running.exited(), running.stop(60)):
        with pytest.raises(EnvironmentFailedError, match="container engine does not answer any more"):
            await asyncio.wait_for(waiting, _SOON)
    assert running.tail() == ("last words",)


async def test_a_check_runs_in_the_container(stage: Stage) -> None:
    """What it says is shown without secrets; nothing but exit code 0 is ready."""
    running, container = await stage.run(healthcheck=Healthcheck(("CMD", "check", "me")))
    container.checks = (1, f"no: {SECRET}".encode())
    answer = await running.probe().check()
    assert (answer.is_ready, answer.seen) == (False, f"exit code 1: no: {MASK}")
    container.checks = (0, b"")
    assert (await running.probe().check()).is_ready
    assert "exec check me" in stage.engine.journal
    container.refused_checks = refusal(409, f"container is paused {SECRET}")
    answer = await running.probe().check()
    assert (answer.is_ready, answer.seen) == (False, f"could not be run: container is paused {MASK}")


async def test_a_log_line_can_show_readiness(stage: Stage) -> None:
    """As soon as it was written."""
    running, container = await stage.run(settings=ComponentSettings(ready=ReadySettings(log="listening")))
    probe = running.probe()
    assert not (await probe.check()).is_ready
    container.say("listening\n")
    container.end(0)
    await running.exited()
    assert (await probe.check()).is_ready
