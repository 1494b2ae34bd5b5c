"""Why this exists: which deployments are kept, what is wanted and what is told of each, whoever keeps them."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Generic, TypeVar

from jonar import facts
from jonar.backoff import Backoff
from jonar.clock import Clock
from jonar.deployments import Deployment, Replica, RolloutState
from jonar.facts import Fact
from jonar.orchestrator import NotRunningError


@dataclass(slots=True)
class Tended:
    """A deployment and what its task needs. `told` is the state that was last told of."""

    deployment: Deployment
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    backoff: Backoff = field(default_factory=Backoff)
    told: RolloutState = RolloutState.PROGRESSING
    turns: "count[int]" = field(default_factory=count)


T = TypeVar("T", bound=Tended)


class Roster(ABC, Generic[T]):
    """What is common to all that keep deployments: one task tends each, woken when something about it has changed.

    Args:
        note: Takes facts for the record.
        changed: Takes the topic `deployment:<id>` of each deployment whose status may have changed.
        window: Seconds that rates of a replica cover.
    """

    def __init__(
        self, clock: Clock, *, note: Callable[[Fact], None], changed: Callable[[str], None], window: float
    ) -> None:
        self._clock = clock
        self._note = note
        self._changed = changed
        self._window = window
        self._tended: dict[str, T] = {}
        self._group: asyncio.TaskGroup | None = None

    @abstractmethod
    def _taken_on(self, deployment: Deployment) -> T:
        """A deployment as it is kept here."""

    @abstractmethod
    async def _tend(self, tended: T) -> None:
        """Do the next step for a deployment each time it is woken, until nothing of it is left; then forget it."""

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something in the background for as long as this works.

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
            NotRunningError: this does not work.
        """
        tended = self._taken_on(deployment)
        self.spawn(self._tend(tended))
        self._tended[deployment.id] = tended
        self._begin_rollout(tended, deployment.desired)

    def scale(self, deployment_id: str, replicas: int, reason: str) -> None:
        """Want another number of replicas. Nothing happens when it is the same, or the deployment is gone.

        Raises:
            NotRunningError: this does not work.
        """
        tended = self._tended.get(deployment_id)
        if tended is None or tended.deployment.is_stopped or tended.deployment.desired == replicas:
            return
        before = tended.deployment.desired
        self._begin_rollout(tended, replicas)
        self._note(facts.scaled(tended.deployment, before, replicas, reason))

    def update(self, deployment_id: str, version: str) -> None:
        """Want another version: its replicas come one by one, and each takes the place of an old one once it serves.

        Nothing happens when it is the same, or the deployment is gone.

        Raises:
            NotRunningError: this does not work.
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

    def _begin_rollout(self, tended: T, replicas: int) -> None:
        deployment = tended.deployment
        deployment.want(replicas, self._clock.now())
        tended.told = RolloutState.PROGRESSING
        tended.wake.set()
        self.spawn(self._wake_at(deployment.deadline, tended))

    def _unsettle(self, tended: T) -> None:
        """Something was lost: what was available has to become so anew, and gets the time for it."""
        if tended.told is RolloutState.AVAILABLE:
            self._begin_rollout(tended, tended.deployment.desired)

    async def _wake_at(self, instant: float, tended: T) -> None:
        """Have a deployment looked at when time itself has changed something about it; never early."""
        while (left := instant - self._clock.now()) > 0:
            await self._clock.sleep(left)
        tended.wake.set()

    def _wake_when_available(self, tended: T) -> None:
        """A replica has become ready; it counts once it has been so for long enough."""
        available_at = self._clock.now() + tended.deployment.specification.min_ready_seconds
        self.spawn(self._wake_at(available_at, tended))

    def _fail(self, tended: T) -> float:
        """Count a failure; the seconds after which it is made good."""
        now = self._clock.now()
        tended.backoff.fail(now)
        self.spawn(self._wake_at(tended.backoff.not_before, tended))
        return tended.backoff.remaining(now)

    def _tell(self, tended: T) -> None:
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

    def _forget(self, tended: T) -> None:
        """Nothing of it is left."""
        self._tended.pop(tended.deployment.id, None)
        self._note(facts.stopped(tended.deployment))
        self._changed(f"deployment:{tended.deployment.id}")

    def _stop_all(self) -> None:
        """Nothing of any is left: this has ended."""
        for tended in list(self._tended.values()):
            tended.deployment.stop()
            tended.deployment.replicas.clear()
            self._forget(tended)
