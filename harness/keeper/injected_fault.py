"""Why this exists: a client's side of a fault: on as long as a block lasts, and no longer than the client lives."""

import asyncio
from pathlib import Path
from types import TracebackType
from typing import Self

from harness.core.tasks import run_to_end
from harness.faults import Fault, encode
from harness.keeper.client import Lease


class InjectedFault:
    """A fault for the length of a `with` or `async with` block, on a connection of its own.

    Args:
        keeper: Where the keeper of the environment listens.
        fault: What is to go wrong.
        world: In which world of the environment; empty for the environment itself.

    Raises:
        HarnessError: on entering: this environment cannot do that. On leaving: it could not be healed, and the
            environment is broken.
    """

    def __init__(self, keeper: Path, fault: Fault, world: str = "") -> None:
        self._keeper = keeper
        self._fault = fault
        self._world = world
        self._lease: Lease | None = None
        self._number = 0

    def __enter__(self) -> Self:
        self._inject()
        return self

    def _inject(self) -> None:
        self._lease = Lease.attach(self._keeper, None, hold=False)
        try:
            if self._world:
                self._lease.enter(self._world, opens=False)
            self._number = self._lease.ask("fault", fault=encode(self._fault))
        except BaseException:
            self._lease.close()
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._lease is not None  # noqa: S101 - entered before
        with self._lease:
            self._lease.ask("heal", number=self._number)

    async def __aenter__(self) -> Self:
        try:
            await run_to_end(asyncio.to_thread(self._inject))
        except asyncio.CancelledError:
            if self._lease is not None:
                self._lease.close()  # nobody will leave the block: the end of the connection heals
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await run_to_end(asyncio.to_thread(self.__exit__, kind, error, trace))
