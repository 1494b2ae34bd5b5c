"""Replicas as containers: they belong where Jonar is, are measured, end as told, and none is left."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from jonar.runtime.base import Exit, Order, ReplicaStartError, Running, Usage
from jonar.runtime.docker import DockerRuntime
from jonar.runtime.engine import Engine, EngineError
from tests.unit.services.jonar.fakes import settle
from tests.unit.services.jonar.runtime.fake_engine import JONAR, FakeEngine, framed


class Scene:
    """A runtime on a fake engine, what its replicas write, and the ends it tells of."""

    def __init__(self, engine: FakeEngine, hostname: str = "j" * 12) -> None:
        self.engine = engine
        self.written: list[bytes] = []
        self.runtime = DockerRuntime(
            Engine(engine), {"small": "small.app:create"}, hostname, self.written.append
        )
        self._exits = self.runtime.exits()

    async def start(self, replica_id: str = "rep_1") -> Running:
        """Start one replica."""
        return await self.runtime.start(Order(replica_id, "dep_1", "small", "1", 0.5, 2**30))

    async def next_exit(self) -> Exit:
        """The next end that is told of."""
        async with asyncio.timeout(5):
            return await anext(self._exits)


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    """A runtime that is closed afterwards, and has left nothing then."""
    made = Scene(FakeEngine())
    yield made
    await made.runtime.aclose()
    assert made.engine.replicas() == []


async def test_a_replica_is_a_container_beside_jonar(scene: Scene) -> None:
    """In its network, reached as Jonar is; listed and measured while it runs."""
    running = await scene.start()
    assert running.container == "env-jonar-rep_1"
    assert (running.url, running.public_url) == ("http://10.0.0.3:8000", "http://127.0.0.1:50001")
    assert scene.runtime.list() == [running]
    assert await scene.runtime.measure("rep_1") == Usage(1.5, 3_000_000)
    assert await scene.runtime.measure("rep_2") is None


async def test_a_replica_runs_the_image_of_its_component(scene: Scene) -> None:
    """The one that the component's container beside Jonar runs; without any, it is told what is missing."""
    await scene.start()
    assert [wanted["Image"] for wanted in scene.engine.created] == ["sha256:small"]
    del scene.engine.containers["env-small"], scene.engine.containers["env-jonar-rep_1"]
    with pytest.raises(ReplicaStartError, match=r"component=small; start small beside Jonar"):
        await scene.start("rep_2")


async def test_a_killed_replica_is_told_of(scene: Scene) -> None:
    """With its signal, its last words written, and its container removed."""
    running = await scene.start()
    await settle()
    scene.engine.outputs[str(running.container)].send(framed(b"last") + framed(b" words"))
    scene.engine.end(str(running.container), 137)
    assert await scene.next_exit() == Exit("rep_1", None, -9)
    assert b"".join(scene.written) == b"last words"
    assert scene.engine.replicas() == []
    assert scene.runtime.list() == []
    assert await scene.runtime.measure("rep_1") is None


async def test_a_replica_that_ends_as_it_starts_is_told_of(scene: Scene) -> None:
    """Its end may be heard of before the answer to its start."""
    scene.engine.stillborn = True
    await scene.start()
    assert await scene.next_exit() == Exit("rep_1", None, 1)


async def test_stopping_is_polite(scene: Scene) -> None:
    """The container is gone when it returns; stopping again does nothing."""
    await scene.start()
    await scene.runtime.stop("rep_1", timeout=5)
    await scene.runtime.stop("rep_1", timeout=5)
    assert await scene.next_exit() == Exit("rep_1", None, -15)
    assert scene.engine.replicas() == []


async def test_stopping_ends_by_force_at_last() -> None:
    """A replica that does not hear is removed when its time is over."""
    scene = Scene(FakeEngine(obeys=False))
    await scene.start()
    await scene.runtime.stop("rep_1", timeout=0.01)
    assert (await scene.next_exit()).code == -9
    assert scene.engine.replicas() == []
    await scene.runtime.aclose()


async def test_what_cannot_start_is_removed(scene: Scene) -> None:
    """The engine's reason is told, and nothing of the replica is left."""
    scene.engine.refused = "start"
    with pytest.raises(ReplicaStartError, match=r"a replica of small does not start: .*no start today"):
        await scene.start()
    assert scene.engine.replicas() == []
    assert scene.runtime.list() == []


async def test_ends_while_the_engine_is_out_of_hearing_are_told_of(scene: Scene) -> None:
    """When its events are heard again, replicas that do not run any more are looked for."""
    running = await scene.start()
    told = scene.engine.containers[str(running.container)]
    await settle()
    told["State"] = {"Running": False, "ExitCode": 1}
    scene.engine.outputs[str(running.container)].send(b"")
    scene.engine.events.send(b"")
    assert await scene.next_exit() == Exit("rep_1", None, 1)


async def test_what_a_dead_jonar_left_is_removed(scene: Scene) -> None:
    """Of this container before its restart, or of one that is gone; a living neighbour's stay."""
    scene.engine.add("living")
    for number, parent in enumerate((JONAR["Id"], "gone", "living")):
        scene.engine.add(f"left-{number}", jonar_replica=f"rep_{number}", jonar_container=str(parent))
    await scene.runtime.warm()
    assert scene.engine.replicas() == ["left-2"]
    del scene.engine.containers["left-2"]


async def test_closing_removes_what_runs() -> None:
    """Also a replica whose start nobody waits for any more."""
    scene = Scene(FakeEngine())
    await scene.start("rep_1")
    waiter = asyncio.create_task(scene.start("rep_2"))
    await asyncio.sleep(0)
    waiter.cancel()
    await scene.runtime.aclose()
    assert len(scene.engine.created) == 2
    assert scene.engine.replicas() == []


async def test_without_a_container_of_its_own_jonar_says_what_is_wrong() -> None:
    """The runtime needs the engine to know Jonar's container."""
    scene = Scene(FakeEngine(), hostname="laptop")
    with pytest.raises(
        EngineError, match=r"the engine has no container laptop: .* has to run in a container"
    ):
        await scene.runtime.warm()
    with pytest.raises(ReplicaStartError, match="no container for a replica of small"):
        await scene.start()
    await scene.runtime.aclose()
