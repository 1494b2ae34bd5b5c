"""What a component's pods write is carried, however they are called; one on its way is waited for while it may come."""

import asyncio
import os
import queue
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from harness.core.clock import SystemClock
from harness.core.errors import EnvironmentFailedError, NotPossibleHereError, NotReadyError
from harness.providers.base import Exit, Streams
from harness.providers.kubernetes import running as module
from harness.providers.kubernetes.connection.inside import Ran
from harness.providers.kubernetes.running import RunningPod
from harness.providers.kubernetes.standing import GO_ON, STAND
from harness.providers.kubernetes.watching.feed import Feed
from harness.providers.kubernetes.watching.notes import Note, Topic
from harness.providers.kubernetes.watching.seen import Seen
from harness.providers.kubernetes.watching.watching import Watched
from harness.providers.logs import LogPump
from harness.spec.model import Component, ComponentSettings, Location, ReadySettings

PATIENCE = 10.0
HELD = Seen("web-1", held="its image cannot be pulled yet", state="its image cannot be pulled yet")
SOON = 0.05  # seconds


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


async def test_a_container_beside_it_has_its_own_log(pipe: tuple[int, int]) -> None:
    """As that of an init container, which says why it failed; the component's own comes after it."""
    core = FakeCore()
    feed = Feed(cast("Any", core), "ns", pipe[1])
    for speaker in ("migrate", "migrate", "web"):
        feed.carry(Seen("web-1", "a", speaker))
    for _ in range(2):
        (await begun(core)).write(b"")
    await feed.wait_ended(PATIENCE)
    feed.close()
    assert sorted(options["container"] for _, options in core.asked) == ["migrate", "web"]


class FakeNamespace:
    """One in which nothing is made; whose pods are to be removed is written down."""

    core = None
    name = "ns"

    def __init__(self, removed: list[str]) -> None:
        self._removed = removed

    async def remove_pods(self, component: str) -> None:
        """Write it down."""
        self._removed.append(component)

    async def remove_workload(self, component: str, grace: float) -> None:
        """Write it down."""
        self._removed.append(f"{component} within {grace:g} s")

    async def remove_pod(self, name: str) -> None:
        """Write it down."""
        self._removed.append(name)


class Stage:
    """A pod that is looked at, and what was told of it."""

    def __init__(self, folder: Path) -> None:
        self.watched = Watched()
        self.told: list[str] = []
        self.ran: list[str] = []
        self.runs: list[Ran | EnvironmentFailedError] = []
        self.pump = LogPump(folder / "web.log", SystemClock(), [])
        self.removed: list[str] = []

    def started(self, timeout: float) -> RunningPod:
        """A component that has `timeout` seconds."""
        settings = ComponentSettings(ready=ReadySettings(timeout=timeout))
        component = Component("web", Location(Path(os.devnull), 1), settings=settings)
        return RunningPod(
            component,
            cast("Any", FakeNamespace(self.removed)),
            self.watched,
            self.pump,
            entries={},
            endpoints={},
            inside=self._inside,
            execute=self._execute,
            tell=self.told.append,
        )

    async def _execute(self, pod: str, _container: str, argv: Sequence[str], streams: Streams) -> int:
        """Write the command down, and say where it runs."""
        self.ran.append(argv[-1])
        await streams.out(pod.encode())
        return 7

    async def _inside(self, _pod: str, _container: str, argv: Sequence[str]) -> Ran:
        """Write the script down."""
        self.ran.append(argv[-1])
        ran = self.runs.pop(0)
        if isinstance(ran, EnvironmentFailedError):
            raise ran
        return ran

    def see(self, seen: Seen) -> None:
        """It is so now."""
        self.watched.take(seen.name, seen)


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    """Nothing is seen yet."""
    made = Stage(tmp_path)
    yield made
    made.pump.close()


async def test_what_holds_it_is_told_once(stage: Stage) -> None:
    """And again when it is something else."""
    beginning = asyncio.ensure_future(stage.started(60).begin())
    for seen in (HELD, HELD, replace(HELD, held="its volume claim is not bound")):
        await asyncio.sleep(0)
        stage.see(seen)
        await asyncio.sleep(0)
    stage.see(replace(HELD, held="", hopeless="its image cannot be pulled"))
    with pytest.raises(EnvironmentFailedError, match="web cannot start: its image cannot be pulled"):
        await beginning
    assert stage.told == ["its image cannot be pulled yet", "its volume claim is not bound"]


async def test_one_that_never_runs_is_given_up(stage: Stage) -> None:
    """After the time in which it should be ready, with what was seen of it last."""
    stage.see(HELD)
    with pytest.raises(NotReadyError, match=r"web did not run after 0\.05 s: its image cannot be pulled yet"):
        await stage.started(SOON).begin()


async def test_pulling_an_image_does_not_count(stage: Stage) -> None:
    """It ends by itself, in one way or the other."""
    stage.see(Seen("web-1", is_pulling=True, state="pulls"))
    running = stage.started(SOON)
    beginning = asyncio.ensure_future(running.begin())
    assert not (await asyncio.wait({beginning}, timeout=4 * SOON))[0]
    stage.see(Seen("web-1", state="ContainerCreating"))
    with pytest.raises(NotReadyError, match="ContainerCreating"):
        await beginning
    running.close()


async def test_what_its_readiness_probe_meets_is_told_once(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While it is waited for, and not where nobody has said what it meets."""
    monkeypatch.setattr(module, "_AT_FIRST", 0.0)
    probe = stage.started(60).probe()
    cut = "its readiness probe failed: read tcp 10.0.0.1:{}->10.0.0.2:80: connection reset by peer"
    stage.see(Seen("web-1", is_running=True, state="runs, and its readiness probe fails"))
    assert not (await probe.check()).is_ready
    for words in ("its readiness probe failed: 503", cut.format(7), cut.format(8), cut.format(7)):
        stage.watched.note(Note("Pod", "web-1", Topic.READINESS, words))
        for _ in range(2):
            assert (await probe.check()).seen == f"runs, and {words}"
    assert stage.told == [
        f"runs, and {words}" for words in ("its readiness probe failed: 503", cut.format(7))
    ]
    stage.see(RUNNING)
    assert (await probe.check()).is_ready
    assert len(stage.told) == 2


async def test_what_its_readiness_probe_meets_at_first_is_not_told(stage: Stage) -> None:
    """It begins with the container, which does not listen yet."""
    stage.see(Seen("web-1", is_running=True))
    stage.watched.note(Note("Pod", "web-1", Topic.READINESS, "its readiness probe failed: refused"))
    assert "refused" in (await stage.started(60).probe().check()).seen
    assert stage.told == []


RUNNING = Seen("web-1", is_running=True, is_ready=True, speaker="web", shares_processes=True)


async def test_the_first_process_of_a_pod_is_not_asked_to_stand(stage: Stage) -> None:
    """No signal from within would stop it."""
    stage.see(replace(RUNNING, shares_processes=False))
    with pytest.raises(NotPossibleHereError, match="the first process of its pod"):
        await stage.started(60).suspend()
    assert stage.ran == []


async def test_others_stand_and_go_on(stage: Stage) -> None:
    """Until they have ended: there is nobody left then."""
    stage.see(RUNNING)
    stage.runs = [Ran(0, ""), Ran(0, "")]
    running = stage.started(60)
    await running.suspend()
    await running.resume()
    assert stage.ran == [STAND, GO_ON]
    stage.see(replace(RUNNING, ended=Exit(-9)))
    await running.resume()
    assert len(stage.ran) == 2


async def test_all_pods_stand_or_none(stage: Stage) -> None:
    """Those that stood already go on when the next one cannot."""
    for name in ("web-1", "web-2"):
        stage.see(replace(RUNNING, name=name))
    stage.runs = [Ran(0, ""), Ran(0, ""), Ran(0, ""), Ran(0, "")]
    running = stage.started(60)
    await running.suspend()
    await running.resume()
    assert stage.ran == [STAND, STAND, GO_ON, GO_ON]
    stage.runs = [Ran(0, ""), Ran(1, "process 7 goes on"), Ran(0, "")]
    with pytest.raises(NotPossibleHereError, match="process 7 goes on"):
        await running.suspend()
    assert stage.ran[4:] == [STAND, STAND, GO_ON]


async def test_a_command_is_run_in_the_pod_that_is_there(stage: Stage) -> None:
    """Where none is, that is told."""
    said = bytearray()

    async def hear(chunk: bytes) -> None:
        said.extend(chunk)

    running = stage.started(60)
    with pytest.raises(EnvironmentFailedError, match="web has no pod now"):
        await running.execute(["ls"], Streams(hear, hear))
    stage.see(RUNNING)
    assert await running.execute(["ls"], Streams(hear, hear)) == 7
    assert (bytes(said), stage.ran) == (b"web-1", ["ls"])


async def test_pods_of_a_stateful_set_are_replaced_under_their_names(stage: Stage) -> None:
    """Another one has come when it is another one, whatever it is called."""
    stage.see(replace(RUNNING, uid="a"))
    replacing = asyncio.ensure_future(stage.started(60).replace())
    await asyncio.sleep(0)
    stage.see(replace(RUNNING, uid="a", removed=Exit(-9)))
    for _ in range(3):
        await asyncio.sleep(0)
    assert not replacing.done()
    stage.see(replace(RUNNING, uid="b"))
    await replacing
    assert stage.removed == ["web"]


async def test_a_pod_that_comes_when_its_component_is_stopped(stage: Stage) -> None:
    """It has served nobody, and may not listen to SIGTERM yet: it is killed, and waited for like the others."""
    stage.see(replace(RUNNING, uid="a"))
    stopping = asyncio.ensure_future(stage.started(60).stop(10))
    late = replace(RUNNING, name="web-2", uid="b")
    for seen in (late, replace(late, is_ready=False)):
        for _ in range(5):
            await asyncio.sleep(0)
        stage.see(seen)
    stage.watched.take("web-1", None)
    for _ in range(5):
        await asyncio.sleep(0)
    assert not stopping.done()
    stage.watched.take("web-2", None)
    await stopping
    assert stage.removed == ["web within 10 s", "web-2"]


async def test_who_may_stand_still_for_nobody_knows_goes_on(stage: Stage) -> None:
    """As when the cluster's answer is lost."""
    stage.see(RUNNING)
    stage.runs = [EnvironmentFailedError("no command can be run in web-1"), Ran(0, "")]
    with pytest.raises(EnvironmentFailedError, match="no command can be run"):
        await stage.started(60).suspend()
    assert stage.ran == [STAND, GO_ON]
