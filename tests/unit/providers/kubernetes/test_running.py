"""What every pod of a component writes is carried, however they are called, and nobody waits for those that go on."""

import asyncio
import os
import queue
from collections.abc import Iterator
from typing import Any, cast

import pytest

from harness.providers.kubernetes.running import Feed
from harness.providers.kubernetes.seen import Seen

PATIENCE = 10.0


class FakeLog:
    """What a pod writes, until it has ended."""

    def __init__(self) -> None:
        self._chunks: queue.Queue[bytes] = queue.Queue()

    def write(self, text: bytes) -> None:
        """The next piece; an empty one is the end."""
        self._chunks.put(text)

    def read1(self, _amount: int) -> bytes:
        """The next piece."""
        return self._chunks.get()


class FakeCore:
    """A client that is asked for one log after the other."""

    def __init__(self) -> None:
        self.asked = list[tuple[str, dict[str, Any]]]()
        self.logs: queue.Queue[FakeLog] = queue.Queue()

    def read_namespaced_pod_log(self, pod: str, namespace: str, **options: Any) -> FakeLog:
        """A new one."""
        assert namespace == "ns"
        self.asked.append((pod, options))
        log = FakeLog()
        self.logs.put(log)
        return log


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """Where it is carried to."""
    ends = os.pipe()
    yield ends
    os.close(ends[0])


async def begun(core: FakeCore) -> FakeLog:
    """The log that was asked for next."""
    return await asyncio.to_thread(core.logs.get, timeout=PATIENCE)


async def test_a_pod_that_takes_the_place_of_another(pipe: tuple[int, int]) -> None:
    """Has its name, in a StatefulSet, and is another one."""
    core = FakeCore()
    feed = Feed(cast("Any", core), "ns", pipe[1])
    first, second = Seen("web-0", "a", "main"), Seen("web-0", "b", "main")
    for seen in (first, first, second):
        feed.carry(seen)
    for _ in range(2):
        log = await begun(core)
        log.write(b"hello\n")
        log.write(b"")
    await feed.wait_ended(PATIENCE)
    feed.close()
    assert await asyncio.to_thread(os.read, pipe[0], 100) == b"hello\nhello\n"
    assert [(pod, options["container"]) for pod, options in core.asked] == [("web-0", "main")] * 2
    assert feed.has_carried(second)


async def test_nobody_waits_for_pods_that_go_on(pipe: tuple[int, int]) -> None:
    """Where one of several has ended, its last words are there as soon as it has said them."""
    core = FakeCore()
    feed = Feed(cast("Any", core), "ns", pipe[1])
    feed.carry(Seen("web-1", "a"))
    one = await begun(core)
    feed.carry(Seen("web-2", "b"))
    (await begun(core)).write(b"")
    async with asyncio.timeout(PATIENCE):
        await feed.wait_ended(PATIENCE * 2, {"a"})
    one.write(b"")
    await feed.wait_ended(PATIENCE)
    feed.close()
    assert "container" not in core.asked[0][1]
