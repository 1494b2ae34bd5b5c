"""Why this exists: how much CPU and memory the processes under test use while they are loaded."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import psutil

from harness.core.clock import Clock, SystemClock


@dataclass(frozen=True, slots=True)
class Sample:
    """One look at one process.

    Args:
        at: Seconds since the sampler was entered.
        cpu_seconds: CPU time, user and system, since the sampler was entered.
        rss: Resident memory in bytes.
    """

    at: float
    cpu_seconds: float
    rss: int


@dataclass(frozen=True, slots=True)
class Usage:
    """What one process used.

    Args:
        name: The process's name.
        samples: Every look, oldest first; at least one.
        has_ended: Whether the process was gone before the sampler was left.
    """

    name: str
    samples: tuple[Sample, ...]
    has_ended: bool

    @property
    def cpu_share(self) -> float:
        """CPU time over elapsed time between first and last look; 1.0 is one whole core."""
        first, last = self.samples[0], self.samples[-1]
        elapsed = last.at - first.at
        return (last.cpu_seconds - first.cpu_seconds) / elapsed if elapsed else 0.0

    @property
    def peak_rss(self) -> int:
        """The most resident memory seen, in bytes."""
        return max(sample.rss for sample in self.samples)


class ResourceSampler:
    """Looks at processes while its `async with` block runs; `usages` afterwards.

    Args:
        pids: The processes; those that do not exist (any more) are left out.
        interval: Seconds between looks. CPU shares are exact whatever it is; only peaks depend on it.
        clock: Where time comes from.
    """

    def __init__(self, pids: Iterable[int], interval: float = 0.25, clock: Clock | None = None) -> None:
        self._processes = [_Watched(pid) for pid in dict.fromkeys(pids)]
        self._interval = interval
        self._clock = clock or SystemClock()
        self._began = 0.0
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Take the first sample and go on in the background."""
        self._began = self._clock.monotonic()
        self._look()
        self._task = asyncio.get_running_loop().create_task(self._keep_looking())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take the last sample."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        self._look()

    def usages(self) -> Mapping[int, Usage]:
        """What each process used, by pid."""
        return {process.pid: process.usage() for process in self._processes if process.samples}

    async def _keep_looking(self) -> None:
        while True:
            await self._clock.sleep(self._interval)
            self._look()

    def _look(self) -> None:
        at = self._clock.monotonic() - self._began
        for process in self._processes:
            process.look(at)


class _Watched:
    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.samples: list[Sample] = []
        self._name = ""
        self._process: psutil.Process | None = None
        self._cpu_before = 0.0
        self._has_ended = False

    def look(self, at: float) -> None:
        """Add one sample, unless the process has ended."""
        if self._has_ended:
            return
        try:
            self._sample(at)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            self._has_ended = True

    def usage(self) -> Usage:
        return Usage(self._name, tuple(self.samples), self._has_ended)

    def _sample(self, at: float) -> None:
        if self._process is None:
            self._process = psutil.Process(self.pid)
            self._name = self._process.name()
            self._cpu_before = _cpu_seconds(self._process)
        cpu = _cpu_seconds(self._process) - self._cpu_before
        self.samples.append(Sample(at, cpu, self._process.memory_info().rss))


def _cpu_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system
