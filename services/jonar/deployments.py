"""Why this exists: what a deployment wants, the life of its replicas, and how far its rollout is.

Pure: instants are seconds on one monotonic clock and come from the caller.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from jonar.autoscaling import Policy
from jonar.metrics import Window
from jonar.runtime.base import Running


class ReplicaState(StrEnum):
    """A replica's life; `_NEXT` holds the transitions."""

    STARTING = "starting"  # it runs; its readiness check has not answered yet
    READY = "ready"
    UNREADY = "unready"  # was ready; its readiness check fails
    STOPPING = "stopping"  # asked to end
    EXITED = "exited"


_NEXT: dict[ReplicaState, frozenset[ReplicaState]] = {
    ReplicaState.STARTING: frozenset({ReplicaState.READY, ReplicaState.STOPPING, ReplicaState.EXITED}),
    ReplicaState.READY: frozenset({ReplicaState.UNREADY, ReplicaState.STOPPING, ReplicaState.EXITED}),
    ReplicaState.UNREADY: frozenset({ReplicaState.READY, ReplicaState.STOPPING, ReplicaState.EXITED}),
    ReplicaState.STOPPING: frozenset({ReplicaState.EXITED}),
    ReplicaState.EXITED: frozenset(),
}


class IllegalTransitionError(Exception):
    """A replica was asked to skip a stage of its life: a fault of this program."""


@dataclass(slots=True)
class Replica:
    """One running copy of a component.

    Args:
        id: Its name, `rep_…`.
        started_at: When it was started; the younger of two goes first when there are too many.
        window: Its latest samples.
        url: Where it answers, without a trailing slash; empty until the runtime has told.
        pid: Its process id; None until told, and where it is no process beside Jonar.
        container: Its container's id; None until told, and where it has none.
        public_url: Where others reach it, as they reach Jonar; empty where only Jonar does, which then passes on.
        version: Of the component, as it was asked for when this replica was started.
        pod: Its pod's name; None where it has none.
    """

    id: str
    started_at: float
    window: Window
    url: str = ""
    pid: int | None = None
    container: str | None = None
    public_url: str = ""
    version: str = ""
    pod: str | None = None
    state: ReplicaState = ReplicaState.STARTING
    ready_since: float | None = None

    @property
    def is_live(self) -> bool:
        """Whether it counts towards what is wanted."""
        return self.state not in (ReplicaState.STOPPING, ReplicaState.EXITED)

    def settle_at(self, running: Running) -> None:
        """Note where it runs, as the runtime has told."""
        self.url, self.pid, self.container = running.url, running.pid, running.container
        self.public_url = running.public_url or running.url

    def change(self, new: ReplicaState, now: float) -> None:
        """Go to the next state.

        Raises:
            IllegalTransitionError: the life of a replica has no such step.
        """
        if new not in _NEXT[self.state]:
            raise IllegalTransitionError(f"replica {self.id} cannot go from {self.state} to {new}")
        self.state = new
        self.ready_since = now if new is ReplicaState.READY else None

    def is_available(self, now: float, min_ready_seconds: float) -> bool:
        """Whether it has been ready for long enough to be counted on."""
        return self.ready_since is not None and now >= self.ready_since + min_ready_seconds


@dataclass(frozen=True, slots=True)
class Specification:
    """What was asked for.

    Args:
        component: A name of the catalogue.
        version: The version asked for; a runtime with images runs it, the process runtime runs what is installed.
        cpu: Requested cores per replica; utilisation is measured against it.
        memory: Requested bytes per replica.
        min_ready_seconds: A replica is available once it has been ready for so long.
        progress_deadline: Seconds within which a rollout has to settle, else it counts as failed.
        policy: What the autoscaler may do.
    """

    component: str
    version: str
    cpu: float
    memory: int
    min_ready_seconds: float
    progress_deadline: float
    policy: Policy


class RolloutState(StrEnum):
    """How far the replicas are from what is wanted."""

    PROGRESSING = "progressing"
    AVAILABLE = "available"  # every wanted replica is available and of the wanted version, none is too many
    FAILED = "failed"  # not available within the progress deadline; Jonar keeps trying
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Status:
    """One look at a rollout. `replicas` counts live ones in any state."""

    state: RolloutState
    desired: int
    replicas: int
    ready_replicas: int
    available_replicas: int

    @property
    def is_settled(self) -> bool:
        """Whether waiting for this rollout is over, for better or worse."""
        return self.state is not RolloutState.PROGRESSING


@dataclass(slots=True)
class Deployment:
    """A deployment at work: its wish and its replicas.

    `deadline` is the instant by which it has to settle, `cluster_url` its address for who is in the same cluster.
    `may_have_more` says that there may be replicas that are not known yet: somebody else starts them.
    """

    id: str
    specification: Specification
    desired: int
    deadline: float = math.inf
    replicas: dict[str, Replica] = field(default_factory=dict)
    is_stopped: bool = False
    cluster_url: str | None = None
    may_have_more: bool = False

    @property
    def live(self) -> list[Replica]:
        """The replicas that count, oldest first."""
        return [replica for replica in self.replicas.values() if replica.is_live]

    @property
    def ready(self) -> list[Replica]:
        """The replicas that take requests, oldest first."""
        return [replica for replica in self.replicas.values() if replica.state is ReplicaState.READY]

    def want(self, replicas: int, now: float) -> None:
        """Change how many replicas there should be; a new rollout begins."""
        self.desired = replicas
        self.deadline = now + self.specification.progress_deadline

    def want_version(self, version: str, now: float) -> None:
        """Change which version there should be; a new rollout begins."""
        self.specification = replace(self.specification, version=version)
        self.deadline = now + self.specification.progress_deadline

    @property
    def outdated(self) -> list[Replica]:
        """The replicas that count and are of another version than the one wanted, oldest first."""
        return [replica for replica in self.live if replica.version != self.specification.version]

    def stop(self) -> None:
        """Want nothing any more, for good."""
        self.desired = 0
        self.is_stopped = True

    def status(self, now: float) -> Status:
        """How far it is."""
        live = self.live
        available = _available(live, now, self.specification.min_ready_seconds)
        return Status(
            state=self._state(len(live), available, now),
            desired=self.desired,
            replicas=len(live),
            ready_replicas=len(self.ready),
            available_replicas=available,
        )

    def _state(self, live: int, available: int, now: float) -> RolloutState:
        if self.is_stopped:
            is_over = not self.replicas and not self.may_have_more
            return RolloutState.STOPPED if is_over else RolloutState.PROGRESSING
        if live == available == self.desired and not self.outdated:
            return RolloutState.AVAILABLE
        return RolloutState.FAILED if now >= self.deadline else RolloutState.PROGRESSING


def _available(replicas: Iterable[Replica], now: float, min_ready_seconds: float) -> int:
    return sum(replica.is_available(now, min_ready_seconds) for replica in replicas)


def missing(deployment: Deployment) -> int:
    """How many replicas to start. While old versions are replaced there is one more than wanted, so that none lacks."""
    live, outdated = len(deployment.live), len(deployment.outdated)
    if deployment.is_stopped or not outdated:
        return max(0, deployment.desired - live)
    return max(0, min(deployment.desired - (live - outdated), deployment.desired + 1 - live))


def leaving(deployment: Deployment, now: float) -> list[Replica]:
    """Which replicas to stop: those too many; and of old versions, as many as there are available ones to spare."""
    live, desired = deployment.live, deployment.desired
    outdated = [] if deployment.is_stopped else deployment.outdated
    if not outdated:
        return surplus(live, desired)
    least = deployment.specification.min_ready_seconds
    spare = max(0, _available(live, now, least) - desired)
    serving = [replica for replica in outdated if replica.is_available(now, least)]
    idle = [replica for replica in outdated if not replica.is_available(now, least)]
    current = [replica for replica in live if replica not in outdated]
    return idle + serving[:spare] + surplus(current, desired)


def surplus(replicas: Sequence[Replica], desired: int) -> list[Replica]:
    """Which replicas to stop: those that take no requests first, then the youngest."""
    too_many = max(0, len(replicas) - desired)
    by_worth = sorted(
        replicas, key=lambda replica: (replica.state is ReplicaState.READY, -replica.started_at)
    )
    return by_worth[:too_many]
