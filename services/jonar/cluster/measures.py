"""Why this exists: what pods use by the cluster's own account, from metrics.k8s.io, made into counters that only grow.

The cluster measures every ten seconds or so and tells a rate; what it has not measured yet, a replica tells itself.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jonar.clock import Clock
from jonar.cluster.api import FIGURES, NOT_FOUND, Api, ClusterError, items
from jonar.cluster.objects import DEPLOYMENT
from jonar.quantities import parse_figure
from jonar.runtime.base import Usage

PERIOD = 5.0  # seconds between two looks
_UNAVAILABLE = 503
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Figures:
    """What a pod uses now: cores, and bytes of memory."""

    cores: float
    memory: int

    @classmethod
    def of(cls, metrics: Mapping[str, Any]) -> "Figures":
        """From the API's PodMetrics."""
        used = [container["usage"] for container in metrics["containers"]]
        return cls(
            sum(parse_figure(usage["cpu"]) for usage in used),
            int(sum(parse_figure(usage["memory"]) for usage in used)),
        )


@dataclass(slots=True)
class Meter:
    """The CPU seconds that one replica has used."""

    at: float
    seconds: float = 0.0
    _told: float = 0.0

    def read(self, now: float, told: Usage, seen: Figures | None) -> Usage:
        """Advance by what was used since the last reading: by the cluster's rate, else by the replica's own account."""
        # A container that was started again counts from zero, and so does its own account.
        own = told.cpu_seconds - self._told if told.cpu_seconds >= self._told else told.cpu_seconds
        self.seconds += own if seen is None else seen.cores * (now - self.at)
        self.at, self._told = now, told.cpu_seconds
        return Usage(self.seconds, told.memory if seen is None else seen.memory)


class Measures:
    """The figures of all pods that are replicas, by their names."""

    def __init__(self, api: Api, clock: Clock) -> None:
        self._api = api
        self._clock = clock
        self._figures: dict[str, Figures] = {}
        self._meters: dict[str, Meter] = {}
        self._is_deaf = False

    async def look(self) -> None:
        """Ask the cluster; without an answer there are no figures, which old ones would only pretend to be."""
        try:
            listed = await self._api.list(FIGURES, labels=DEPLOYMENT)
        except ClusterError as error:
            self._figures = {}
            self._note_silence(error)
            return
        self._is_deaf = False
        self._figures = {metrics["metadata"]["name"]: Figures.of(metrics) for metrics in items(listed)}

    def read(self, pod: str, told: Usage) -> Usage:
        """What a replica uses, which itself has `told` that much."""
        now = self._clock.now()
        return self._meters.setdefault(pod, Meter(now)).read(now, told, self._figures.get(pod))

    def forget(self, pod: str) -> None:
        """It has ended."""
        self._meters.pop(pod, None)

    def _note_silence(self, error: ClusterError) -> None:
        if not self._is_deaf:
            hint = "; is metrics-server installed?" if error.status in (NOT_FOUND, _UNAVAILABLE) else ""
            _log.warning("replicas are measured by their own account alone: %s%s", error, hint)
        self._is_deaf = True
