"""Why this exists: what a keeper process does once it has its order: one environment, wired together and kept.

It outlives the client that started it by exactly the time teardown takes.
"""

import asyncio
import os
import shutil
import socket
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from harness.bootstrap.cache import cache_folder
from harness.bootstrap.order import Order
from harness.bootstrap.providers import Making, pick
from harness.bootstrap.runs import COVERAGE, EVENTS, KEEPER_LOG, LOGS, temporary_folder
from harness.bootstrap.sameness import Sameness
from harness.bootstrap.templates import Template
from harness.bootstrap.templating import Templating
from harness.core.clock import SystemClock
from harness.core.errors import HarnessError, UsageError, as_failure
from harness.core.tasks import cancel_and_wait
from harness.engine.environment import Environment
from harness.engine.opening import open_environment
from harness.engine.seeding import Seeder
from harness.engine.worlds import Worlds
from harness.events.facts import EnvironmentFailed, TemplateTaken
from harness.events.log import Emit, EventLog, fan_out
from harness.faults import decode
from harness.keeper import folders
from harness.keeper.description import EnvironmentDescription
from harness.keeper.server import Keeper
from harness.providers.base import Place, Provider
from harness.providers.process.preloading import HeadStart
from harness.readiness.protocols import store_url
from harness.spec.model import Ecosystem

_LOOK = 5.0  # seconds between two looks for the environment's folder


class _KeptEnvironment:
    """The engine's environment as its keeper shows it."""

    def __init__(
        self, environment: Environment, order: Order, sameness: Sameness, worlds: Worlds | None = None
    ) -> None:
        self._environment = environment
        self._order = order
        self._sameness = sameness
        self._worlds = worlds

    def describe(self) -> EnvironmentDescription:
        """What clients may know."""
        environment, order = self._environment, self._order
        return EnvironmentDescription(
            environment_id=order.environment_id,
            ecosystem=order.ecosystem.name,
            provider=order.provider,
            seed=order.seed,
            variables=environment.variables,
            endpoints=environment.endpoints,
            results=str(order.run_folder),
            world=environment.place.world,
            isolation=environment.state.isolation.value,
            stores=dict(self._stores()),
        )

    def _stores(self) -> Iterator[tuple[str, str]]:
        for name, (endpoint, *_) in (
            (name, ends) for name, ends in self._environment.endpoints.items() if ends
        ):
            component = self._environment.plan.step(name).component
            if url := store_url(component, endpoint, self._environment.environment_of(name)):
                yield name, url

    @property
    def broken(self) -> HarnessError | None:
        """Why it no longer works."""
        return self._environment.broken

    async def restart(self, component: str, environment: Mapping[str, str]) -> None:
        """Stop a component and start it again."""
        await self._environment.restart(component, environment)

    async def compare(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        """Whether it is what would be started now."""
        return await self._sameness.compare(asked, self._environment.overlaid)

    async def renew(self, components: Sequence[str]) -> None:
        """Start components anew, from their code as it is now."""
        code = await self._sameness.look()
        code.require_readable(components)
        await self._environment.renew(components)
        self._sameness.take_over(code, components)

    async def snapshot(self, name: str) -> None:
        """Keep the state of its stores as it is now."""
        await self._environment.state.snapshot(name)

    async def keep_seeded(self) -> None:
        """Take the state of its stores as it is now for the seeded one."""
        self._sameness.has_grown()
        await self._environment.state.keep_seeded()

    async def reset(self, snapshot: str, *, is_proved: bool) -> Mapping[str, tuple[str, ...]]:
        """Put back what differs from a snapshot."""
        return await self._environment.state.reset(snapshot, is_proved=is_proved)

    async def prepare_worlds(self) -> None:
        """Copy the seeded state for the worlds to come."""
        await self._beside().prepare()

    @asynccontextmanager
    async def open_world(self, name: str) -> "AsyncIterator[_KeptEnvironment]":
        """A world for the length of a block."""
        async with self._beside().open(name) as world:
            yield _KeptEnvironment(world, self._order, self._sameness)

    def _beside(self) -> Worlds:
        if self._worlds is None:
            raise UsageError("a world has no worlds of its own")
        return self._worlds

    async def inject(self, form: Mapping[str, Any]) -> int:
        """Make something go wrong; gives the number to heal it by."""
        return await self._environment.faults.inject(decode(form))

    async def heal(self, number: int, reason: str) -> None:
        """Undo a fault."""
        await self._environment.faults.heal(number, reason)


def _provider(
    order: Order, emit: Emit, head_start: HeadStart | None, template: Template | None
) -> tuple[Provider, Place]:
    coverage = order.run_folder / COVERAGE
    if order.is_measured:
        coverage.mkdir(exist_ok=True)
    logs = order.run_folder / LOGS
    place = Place(order.environment_id, order.runtime, logs, is_copy=template is not None)
    making = Making(
        place=place,
        cache=cache_folder(),
        clock=SystemClock(),
        coverage=coverage if order.is_measured else None,
        base_url=order.base_url,
        variables=os.environ,
        attached=tuple(order.ecosystem.components[name] for name in order.attached),
        head_start=head_start,
        emit=emit,
        template=template,
    )
    return pick(order.provider).make(making), place


def _made(
    order: Order, emit: Emit, head_start: HeadStart | None, template: Template | None
) -> tuple[Provider, Place]:
    """The provider; that it could not be made is a fact like any other failed start."""
    try:
        return _provider(order, emit, head_start, template)
    except Exception as error:  # noqa: BLE001 - stated, and raised on
        failure = as_failure(error)
        at = SystemClock().now()
        emit(EnvironmentFailed(at=at, message=failure.message, hint=failure.hint, evidence=failure.evidence))
        raise failure from failure.__cause__


async def keep(
    order: Order,
    listener: socket.socket,
    head_start: HeadStart | None = None,
    seeder: Seeder | None = None,
    began: float | None = None,
    templating: Templating | None = None,
) -> bool:
    """Run the environment until nobody needs it; True when a client died and left its work behind.

    Args:
        order: What to run.
        listener: Where clients come to.
        head_start: What imports already, if anything does.
        seeder: What puts data in; None for an empty environment.
        began: Since when its code may have been read, in seconds of the epoch; None for now.
        templating: What its stores begin with, or what is to be left of them; None for neither.
    """
    log = EventLog(order.run_folder / EVENTS)
    sameness = Sameness(order, time.time() if began is None else began)

    @asynccontextmanager
    async def open_kept(tell: Emit) -> AsyncIterator[_KeptEnvironment]:
        emit = fan_out(log, tell)
        template = templating.template if templating else None
        if template is not None:
            emit(TemplateTaken(at=SystemClock().now(), made=template.made))
        provider, place = _made(order, emit, head_start, template)
        async with open_environment(
            order.plan,
            order.ecosystem,
            provider,
            place,
            clock=SystemClock(),
            emit=emit,
            seeder=seeder,
            seed=order.seed,
            hurry=keeper.hurry,
        ) as environment:
            if order.stay.is_kept:
                sameness.note_after(keeper.handed_over)
            worlds = Worlds(environment, provider, SystemClock(), emit, keeper.hurry)
            try:
                if templating is not None:
                    await templating.keep(environment, provider)
                yield _KeptEnvironment(environment, order, sameness, worlds)
            finally:
                if templating is not None:
                    await templating.wait_saved(in_a_hurry=keeper.hurry.is_set())

    keeper = Keeper(listener, open_kept, token=folders.token_of(order.runtime), stay=order.stay)
    reporting = asyncio.create_task(_load_reports(keeper.hurry), name="load reports")
    watching = asyncio.create_task(expire_when_out_of_reach(order.runtime, keeper), name="watch the folder")
    try:
        await keeper.run()
    finally:
        await cancel_and_wait(reporting, watching)
        await sameness.aclose()
        if templating is not None:
            await templating.aclose(in_a_hurry=keeper.hurry.is_set())
        folders.remove(order.runtime)
        log.close()
    return keeper.is_abandoned


async def expire_when_out_of_reach(runtime: Path, keeper: Keeper) -> None:
    """What cleans up temporary folders may take an environment's: nobody could ever find and end it then."""
    while os.path.exists(runtime):  # noqa: ASYNC110, ASYNC240, PTH110 - a look at memory, and nothing tells of its end
        await asyncio.sleep(_LOOK)
    keeper.expire()


async def _load_reports(hurry: asyncio.Event) -> None:
    """Import what `carry_out` will need for a dead client while the teardown waits for others; it takes as long."""
    await hurry.wait()
    await asyncio.to_thread(import_module, "harness.reports")


def carry_out(
    order: Order, listener: socket.socket, head_start: HeadStart | None, began: float | None = None
) -> None:
    """Make the environment findable and keep it; then do what a dead client could not."""
    own_log = order.run_folder / KEEPER_LOG
    _log_to(own_log)
    began = time.time() if began is None else began
    templating = Templating(order, began)
    with templating.seeder() as seeder:
        folders.claim(order.runtime, _about(order, order.ecosystem))
        is_abandoned = asyncio.run(keep(order, listener, head_start, seeder, began, templating))
    if is_abandoned:
        shutil.rmtree(temporary_folder(order.environment_id), ignore_errors=True)
        from harness.reports import rebuild  # noqa: PLC0415 - only for a run whose client died

        rebuild(order.run_folder)
    if own_log.stat().st_size == 0:
        own_log.unlink()


def _log_to(path: Path) -> None:
    """From here on what goes wrong is for the file, not for the terminal of a client that may be gone."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    os.close(descriptor)


def _about(order: Order, ecosystem: Ecosystem) -> folders.About:
    return folders.About(
        environment_id=order.environment_id,
        ecosystem=ecosystem.name,
        provider=order.provider,
        files=tuple(str(file) for file in ecosystem.files),
        keeper_pid=os.getpid(),
        results=str(order.run_folder),
        is_for_tests=not order.stay.is_kept,
    )
