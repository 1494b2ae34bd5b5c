"""Why this exists: client libraries block, the harness does not: calls run in threads, and none is ever lost.

A call whose waiter was cancelled goes on in its thread; whoever removes what calls have made waits for all first.
Images are the exception: making one may take minutes, cannot be called off, and leaves nothing of an environment.
"""

import asyncio
import contextlib
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

from harness.core.errors import HarnessError

P = ParamSpec("P")
T = TypeVar("T")
Explain = Callable[[Exception], HarnessError | None]
_AT_ONCE = 16  # servers serialise most of it anyway


class Calls:
    """Runs calls. What the library raises, and the call itself has no words for, is told in ours.

    Args:
        explain: Our words for an error of the library; None for any other, which is raised as it is.
    """

    def __init__(self, explain: Explain) -> None:
        self._explain = explain
        self._executor = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="blocking call")
        self._running = set[asyncio.Future[object]]()

    async def __call__(self, function: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
        """The result of `function`, which runs to its end even when the waiter is cancelled."""
        loop = asyncio.get_running_loop()
        call = loop.run_in_executor(self._executor, lambda: self._answered(function, *args, **named))
        kept: asyncio.Future[object] = asyncio.ensure_future(_settled(call))
        self._running.add(kept)
        kept.add_done_callback(self._running.discard)
        return await asyncio.shield(call)

    async def aside(self, function: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
        """The result of `function`, for which nobody waits any more once the waiter is cancelled."""
        loop = asyncio.get_running_loop()
        result: asyncio.Future[T] = loop.create_future()

        def work() -> None:
            try:
                value = self._answered(function, *args, **named)
            except BaseException as error:  # noqa: BLE001 - the waiter raises it
                settle = partial(_fail, result, error)
            else:
                settle = partial(_succeed, result, value)
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(settle)

        threading.Thread(target=work, name="blocking call aside", daemon=True).start()
        return await result

    async def settle(self) -> None:
        """Wait for every call that still runs."""
        while self._running:
            await asyncio.wait(set(self._running))

    def close(self) -> None:
        """No calls any more. Idempotent."""
        self._executor.shutdown(wait=False)

    def _answered(self, function: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
        try:
            return function(*args, **named)
        except Exception as error:
            told = self._explain(error)
            if told is None:
                raise
            raise told from error


def _succeed(result: asyncio.Future[T], value: T) -> None:
    if not result.done():
        result.set_result(value)


def _fail(result: asyncio.Future[T], error: BaseException) -> None:
    if not result.done():
        result.set_exception(error)


async def _settled(call: asyncio.Future[T]) -> None:
    await asyncio.gather(call, return_exceptions=True)
