"""Nothing that happens in the cluster is missed, and nothing is heard twice."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import httpx2

from jonar.cluster.api import PODS
from jonar.cluster.watches import Changed, Gone, Known, Watch
from tests.unit.services.jonar.cluster.fake_cluster import FakeCluster, Refusal
from tests.unit.services.jonar.fakes import FakeClock


class Listener:
    """Hears of pods with the label `a`, and keeps what it hears in a few words."""

    def __init__(self, cluster: FakeCluster, folder: Path) -> None:
        self.clock = FakeClock()
        self.heard: list[str] = []
        self._watch = Watch(cluster.api(folder), PODS, self.clock, labels="a")

    async def listen(self) -> None:
        """For ever."""
        async with aclosing(self._watch.news()) as news:
            async for told in news:
                match told:
                    case Known(things):
                        self.heard.append("known " + " ".join(t["metadata"]["name"] for t in things))
                    case Changed(thing):
                        self.heard.append(f"changed {thing['metadata']['name']}")
                    case Gone(thing):
                        self.heard.append(f"gone {thing['metadata']['name']}")


@asynccontextmanager
async def listening(cluster: FakeCluster, folder: Path) -> AsyncIterator[Listener]:
    """A listener at work."""
    listener = Listener(cluster, folder)
    task = asyncio.create_task(listener.listen())
    await listener.clock.advance(0)
    yield listener
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def _pod(name: str, **labels: str) -> dict[str, object]:
    return {"metadata": {"name": name, "labels": labels}}


async def test_what_there_is_and_what_becomes_of_it(tmp_path: Path) -> None:
    """Only of what was asked for; a bookmark is no news."""
    cluster = FakeCluster()
    cluster.put("pods", _pod("one", a="1"))
    async with listening(cluster, tmp_path) as listener:
        cluster.put("pods", _pod("two", a="2"))
        cluster.put("pods", _pod("other"))
        cluster.bookmark()
        cluster.drop("pods", "one")
        await listener.clock.advance(0)
        assert listener.heard == ["known one", "changed two", "gone one"]


async def test_a_watch_goes_on_where_it_ended(tmp_path: Path) -> None:
    """In order or broken: what happened meanwhile is told, what was told is not."""
    cluster = FakeCluster()
    async with listening(cluster, tmp_path) as listener:
        for number, error in enumerate([None, httpx2.ReadError("cut"), None]):
            cluster.put("pods", _pod(f"before-{number}", a="1"))
            await listener.clock.advance(0)
            cluster.break_watches(error)
            cluster.put("pods", _pod(f"after-{number}", a="1"))
            await listener.clock.advance(1.0)
        assert listener.heard == ["known "] + [
            f"changed {when}-{number}" for number in range(3) for when in ("before", "after")
        ]


async def test_where_changes_are_forgotten_everything_is_told_anew(tmp_path: Path) -> None:
    """So that what is gone meanwhile is known to be."""
    cluster = FakeCluster()
    cluster.put("pods", _pod("one", a="1"))
    async with listening(cluster, tmp_path) as listener:
        cluster.break_watches()
        cluster.drop("pods", "one")
        cluster.put("pods", _pod("two", a="1"))
        cluster.forget()
        await listener.clock.advance(1.0)
        assert listener.heard == ["known one", "known two"]


async def test_a_failing_api_is_asked_less_and_less_often(tmp_path: Path) -> None:
    """After 0.5, 1, 2 … 10 seconds, and at once again when it has answered."""
    cluster = FakeCluster()
    cluster.refusals = [Refusal("GET", "pods", 500) for _ in range(7)]
    async with listening(cluster, tmp_path) as listener:
        asked = []
        for _ in range(500):
            asked.append(len(cluster.asked))
            await listener.clock.advance(0.125)
        attempts = [n / 8 for n in range(1, 500) if asked[n] > asked[n - 1]]
        assert attempts[:7] == [0.5, 1.5, 3.5, 7.5, 15.5, 25.5, 35.5]
        assert listener.heard == ["known "]
