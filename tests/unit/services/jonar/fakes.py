"""Why this exists: time and replicas that a test moves by hand, so that Jonar's parts are tried without waiting."""

import asyncio
import heapq
from collections.abc import AsyncIterator, Sequence
from itertools import count

from jonar.autoscaling import Policy
from jonar.deployments import Deployment, Specification
from jonar.runtime.base import Exit, Order, ReplicaStartError, Running, Usage

START = 1000.0


class FakeClock:
    """Time that stands still until `advance`."""

    def __init__(self) -> None:
        self._now = START
        self._order = count()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []

    def now(self) -> float:
        """Seconds on this clock."""
        return self._now

    async def sleep(self, seconds: float) -> None:
        """Return once the clock was moved far enough."""
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._now + seconds, next(self._order), woken))
        await woken

    async def advance(self, seconds: float) -> None:
        """Move time on, waking sleepers in order, and let everything happen that then can."""
        end = self._now + seconds
        await settle()
        while self._sleepers and self._sleepers[0][0] <= end:
            self._now, _, woken = heapq.heappop(self._sleepers)
            if not woken.done():
                woken.set_result(None)
                await settle()
        self._now = end
        await settle()


async def settle() -> None:
    """Let every task go as far as it can without time passing."""
    for _ in range(25):
        await asyncio.sleep(0)


class FakeRuntime:
    """Replicas that exist as entries of a dict. `usage` is what each has used; `refusals` fail that many starts."""

    def __init__(self) -> None:
        self.running: dict[str, Running] = {}
        self.orders: list[Order] = []
        self.usage: dict[str, Usage] = {}
        self.unready: set[str] = set()
        self.refusals = 0
        self.is_closed = False
        self._exits: asyncio.Queue[Exit] = asyncio.Queue()

    async def warm(self) -> None:
        """There is nothing to do ahead."""

    async def start(self, order: Order) -> Running:
        """A replica at `http://<its id>`."""
        self.orders.append(order)
        if self.refusals:
            self.refusals -= 1
            raise ReplicaStartError("no room")
        running = Running(order.replica_id, f"http://{order.replica_id}", 40000 + len(self.orders))
        self.running[order.replica_id] = running
        return running

    async def stop(self, replica_id: str, timeout: float) -> None:
        """It ends at once."""
        assert timeout > 0
        self.end(replica_id, -15)

    def end(self, replica_id: str, code: int) -> None:
        """The replica ends, asked to or not."""
        running = self.running.pop(replica_id, None)
        if running is not None:
            self._exits.put_nowait(Exit(replica_id, running.pid, code))

    def list(self) -> Sequence[Running]:
        """What runs."""
        return list(self.running.values())

    async def measure(self, replica_id: str) -> Usage | None:
        """What the test says it has used."""
        return self.usage.get(replica_id, Usage(0.0, 1)) if replica_id in self.running else None

    async def exits(self) -> AsyncIterator[Exit]:
        """Ends as they happen."""
        while True:
            yield await self._exits.get()

    async def aclose(self) -> None:
        """Nothing runs any more."""
        self.is_closed = True
        self.running.clear()

    async def is_ready(self, url: str) -> bool:
        """Every running replica that a test has not made unready."""
        replica_id = url.removeprefix("http://")
        return replica_id in self.running and replica_id not in self.unready


def make_policy(
    *,
    least: int = 1,
    most: int = 10,
    requests: float | None = 10.0,
    cpu: float | None = None,
    stabilisation: float = 0.0,
) -> Policy:
    """A policy, by default for requests only."""
    return Policy(least, most, requests, cpu, stabilisation)


def make_deployment(
    replicas: int = 1,
    *,
    name: str = "dep_1",
    policy: Policy | None = None,
    min_ready_seconds: float = 0.0,
    cpu: float = 0.5,
) -> Deployment:
    """A deployment of hoardwell whose rollouts have to settle within 30 s."""
    specification = Specification(
        "hoardwell", "1", cpu, 2**30, min_ready_seconds, 30.0, policy or make_policy()
    )
    return Deployment(name, specification, replicas)
