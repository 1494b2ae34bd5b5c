"""CPU and memory of real processes while something else goes on."""

import asyncio
import os
import sys
import time

from harness.core.clock import SystemClock
from harness.load.sampling import ResourceSampler, Sample, Usage


class FakeClock(SystemClock):
    """A clock whose first sleeps pass at once, and whose next one never ends."""

    def __init__(self, sleeps: int) -> None:
        self._instant = 0.0
        self._sleeps = sleeps

    def monotonic(self) -> float:
        return self._instant

    async def sleep(self, seconds: float) -> None:
        if not self._sleeps:
            await asyncio.get_running_loop().create_future()
        self._sleeps -= 1
        self._instant += seconds


def burn(seconds: float) -> None:
    """Use CPU for that much CPU time."""
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass


async def test_a_busy_process_shows_its_cpu_and_memory() -> None:
    """CPU time spent inside the block is found, and resident memory is that of a real process."""
    async with ResourceSampler([os.getpid()]) as sampler:
        await asyncio.to_thread(burn, 0.1)
    usage = sampler.usages()[os.getpid()]
    assert usage.samples[-1].cpu_seconds >= 0.07  # the kernel counts in hundredths
    assert 0.02 < usage.cpu_share < 8
    assert usage.peak_rss > 10_000_000
    assert not usage.has_ended


async def test_it_keeps_looking_while_the_block_runs() -> None:
    """Between the first and the last look there is one for every interval."""
    async with ResourceSampler([os.getpid()], interval=0.5, clock=FakeClock(sleeps=3)) as sampler:
        await asyncio.sleep(0)
    assert [sample.at for sample in sampler.usages()[os.getpid()].samples] == [0.0, 0.5, 1.0, 1.5, 1.5]


async def test_a_process_that_ends_is_said_to_have_ended() -> None:
    """What was seen of it stays."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", "input()", stdin=asyncio.subprocess.PIPE
    )
    async with ResourceSampler([process.pid]) as sampler:
        await process.communicate(b"\n")
    usage = sampler.usages()[process.pid]
    assert usage.has_ended
    assert usage.samples


async def test_a_process_that_never_was_is_left_out() -> None:
    """An unknown pid gives no usage, and no error."""
    async with ResourceSampler([2**22 + 1]) as sampler:
        pass
    assert sampler.usages() == {}


def test_shares_and_peaks_come_from_the_samples() -> None:
    """The share is taken over the whole time between first and last look."""
    samples = (Sample(1.0, 0.5, 100), Sample(2.0, 0.9, 300), Sample(3.0, 1.5, 200))
    usage = Usage("worker", samples, has_ended=False)
    assert usage.cpu_share == 0.5
    assert usage.peak_rss == 300
