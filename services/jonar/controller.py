"""Why this exists: keeps as many replicas running and ready as each deployment wants, whatever happens to them.

One task tends each deployment, one watches each replica's readiness. They look at what is wanted and what is there
and do the next step; a step that fails is not lost, because the next look finds it undone.
"""

import asyncio
from collections.abc import Awaitable, Callable

from jonar import facts
from jonar.clock import Clock
from jonar.deployments import Deployment, Replica, ReplicaState, leaving, missing
from jonar.facts import Fact
from jonar.metrics import Window
from jonar.roster import Roster, Tended
from jonar.runtime.base import Exit, Order, ReplicaStartError, Runtime, Usage
from kernel.ids import new_id

STOP_TIMEOUT = 2.0  # seconds a replica gets to end by itself
CLOSE_TIMEOUT = 0.7  # the same when Jonar itself ends
FIRST_PERIOD = 0.005  # seconds between readiness checks of a replica that is not ready; grows
READY_PERIOD = 1.0
GROWTH = 1.5
FAILURES_UNTIL_UNREADY = 3


def next_period(failures: int, last: float) -> float:
    """Seconds until a replica is asked again: at once after a first failure, then less and less often."""
    if failures == 0:
        return READY_PERIOD
    return FIRST_PERIOD if failures == 1 else min(READY_PERIOD, last * GROWTH)


class Controller(Roster[Tended]):
    """The deployments of this process and their replicas.

    Args:
        runtime: What runs replicas; closed when the controller ends.
        is_ready: Asks the replica at a url.
        clock, note, changed, window: As of Roster.
    """

    def __init__(
        self,
        runtime: Runtime,
        is_ready: Callable[[str], Awaitable[bool]],
        clock: Clock,
        *,
        note: Callable[[Fact], None],
        changed: Callable[[str], None],
        window: float,
    ) -> None:
        super().__init__(clock, note=note, changed=changed, window=window)
        self._runtime = runtime
        self._is_ready = is_ready

    async def warm(self) -> None:
        """Do ahead of time what makes the first deployment slow; OSError when that cannot be done."""
        await self._runtime.warm()

    async def run(self) -> None:
        """Work until cancelled; then end every replica, in parallel and within about a second."""
        try:
            async with asyncio.TaskGroup() as group:
                self._group = group
                await self._notice_exits()
        finally:
            self._group = None
            await self._close()

    def autoscales(self, _deployment: Deployment) -> bool:
        """Somebody else has to."""
        return False

    async def measure(self, replica: Replica, _told: Usage) -> Usage | None:
        """What a replica uses, as its runtime knows it; None when it has ended or cannot be measured."""
        return await self._runtime.measure(replica.id)

    def _taken_on(self, deployment: Deployment) -> Tended:
        return Tended(deployment)

    async def _tend(self, tended: Tended) -> None:
        deployment = tended.deployment
        while not (deployment.is_stopped and not deployment.replicas):
            await tended.wake.wait()
            tended.wake.clear()
            await self._converge(tended)
            self._tell(tended)
        self._forget(tended)

    async def _converge(self, tended: Tended) -> None:
        deployment = tended.deployment
        lacking = missing(deployment)
        if lacking and not tended.backoff.remaining(self._clock.now()):
            await asyncio.gather(*(self._start(tended) for _ in range(lacking)))
        for replica in leaving(deployment, self._clock.now()):
            replica.change(ReplicaState.STOPPING, self._clock.now())
            self.spawn(self._runtime.stop(replica.id, STOP_TIMEOUT))

    async def _start(self, tended: Tended) -> None:
        deployment, asked = tended.deployment, tended.deployment.specification
        replica = Replica(new_id("rep"), self._clock.now(), Window(self._window), version=asked.version)
        deployment.replicas[replica.id] = replica
        order = Order(replica.id, deployment.id, asked.component, asked.version, asked.cpu, asked.memory)
        try:
            running = await self._runtime.start(order)
        except ReplicaStartError as error:
            deployment.replicas.pop(replica.id, None)
            self._note(facts.not_started(deployment, str(error), self._fail(tended)))
            return
        replica.settle_at(running)
        if replica.state is ReplicaState.STARTING:
            self.spawn(self._watch(tended, replica))

    async def _watch(self, tended: Tended, replica: Replica) -> None:
        """Ask a replica whether it is ready as long as it lives; often while it is not."""
        failures, period = 0, FIRST_PERIOD
        while replica.is_live:
            is_ready = await self._is_ready(replica.url)
            failures = 0 if is_ready else failures + 1
            if replica.is_live:
                self._judge(tended, replica, is_ready=is_ready, failures=failures)
            period = next_period(failures, period)
            await self._clock.sleep(period)

    def _judge(self, tended: Tended, replica: Replica, *, is_ready: bool, failures: int) -> None:
        if is_ready and replica.state is not ReplicaState.READY:
            replica.change(ReplicaState.READY, self._clock.now())
            self._wake_when_available(tended)
        elif replica.state is ReplicaState.READY and failures >= FAILURES_UNTIL_UNREADY:
            replica.change(ReplicaState.UNREADY, self._clock.now())
            self._unsettle(tended)
        else:
            return
        tended.wake.set()

    async def _notice_exits(self) -> None:
        async for ended in self._runtime.exits():
            for tended in self._tended.values():
                replica = tended.deployment.replicas.pop(ended.replica_id, None)
                if replica is not None:
                    self._lose(tended, replica, ended)

    def _lose(self, tended: Tended, replica: Replica, ended: Exit) -> None:
        is_expected = replica.state is ReplicaState.STOPPING
        replica.change(ReplicaState.EXITED, self._clock.now())
        if not is_expected:
            self._note(facts.exited(tended.deployment, ended, self._fail(tended)))
            self._unsettle(tended)
        tended.wake.set()

    async def _close(self) -> None:
        await asyncio.gather(*(self._runtime.stop(r.replica_id, CLOSE_TIMEOUT) for r in self._runtime.list()))
        await self._runtime.aclose()
        self._stop_all()
