"""Replicas as real processes: they serve, are measured, end as told, and never outlive Jonar."""

import asyncio
import os
import select
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager

import httpx2
import psutil
import pytest

from jonar.runtime.base import Exit, Order, Running
from jonar.runtime.process import ProcessRuntime

HERE = "tests.unit.services.jonar.runtime.small_app"
APPS = {"small": f"{HERE}:create_app", "broken": f"{HERE}:create_broken_app"}


class Scene:
    """A runtime and the ends it tells of."""

    def __init__(self) -> None:
        self.runtime = ProcessRuntime(APPS)
        self._exits = self.runtime.exits()

    async def start(self, replica_id: str, component: str = "small") -> Running:
        """Start one replica."""
        return await self.runtime.start(Order(replica_id, "dep_1", component, "1", 0.5, 2**30))

    async def next_exit(self) -> Exit:
        """The next end that is told of."""
        async with asyncio.timeout(20):
            return await anext(self._exits)


@pytest.fixture
async def scene(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Scene]:
    """A runtime that is closed afterwards."""
    monkeypatch.setenv("JONAR_TEST_MARK", "inherited")
    made = Scene()
    yield made
    await made.runtime.aclose()


async def _ask(url: str) -> list[str]:
    transport = httpx2.AsyncHTTPTransport(verify=False)
    async with httpx2.AsyncClient(transport=transport, timeout=20) as client:
        return (await client.get(url)).text.split()


async def test_a_replica_serves_with_its_parents_environment(scene: Scene) -> None:
    """It listens on loopback from the moment it was started, and its own process answers."""
    running = await scene.start("rep_1")
    assert running.url.startswith("http://127.0.0.1:")
    assert await _ask(running.url) == [str(running.pid), "rep_1", "inherited"]
    assert scene.runtime.list() == [running]
    usage = await scene.runtime.measure("rep_1")
    assert usage is not None
    assert usage.memory > 2**20
    assert await scene.runtime.measure("rep_2") is None


async def test_a_killed_replica_is_told_of(scene: Scene) -> None:
    """With its signal; then it is neither listed nor measured."""
    running = await scene.start("rep_1")
    assert running.pid is not None
    os.kill(running.pid, signal.SIGKILL)
    assert await scene.next_exit() == Exit("rep_1", running.pid, -signal.SIGKILL)
    assert scene.runtime.list() == []
    assert await scene.runtime.measure("rep_1") is None


async def test_a_replica_that_cannot_start_is_told_of(
    scene: Scene, capfd: pytest.CaptureFixture[str]
) -> None:
    """With its exit code, and its last words in the log; others are not affected."""
    await scene.start("rep_1", "broken")
    ended = await scene.next_exit()
    assert (ended.replica_id, ended.code) == ("rep_1", 1)
    assert "RuntimeError: no settings" in capfd.readouterr().err
    well = await scene.start("rep_2")
    assert (await _ask(well.url))[1] == "rep_2"


async def test_stopping_is_polite_and_then_not(scene: Scene) -> None:
    """A replica that serves ends on SIGTERM; one that hangs is killed when its time is over."""
    polite, hung = await scene.start("rep_1"), await scene.start("rep_2")
    await asyncio.gather(_ask(polite.url), _ask(hung.url))
    assert hung.pid is not None
    os.kill(hung.pid, signal.SIGSTOP)
    await scene.runtime.stop("rep_1", timeout=20)
    await scene.runtime.stop("rep_2", timeout=0.05)
    await scene.runtime.stop("rep_2", timeout=0.05)
    ends = [await scene.next_exit(), await scene.next_exit()]
    assert [(end.replica_id, end.code) for end in ends] == [("rep_1", -15), ("rep_2", -9)]


async def test_the_end_of_the_fork_server_is_the_end_of_its_replicas(scene: Scene) -> None:
    """They are told of, none is left, and the next replica gets a new fork server."""
    replicas = [await scene.start("rep_1"), await scene.start("rep_2")]
    with watched(*(replica.pid for replica in replicas)) as have_ended:
        os.kill(_parent(replicas[0].pid), signal.SIGKILL)
        ends = {(await scene.next_exit()).replica_id, (await scene.next_exit()).replica_id}
        assert ends == {"rep_1", "rep_2"}
        assert have_ended()
    again = await scene.start("rep_3")
    assert (await _ask(again.url))[1] == "rep_3"


async def test_closing_leaves_nothing(scene: Scene) -> None:
    """Fork server and replicas are gone when it returns; closing twice is fine."""
    running = await scene.start("rep_1")
    with watched(running.pid, _parent(running.pid)) as have_ended:
        await scene.runtime.aclose()
        await scene.runtime.aclose()
        assert have_ended(timeout=0.0)


JONAR = f"""
import asyncio, sys
from jonar.runtime.base import Order
from jonar.runtime.process import ProcessRuntime

async def main():
    runtime = ProcessRuntime({APPS!r})
    for name in ("rep_1", "rep_2"):
        running = await runtime.start(Order(name, "dep_1", "small", "1", 0.5, 1))
        print(running.pid, flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


async def test_nothing_outlives_a_killed_jonar(monkeypatch: pytest.MonkeyPatch) -> None:
    """SIGKILL gives Jonar no chance to clean up; the kernel does."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(path for path in sys.path if path))
    jonar = await asyncio.create_subprocess_exec(sys.executable, "-c", JONAR, stdout=asyncio.subprocess.PIPE)
    assert jonar.stdout is not None
    replicas = [int(await jonar.stdout.readline()) for _ in range(2)]
    with watched(*replicas, _parent(replicas[0])) as have_ended:
        jonar.kill()
        await jonar.wait()
        assert have_ended()


def _parent(pid: int | None) -> int:
    return psutil.Process(pid).ppid()


@contextmanager
def watched(*pids: int | None) -> Iterator[Callable[..., bool]]:
    """Tells whether all of these processes have ended, waiting for that up to a timeout."""
    descriptors = {os.pidfd_open(pid) for pid in pids if pid is not None}

    def have_ended(timeout: float = 10.0) -> bool:
        left, deadline = set(descriptors), time.monotonic() + timeout
        while left:
            ended, _, _ = select.select(left, [], [], max(0.0, deadline - time.monotonic()))
            if not ended:
                return False
            left -= set(ended)
        return True

    try:
        yield have_ended
    finally:
        for descriptor in descriptors:
            os.close(descriptor)
