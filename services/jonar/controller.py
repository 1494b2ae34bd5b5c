"""Why this exists: keeps as many replicas running and ready as each deployment wants, whatever happens to them.

One task tends each deployment, one watches each replica's readiness. They look at what is wanted and what is there
and do the next step; a step that fails is not lost, because the next look finds it undone.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from jonar import facts
from jonar.backoff import Backoff
from jonar.clock import Clock
from jonar.deployments import Deployment, Replica, ReplicaState, RolloutState, leaving, missing
from jonar.facts import Fact
from jonar.metrics import Window
from jonar.runtime.base import Exit, Order, ReplicaStartError, Runtime
from kernel.errors import ApiError
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


class NotRunningError(ApiError):
    """Jonar is starting or ending and takes no orders."""

    def __init__(self) -> None:
        super().__init__(503, "unavailable", "Jonar is starting or ending; try again in a moment.")


@dataclass(slots=True)
class _Tended:
    """A deployment and what its task needs. `told` is the state that was last told of."""

    deployment: Deployment
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    backoff: Backoff = field(default_factory=Backoff)
    told: RolloutState = RolloutState.PROGRESSING
    turns: "count[int]" = field(default_factory=count)


class Controller:
    """The deployments of this process and their replicas.

    Args:
        runtime: What runs replicas; closed when the controller ends.
        is_ready: Asks the replica at a url.
        note: Takes facts for the record.
        changed: Takes the topic `deployment:<id>` of each deployment whose status may have changed.
        window: Seconds that rates of a replica cover.
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
        self._runtime = runtime
        self._is_ready = is_ready
        self._clock = clock
        self._note = note
        self._changed = changed
        self._window = window
        self._tended: dict[str, _Tended] = {}
        self._group: asyncio.TaskGroup | None = None

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

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something in the background for as long as the controller works.

        Raises:
            NotRunningError: it does not work.
        """
        if self._group is None:
            work.close()
            raise NotRunningError
        self._group.create_task(work)

    def find(self, deployment_id: str) -> Deployment | None:
        """A deployment that is kept here."""
        tended = self._tended.get(deployment_id)
        return tended.deployment if tended else None

    def deployments(self, component: str | None = None) -> list[Deployment]:
        """The deployments kept here, oldest first; of one component where it is named."""
        kept = [tended.deployment for tended in self._tended.values()]
        return [d for d in kept if component in (None, d.specification.component)]

    def pick(self, deployment_id: str) -> Replica | None:
        """The ready replica whose turn it is to take a request; None while there is none."""
        tended = self._tended.get(deployment_id)
        ready = tended.deployment.ready if tended else []
        return ready[next(tended.turns) % len(ready)] if tended and ready else None

    def reach(self, replica_id: str) -> Replica | None:
        """A replica that has not ended, whatever its state."""
        kept = (tended.deployment.replicas for tended in self._tended.values())
        return next((replicas[replica_id] for replicas in kept if replica_id in replicas), None)

    def adopt(self, deployment: Deployment) -> None:
        """Keep a deployment from now on.

        Raises:
            NotRunningError: the controller does not work.
        """
        tended = _Tended(deployment)
        self.spawn(self._tend(tended))
        self._tended[deployment.id] = tended
        self._begin_rollout(tended, deployment.desired)

    def scale(self, deployment_id: str, replicas: int, reason: str) -> None:
        """Want another number of replicas. Nothing happens when it is the same, or the deployment is gone.

        Raises:
            NotRunningError: the controller does not work.
        """
        tended = self._tended.get(deployment_id)
        if tended is None or tended.deployment.is_stopped or tended.deployment.desired == replicas:
            return
        before = tended.deployment.desired
        self._begin_rollout(tended, replicas)
        self._note(facts.scaled(tended.deployment, before, replicas, reason))

    def update(self, deployment_id: str, version: str) -> None:
        """Want another version: replicas of it come one by one, and each takes the place of an old one once it serves.

        Nothing happens when it is the same, or the deployment is gone.

        Raises:
            NotRunningError: the controller does not work.
        """
        tended = self._tended.get(deployment_id)
        if tended is None or tended.deployment.is_stopped:
            return
        before = tended.deployment.specification.version
        if before != version:
            tended.deployment.want_version(version, self._clock.now())
            self._begin_rollout(tended, tended.deployment.desired)
            self._note(facts.updated(tended.deployment, before, version))

    def remove(self, deployment_id: str) -> None:
        """Stop every replica of a deployment and forget it then."""
        tended = self._tended.get(deployment_id)
        if tended is not None:
            tended.deployment.stop()
            tended.wake.set()

    def _begin_rollout(self, tended: _Tended, replicas: int) -> None:
        deployment = tended.deployment
        deployment.want(replicas, self._clock.now())
        tended.told = RolloutState.PROGRESSING
        tended.wake.set()
        self.spawn(self._wake_at(deployment.deadline, tended))

    async def _wake_at(self, instant: float, tended: _Tended) -> None:
        """Have a deployment looked at when time itself has changed something about it; never early."""
        while (left := instant - self._clock.now()) > 0:
            await self._clock.sleep(left)
        tended.wake.set()

    async def _tend(self, tended: _Tended) -> None:
        deployment = tended.deployment
        while not (deployment.is_stopped and not deployment.replicas):
            await tended.wake.wait()
            tended.wake.clear()
            await self._converge(tended)
            self._tell(tended)
        del self._tended[deployment.id]
        self._note(facts.stopped(deployment))
        self._changed(f"deployment:{deployment.id}")

    async def _converge(self, tended: _Tended) -> None:
        deployment = tended.deployment
        lacking = missing(deployment)
        if lacking and not tended.backoff.remaining(self._clock.now()):
            await asyncio.gather(*(self._start(tended) for _ in range(lacking)))
        for replica in leaving(deployment, self._clock.now()):
            replica.change(ReplicaState.STOPPING, self._clock.now())
            self.spawn(self._runtime.stop(replica.id, STOP_TIMEOUT))

    def _tell(self, tended: _Tended) -> None:
        """Let everyone who waits look, and record what the rollout has come to."""
        deployment = tended.deployment
        status = deployment.status(self._clock.now())
        if status.state is not tended.told:
            tended.told = status.state
            if status.state is RolloutState.AVAILABLE:
                self._note(facts.ready(deployment, status))
            elif status.state is RolloutState.FAILED:
                self._note(facts.overdue(deployment, status))
        self._changed(f"deployment:{deployment.id}")

    async def _start(self, tended: _Tended) -> None:
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

    async def _watch(self, tended: _Tended, replica: Replica) -> None:
        """Ask a replica whether it is ready as long as it lives; often while it is not."""
        failures, period = 0, FIRST_PERIOD
        while replica.is_live:
            is_ready = await self._is_ready(replica.url)
            failures = 0 if is_ready else failures + 1
            if replica.is_live:
                self._judge(tended, replica, is_ready=is_ready, failures=failures)
            period = next_period(failures, period)
            await self._clock.sleep(period)

    def _judge(self, tended: _Tended, replica: Replica, *, is_ready: bool, failures: int) -> None:
        if is_ready and replica.state is not ReplicaState.READY:
            replica.change(ReplicaState.READY, self._clock.now())
            available_at = self._clock.now() + tended.deployment.specification.min_ready_seconds
            self.spawn(self._wake_at(available_at, tended))
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

    def _lose(self, tended: _Tended, replica: Replica, ended: Exit) -> None:
        is_expected = replica.state is ReplicaState.STOPPING
        replica.change(ReplicaState.EXITED, self._clock.now())
        if not is_expected:
            self._note(facts.exited(tended.deployment, ended, self._fail(tended)))
            self._unsettle(tended)
        tended.wake.set()

    def _unsettle(self, tended: _Tended) -> None:
        """Something was lost: what was available has to become so anew, and gets the time for it."""
        if tended.told is RolloutState.AVAILABLE:
            self._begin_rollout(tended, tended.deployment.desired)

    def _fail(self, tended: _Tended) -> float:
        """Count a failure; the seconds after which it is made good."""
        now = self._clock.now()
        tended.backoff.fail(now)
        self.spawn(self._wake_at(tended.backoff.not_before, tended))
        return tended.backoff.remaining(now)

    async def _close(self) -> None:
        await asyncio.gather(*(self._runtime.stop(r.replica_id, CLOSE_TIMEOUT) for r in self._runtime.list()))
        await self._runtime.aclose()
        for tended in self._tended.values():
            tended.deployment.stop()
            tended.deployment.replicas.clear()
            self._note(facts.stopped(tended.deployment))
            self._changed(f"deployment:{tended.deployment.id}")
        self._tended.clear()
