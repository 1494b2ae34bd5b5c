"""Why this exists: the SDK blocks, the harness does not: calls run in threads, and none is ever lost.

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

from harness.providers.docker.failures import engine_lost, is_loss, is_refusal, refused, told_by

P = ParamSpec("P")
T = TypeVar("T")
_AT_ONCE = 16  # the engine serialises most of it anyway
_UNKNOWN = "the engine's own log says more"


class Calls:
    """Runs calls to the engine. What the SDK raises, and the call itself has no words for, is told in ours."""

    def __init__(self) -> None:
        self._executor = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="engine call")
        self._running = set[asyncio.Future[object]]()

    async def __call__(self, function: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
        """The result of `function`, which runs to its end even when the waiter is cancelled."""
        loop = asyncio.get_running_loop()
        call = loop.run_in_executor(self._executor, lambda: _answered(function, *args, **named))
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
                value = _answered(function, *args, **named)
            except BaseException as error:  # noqa: BLE001 - the waiter raises it
                settle = partial(_fail, result, error)
            else:
                settle = partial(_succeed, result, value)
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(settle)

        threading.Thread(target=work, name="engine call aside", daemon=True).start()
        return await result

    async def settle(self) -> None:
        """Wait for every call that still runs."""
        while self._running:
            await asyncio.wait(set(self._running))

    def close(self) -> None:
        """No calls any more. Idempotent."""
        self._executor.shutdown(wait=False)


def _answered(function: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
    """The result of a call.

    Raises:
        EnvironmentFailedError: the engine gave none, or refuses.
    """
    try:
        return function(*args, **named)
    except OSError as error:  # as all errors on the way to an engine are
        if is_loss(error):
            raise engine_lost(told_by(error)) from error
        if is_refusal(error):
            raise refused("the container engine refuses", error, _UNKNOWN, evidence=[str(error)]) from error
        raise


def _succeed(result: asyncio.Future[T], value: T) -> None:
    if not result.done():
        result.set_result(value)


def _fail(result: asyncio.Future[T], error: BaseException) -> None:
    if not result.done():
        result.set_exception(error)


async def _settled(call: asyncio.Future[T]) -> None:
    await asyncio.gather(call, return_exceptions=True)
