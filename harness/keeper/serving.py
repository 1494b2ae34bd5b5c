"""Why this exists: what clients ask of an environment, or of a world of it, is done one by one, until its end."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from functools import partial
from pathlib import Path
from typing import Any, Protocol, TypeVar

from harness.core.errors import EnvironmentFailedError, HarnessError, UsageError
from harness.core.tasks import cancel_and_wait
from harness.keeper.description import EnvironmentDescription
from harness.keeper.executing import Client, asked, ended_within, streams_to
from harness.keeper.faults import Faulty, OwnedFaults, Owner
from harness.keeper.looks import Looks
from harness.keeper.protocol import error_form
from harness.providers.base import Streams

T = TypeVar("T")


class Inside(Protocol):
    """The components of an environment, from within."""

    async def execute(self, component: str, argv: Sequence[str], streams: Streams) -> int:
        """Run a command where a component runs; gives its exit code."""
        ...

    async def copy_out(self, component: str, path: str, target: Path) -> None:
        """Copy a file or folder of a component to this machine."""
        ...

    async def copy_in(self, component: str, source: Path, path: str) -> None:
        """Copy a file or folder of this machine into a component."""
        ...


class Kept(Faulty, Protocol):
    """The environment, or a world of it, as far as a keeper is concerned."""

    def describe(self) -> EnvironmentDescription:
        """What clients may know."""
        ...

    @property
    def broken(self) -> HarnessError | None:
        """Why it no longer works; None while it does."""
        ...

    async def restart(self, component: str, environment: Mapping[str, str]) -> None:
        """Stop a component and start it with `environment` laid over its own variables; returns when ready."""
        ...

    async def compare(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        """Whether it is what would be started now."""
        ...

    async def renew(self, components: Sequence[str]) -> None:
        """Stop components and start them from their code as it is now; returns when they are ready."""
        ...

    @property
    def inside(self) -> Inside:
        """Its components, from within."""
        ...

    async def snapshot(self, name: str) -> None:
        """Keep the state of its stores as it is now, under that name."""
        ...

    async def keep_seeded(self) -> None:
        """Take the state of its stores as it is now for the seeded one."""
        ...

    async def reset(self, snapshot: str, *, is_proved: bool) -> Mapping[str, tuple[str, ...]]:
        """Put back what differs from a snapshot, compare all of it if that is wanted; what it was, by component."""
        ...

    async def prepare_worlds(self) -> None:
        """Copy the seeded state for the worlds to come."""
        ...

    def open_world(self, name: str) -> "AbstractAsyncContextManager[Kept]":
        """A world of it, torn down at the end of a block."""
        ...


class Serving:
    """One environment or world under the commands of its clients."""

    def __init__(self, kept: Kept) -> None:
        self.kept = kept
        self._is_ending = False
        self._changes: set[asyncio.Task[Any]] = set()
        self._looks = Looks()
        self._changing = asyncio.Lock()  # one change at a time: two of one component would meet halfway
        self._faults = OwnedFaults()

    async def do(self, command: object, message: Mapping[str, Any], client: Client) -> object:
        """What a client asks for; the answer's value.

        Raises:
            HarnessError: it cannot be done, or not any more.
        """
        commands: dict[str, Callable[[Mapping[str, Any]], Awaitable[object]]] = {
            "describe": self._describe,
            "broken": self._broken,
            "restart": self._restart,
            "compare": self._compare,
            "renew": self._renew,
            "snapshot": self._snapshot,
            "keep_seeded": self._keep_seeded,
            "reset": self._reset,
            "execute": partial(self._execute, client),
            "copy_out": partial(self._copy_out, client),
            "copy_in": partial(self._copy_in, client),
            "fault": partial(self._inject, client),
            "heal": partial(self._heal, client),
        }
        if not isinstance(command, str) or command not in commands:
            raise UsageError(f"the keeper knows no command {command!r}")
        return await commands[command](message)

    async def change(self, work: Callable[[], Awaitable[T]]) -> T:
        """Do something to components when nobody else does; the end breaks it off.

        Raises:
            EnvironmentFailedError: it is being torn down.
        """
        change = asyncio.ensure_future(self._change_alone(work))
        self._changes.add(change)
        change.add_done_callback(self._changes.discard)
        return await change

    def has_faults_of(self, client: Owner) -> bool:
        """Whether a client has something to be healed when it leaves."""
        return self._faults.owns_any(client)

    async def heal_left(self, client: Owner) -> None:
        """Undo what a client has left behind. What cannot be undone breaks the environment, and is told by that."""
        with contextlib.suppress(HarnessError):
            await self.change(partial(self._faults.heal_left, self.kept, client))

    def end_looks_of(self, client: Owner) -> None:
        """Nobody waits for them any more."""
        self._looks.end_those_of(client)

    def refuse(self) -> None:
        """No change begins from now on."""
        self._is_ending = True

    async def end(self) -> None:
        """No change goes on while its component is torn down; who asked for it is answered."""
        self.refuse()
        await cancel_and_wait(*self._changes)
        await self._looks.end()

    async def _change_alone(self, work: Callable[[], Awaitable[T]]) -> T:
        async with self._changing:
            self._require_going_on()
            return await work()

    def _require_going_on(self) -> None:
        if self._is_ending:
            raise ending_now()

    async def _describe(self, _message: Mapping[str, Any]) -> object:
        return self.kept.describe().to_json()

    async def _broken(self, _message: Mapping[str, Any]) -> object:
        return error_form(self.kept.broken) if self.kept.broken else None

    async def _restart(self, message: Mapping[str, Any]) -> object:
        await self.change(partial(self._restart_each, *_restarted(message)))
        return None

    async def _restart_each(self, components: Sequence[str], variables: Mapping[str, str]) -> None:
        for component in components:
            self._require_going_on()
            await self.kept.restart(component, variables)

    async def _compare(self, message: Mapping[str, Any]) -> object:
        return await self.kept.compare(message["asked"])

    async def _renew(self, message: Mapping[str, Any]) -> object:
        return await self.change(partial(self.kept.renew, _restarted(message)[0]))

    async def _snapshot(self, message: Mapping[str, Any]) -> object:
        return await self.change(partial(self.kept.snapshot, str(message["snapshot"])))

    async def _keep_seeded(self, _message: Mapping[str, Any]) -> object:
        return await self.change(self.kept.keep_seeded)

    async def _reset(self, message: Mapping[str, Any]) -> object:
        is_proved = bool(message.get("is_proved"))
        return await self.change(partial(self.kept.reset, str(message["snapshot"]), is_proved=is_proved))

    async def _look(self, client: Client, work: Coroutine[Any, Any, T]) -> T:
        if self._is_ending:
            work.close()
            raise ending_now()
        return await self._looks.take(client, work)

    async def _execute(self, client: Client, message: Mapping[str, Any]) -> object:
        component, argv = asked(message)
        with streams_to(client, message) as streams:
            executing = self.kept.inside.execute(component, argv, streams)
            return await self._look(
                client, ended_within(message.get("timeout"), executing, argv[0], component)
            )

    async def _copy_out(self, client: Client, message: Mapping[str, Any]) -> object:
        component, source, target = _copied(message)
        return await self._look(client, self.kept.inside.copy_out(component, source, Path(target)))

    async def _copy_in(self, client: Client, message: Mapping[str, Any]) -> object:
        component, source, target = _copied(message)
        return await self._look(client, self.kept.inside.copy_in(component, Path(source), target))

    async def _inject(self, client: Owner, message: Mapping[str, Any]) -> object:
        return await self.change(partial(self._faults.inject, self.kept, message, client))

    async def _heal(self, client: Owner, message: Mapping[str, Any]) -> object:
        return await self.change(partial(self._faults.heal, self.kept, message, client))


def _restarted(message: Mapping[str, Any]) -> tuple[Sequence[str], Mapping[str, str]]:
    """What is to be restarted, and the variables for it."""
    components, variables = message.get("components"), message.get("environment", {})
    if not isinstance(components, list) or not isinstance(variables, dict):
        raise UsageError("restart takes a list of components and an object of variables")
    return components, variables


def _copied(message: Mapping[str, Any]) -> tuple[str, str, str]:
    """The component, and what is copied where."""
    component, source, target = (message.get(word) for word in ("component", "source", "target"))
    if not isinstance(component, str) or not isinstance(source, str) or not isinstance(target, str):
        raise UsageError("copy takes a component, a source and a target")
    return component, source, target


def ending_now() -> EnvironmentFailedError:
    """What is told to who asks for something during the teardown."""
    return EnvironmentFailedError("the environment is being torn down")
