"""Why this exists: what a keeper process does once it has its order: one environment, wired together and kept.

It outlives the client that started it by exactly the time teardown takes.
"""

import asyncio
import os
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module
from pathlib import Path

from harness.bootstrap.cache import cache_folder
from harness.bootstrap.keeping.kept import KeptEnvironment
from harness.bootstrap.preparation.order import Order
from harness.bootstrap.preparation.providers import Making, pick
from harness.bootstrap.reuse.sameness import Sameness
from harness.bootstrap.runs.run_folder import COVERAGE, EVENTS, KEEPER_LOG, LOGS, temporary_folder
from harness.bootstrap.seeding.templating import Templating
from harness.core.clock import SystemClock
from harness.core.errors import as_failure
from harness.core.tasks import cancel_and_wait
from harness.engine.environment import Environment
from harness.engine.opening import open_environment
from harness.engine.seeding import Seeder
from harness.engine.worlds import Worlds
from harness.events.facts import EnvironmentFailed, TemplateTaken
from harness.events.log import Emit, EventLog, fan_out
from harness.keeper import folders
from harness.keeper.server import Keeper
from harness.providers.base import Place, Provider
from harness.providers.process.forking.preloading import HeadStart

_LOOK = 5.0  # seconds between two looks for the environment's folder


def carry_out(order: Order, listener: socket.socket, head_start: HeadStart | None, began: float) -> None:
    """Make the environment findable and keep it; then do what a dead client could not.

    Args:
        order: What to run.
        listener: Where clients come to.
        head_start: What imports already, if anything does.
        began: Since when its code may have been read, in seconds of the epoch.
    """
    own_log = order.run_folder / KEEPER_LOG
    _log_to(own_log)
    templating = Templating(order, began)
    with templating.seeder() as seeder:
        folders.claim(order.runtime, _about(order))
        keeping = _Keeping(order, listener, head_start, seeder, began, templating)
        is_abandoned = asyncio.run(keeping.run())
    if is_abandoned:
        _finish_for_client(order)
    if own_log.stat().st_size == 0:
        own_log.unlink()


def _log_to(path: Path) -> None:
    """From here on what goes wrong is for the file, not for the terminal of a client that may be gone."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    os.close(descriptor)


def _about(order: Order) -> folders.About:
    return folders.About(
        environment_id=order.environment_id,
        ecosystem=order.ecosystem.name,
        provider=order.provider,
        files=tuple(str(file) for file in order.ecosystem.files),
        keeper_pid=os.getpid(),
        results=str(order.run_folder),
        is_for_tests=not order.stay.is_kept,
        context=order.context,
    )


def _finish_for_client(order: Order) -> None:
    """Remove its temporary files and write its reports."""
    shutil.rmtree(temporary_folder(order.environment_id), ignore_errors=True)
    from harness.reports import rebuild  # noqa: PLC0415 - only for a run whose client died

    rebuild(order.run_folder)


class _Keeping:
    """One environment, from its start to its end.

    Args:
        order: What to run.
        listener: Where clients come to.
        head_start: What imports already, if anything does.
        seeder: What puts data in; None for an empty environment.
        began: Since when its code may have been read, in seconds of the epoch.
        templating: What its stores begin with, or what is to be left of them.
    """

    def __init__(
        self,
        order: Order,
        listener: socket.socket,
        head_start: HeadStart | None,
        seeder: Seeder | None,
        began: float,
        templating: Templating,
    ) -> None:
        self._order = order
        self._head_start = head_start
        self._seeder = seeder
        self._templating = templating
        self._clock = SystemClock()
        self._log = EventLog(order.run_folder / EVENTS)
        self._sameness = Sameness(order, began)
        token = folders.token_of(order.runtime)
        self._keeper = Keeper(listener, self._open, token=token, stay=order.stay)

    async def run(self) -> bool:
        """Return when nobody needs the environment; True when a client died and left its work behind."""
        keeper, runtime = self._keeper, self._order.runtime
        reporting = asyncio.create_task(_load_reports(keeper.hurry), name="load reports")
        watching = asyncio.create_task(expire_when_out_of_reach(runtime, keeper), name="watch the folder")
        try:
            await keeper.run()
        finally:
            await cancel_and_wait(reporting, watching)
            await self._sameness.aclose()
            await self._templating.aclose(in_a_hurry=keeper.hurry.is_set())
            folders.remove(runtime)
            self._log.close()
        return keeper.is_abandoned

    @asynccontextmanager
    async def _open(self, tell: Emit) -> AsyncIterator[KeptEnvironment]:
        """The environment for the length of a block, as the keeper shows it; `tell` has its clients hear of it."""
        emit, hurry = fan_out(self._log, tell), self._keeper.hurry
        provider, place = self._provided(emit)
        async with open_environment(
            self._order.plan,
            self._order.ecosystem,
            provider,
            place,
            clock=self._clock,
            emit=emit,
            seeder=self._seeder,
            seed=self._order.seed,
            hurry=hurry,
        ) as environment:
            if self._order.stay.is_kept:
                self._sameness.note_after(self._keeper.handed_over)
            worlds = Worlds(environment, provider, self._clock, emit, hurry)
            async with self._leaving_template(environment, provider):
                yield KeptEnvironment(environment, self._order, self._sameness, worlds)

    @asynccontextmanager
    async def _leaving_template(self, environment: Environment, provider: Provider) -> AsyncIterator[None]:
        """The data that it begins with is copied before anybody works with it, and saved before it is torn down."""
        try:
            await self._templating.keep(environment, provider)
            yield
        finally:
            await self._templating.wait_saved(in_a_hurry=self._keeper.hurry.is_set())

    def _provided(self, emit: Emit) -> tuple[Provider, Place]:
        """What runs it, and where it will live. What its stores begin with is a fact of the start."""
        order, template = self._order, self._templating.template
        if template is not None:
            emit(TemplateTaken(at=self._clock.now(), made=template.made))
        is_copy = template is not None
        place = Place(order.environment_id, order.runtime, order.run_folder / LOGS, is_copy=is_copy)
        return self._made(place, emit), place

    def _made(self, place: Place, emit: Emit) -> Provider:
        """The provider; that it could not be made is a fact like any other failed start."""
        try:
            return pick(self._order.provider).make(self._making(place, emit))
        except Exception as error:  # noqa: BLE001 - stated, and raised on
            failure = as_failure(error)
            at, message = self._clock.now(), failure.message
            emit(EnvironmentFailed(at=at, message=message, hint=failure.hint, evidence=failure.evidence))
            raise failure from failure.__cause__

    def _making(self, place: Place, emit: Emit) -> Making:
        order = self._order
        coverage = order.run_folder / COVERAGE if order.is_measured else None
        if coverage is not None:
            coverage.mkdir(exist_ok=True)
        return Making(
            place=place,
            cache=cache_folder(),
            clock=self._clock,
            coverage=coverage,
            base_url=order.base_url,
            context=order.context,
            term=order.stay.term,
            variables=os.environ,
            attached=tuple(order.ecosystem.components[name] for name in order.attached),
            head_start=self._head_start,
            emit=emit,
            template=self._templating.template,
        )


async def expire_when_out_of_reach(runtime: Path, keeper: Keeper) -> None:
    """What cleans up temporary folders may take an environment's: nobody could ever find and end it then."""
    while os.path.exists(runtime):  # noqa: ASYNC110, ASYNC240, PTH110 - a look at memory, and nothing tells of its end
        await asyncio.sleep(_LOOK)
    keeper.expire()


async def _load_reports(hurry: asyncio.Event) -> None:
    """Import what a dead client's reports take while the teardown waits for others; it takes as long."""
    await hurry.wait()
    await asyncio.to_thread(import_module, "harness.reports")
