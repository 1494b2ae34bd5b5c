"""Why this exists: an event loop whose time jumps to the next thing to happen, so that tests wait for nothing.

`in_virtual_time` runs an async test on such a loop: `asyncio.sleep`, timeouts and `FakeClock` all agree on its time,
seconds pass in microseconds, and the order of what happens is the same in every run. When every task waits for
something that nothing will bring about, the test fails at once instead of hanging.
"""

import asyncio
import functools
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class DeadlockError(AssertionError):
    """Every task waits, and no timer is set that would wake one."""


class _JumpingSelector(selectors.DefaultSelector):
    """A selector that moves the loop's time forward instead of waiting for it."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """What is ready at once; when nothing is, `timeout` seconds have passed."""
        ready = super().select(0)
        if not ready and timeout is None:
            raise DeadlockError("every task waits for something that nothing will bring about")
        if not ready:
            self.now += timeout or 0.0
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop on virtual time, which starts at 0."""

    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)

    def time(self) -> float:
        """Virtual seconds."""
        return self._jumping.now


class FakeClock:
    """The `Clock` of a virtual loop; `now` is the same seconds after an arbitrary instant."""

    EPOCH = 1_800_000_000.0

    def now(self) -> float:
        """Virtual seconds since the Unix epoch."""
        return self.EPOCH + self.monotonic()

    def monotonic(self) -> float:
        """Virtual seconds."""
        return asyncio.get_running_loop().time()

    async def sleep(self, seconds: float) -> None:
        """Let virtual time pass."""
        await asyncio.sleep(seconds)


def run_virtual(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine on a virtual loop of its own. Raises DeadlockError when it can never end."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(work)


def in_virtual_time(test: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, T]:
    """Make an async test a synchronous one that runs on virtual time."""

    @functools.wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        return run_virtual(test(*args, **kwargs))

    return run
