"""Why this exists: the narrow contract between Jonar and whatever runs replicas (processes, containers)."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Order:
    """One replica to start. `cpu` is in cores, `memory` in bytes."""

    replica_id: str
    deployment_id: str
    component: str
    version: str
    cpu: float
    memory: int


@dataclass(frozen=True, slots=True)
class Running:
    """A replica that was started and has not ended.

    Args:
        url: Where Jonar reaches it, without a trailing slash.
        pid: Its process id, where it is a process beside Jonar.
        container: Its container's id, where it has one.
        public_url: Where those reach it who reach Jonar; empty for `url`.
    """

    replica_id: str
    url: str
    pid: int | None = None
    container: str | None = None
    public_url: str = ""


@dataclass(frozen=True, slots=True)
class Usage:
    """What a replica has used since its start, in CPU seconds, and holds now, in bytes of memory."""

    cpu_seconds: float
    memory: int


@dataclass(frozen=True, slots=True)
class Exit:
    """A replica ended, asked to or not.

    Args:
        code: Negative for a signal, as in subprocess; None where nobody could see how it ended.
        reason: What else is known of why.
    """

    replica_id: str
    pid: int | None
    code: int | None
    reason: str = ""

    def __str__(self) -> str:
        if self.code is None:
            return "nobody there to see how"
        return f"signal {-self.code}" if self.code < 0 else f"exit code {self.code}"


class ReplicaStartError(Exception):
    """A replica could not even be started; the message says what was tried and what was seen."""


class Runtime(Protocol):
    """Starts, stops and measures replicas. It decides nothing: how many there should be is Jonar's business."""

    async def warm(self) -> None:
        """Do ahead of time what makes the first start slow."""
        ...

    async def start(self, order: Order) -> Running:
        """Start a replica; returns as soon as it runs, ready or not.

        Raises:
            ReplicaStartError: it could not be started, and nothing of it is left.
        """
        ...

    async def stop(self, replica_id: str, timeout: float) -> None:
        """End a replica: politely, then after `timeout` seconds by force. Returns when it is gone. Idempotent."""
        ...

    def list(self) -> Sequence[Running]:
        """Every replica that was started and has not ended."""
        ...

    async def measure(self, replica_id: str) -> Usage | None:
        """What a replica uses; None when it has ended or cannot be measured."""
        ...

    def exits(self) -> AsyncIterator[Exit]:
        """Every end of a replica, once each, as it happens; for one reader."""
        ...

    async def aclose(self) -> None:
        """End what is left by force, and everything that helped to run it. Idempotent."""
        ...
