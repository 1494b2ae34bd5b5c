"""Why this exists: a world lives from the first client that works in it to the last one that leaves."""

import asyncio
from collections.abc import Iterable
from contextlib import AbstractAsyncContextManager

from harness.core.errors import HarnessError, UsageError, as_failure
from harness.core.tasks import run_to_end
from harness.keeper.faults import Owner
from harness.keeper.serving import Kept, Serving, ending_now


class _World:
    """One world that is open, or about to be. `ended` is done when nothing of it is there any more.

    Args:
        opening: Opens it on entering, and tears it down on leaving.
        before: One of the same name that may still be ending.
    """

    def __init__(self, opening: AbstractAsyncContextManager[Kept], before: "_World | None") -> None:
        self.clients: set[Owner] = set()
        self.is_kept = False
        self._closing = asyncio.Event()
        self._opened: asyncio.Future[Serving] = asyncio.get_running_loop().create_future()
        self.ended = asyncio.create_task(self._live(opening, before), name="world")

    @property
    def serving(self) -> Serving | None:
        """What serves its clients; None as long as it is not open, or when that failed."""
        is_open = self._opened.done() and self._opened.exception() is None
        return self._opened.result() if is_open else None

    async def opened(self) -> Serving:
        """Wait until it is open. Raises HarnessError: it did not come up."""
        return await asyncio.shield(self._opened)

    async def wait_ended(self) -> None:
        """Return when nothing of it is there any more."""
        await asyncio.wait({self.ended})

    def close(self) -> None:
        """Tear it down, or stop opening it."""
        self._closing.set()
        if not self._opened.done():
            self.ended.cancel()

    async def _live(self, opening: AbstractAsyncContextManager[Kept], before: "_World | None") -> None:
        try:
            if before is not None:
                await run_to_end(before.wait_ended())
            await self._hold_open(opening)
        except asyncio.CancelledError:
            self._fail(ending_now())
        except Exception as error:  # noqa: BLE001 - told to who wants to enter; of a teardown, facts tell what is left
            self._fail(as_failure(error))

    async def _hold_open(self, opening: AbstractAsyncContextManager[Kept]) -> None:
        async with opening as kept:
            serving = Serving(kept)
            self._opened.set_result(serving)
            await self._closing.wait()
            await serving.end()

    def _fail(self, failure: HarnessError) -> None:
        if not self._opened.done():
            self._opened.set_exception(failure)
            self._opened.exception()  # seen: whoever enters later still gets it raised


class Worlds:
    """Who works in which world."""

    def __init__(self) -> None:
        self._worlds: dict[str, _World] = {}
        self._ending: dict[str, _World] = {}
        self._entered: dict[Owner, _World] = {}
        self._is_over = False

    def begin(self, kept: Kept, name: str, client: Owner) -> None:
        """Open a world, unless it is open, and let it be there for as long as this client is.

        Args:
            kept: What it is a world of.
            name: Its name.
            client: Who wants it.

        Raises:
            EnvironmentFailedError: it is being torn down.
        """
        if self._is_over:
            raise ending_now()
        if name not in self._worlds:
            self._worlds[name] = _World(kept.open_world(name), self._ending.pop(name, None))
        self._worlds[name].clients.add(client)

    async def wait_opened(self, names: Iterable[str]) -> None:
        """Return when these are open. Raises HarnessError: one did not come up."""
        await asyncio.gather(*(self._worlds[name].opened() for name in names))

    async def enter(self, kept: Kept, name: str, client: Owner) -> Serving:
        """What this client asks is done in that world from now on; it is opened if nobody is there.

        Raises:
            HarnessError: it did not come up.
        """
        self.begin(kept, name, client)
        world = self._worlds[name]
        serving = await world.opened()
        self._entered[client] = world
        if client.is_closing():  # it has left meanwhile
            self.leave(client)
        return serving

    def serving(self, client: Owner) -> Serving | None:
        """The world that a client has entered; None for one that works in the environment itself."""
        world = self._entered.get(client)
        return world.serving if world is not None else None

    def keep(self, client: Owner) -> None:
        """The world that a client has entered stays until the environment ends."""
        if client in self._entered:
            self._entered[client].is_kept = True

    def end_unused(self, names: Iterable[str]) -> None:
        """Worlds that were kept for a look go when their names are wanted again: their code and state are of then."""
        for name in names:
            if name in self._worlds and not self._worlds[name].clients:
                self._close(name)

    def require(self, name: str) -> None:
        """Raises UsageError when no such world is open."""
        if name not in self._worlds:
            known = ", ".join(sorted(self._worlds)) or "none"
            raise UsageError(f"the environment has no world {name!r} now", hint=f"there are: {known}")

    def leave(self, client: Owner) -> None:
        """A client has gone; so do the worlds that were only there for it."""
        self._entered.pop(client, None)
        for name, world in tuple(self._worlds.items()):
            world.clients.discard(client)
            if not world.clients and not world.is_kept:
                self._close(name)

    async def aclose(self) -> None:
        """Return when nothing is left of any world; none is opened any more."""
        self._is_over = True
        for name in tuple(self._worlds):
            self._close(name)
        if ending := [world.ended for world in self._ending.values()]:
            await asyncio.wait(ending)

    def _close(self, name: str) -> None:
        world = self._ending[name] = self._worlds.pop(name)
        world.close()
