"""Why this exists: the keeper itself: runs one environment, tells its clients, ends it when nobody holds it."""

import asyncio
import contextlib
import json
import signal
import socket
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

from harness.core.errors import ExitCode, HarnessError, TeardownError, UsageError
from harness.events.facts import Event, encode
from harness.events.log import Emit
from harness.keeper.description import EnvironmentDescription
from harness.keeper.protocol import Ending, encode_line, ending_form, error_form


class Kept(Protocol):
    """The environment, as far as a keeper is concerned."""

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


Open = Callable[[Emit], AbstractAsyncContextManager[Kept]]


class Keeper:
    """Owns one environment from its start to its end.

    Args:
        listener: A listening Unix socket; the first client is in its queue already.
        open_environment: Starts the environment on entering and tears it down on leaving.
        is_kept: Stay although nobody holds it, until told to stop.
    """

    def __init__(self, listener: socket.socket, open_environment: Open, *, is_kept: bool) -> None:
        self._listener = listener
        self._open = open_environment
        self._is_kept = is_kept
        self._history: list[bytes] = []
        self._clients: set[asyncio.StreamWriter] = set()
        self._holders: set[asyncio.StreamWriter] = set()
        self._released: set[asyncio.StreamWriter] = set()
        self.is_abandoned = False  # a holder died: what it would have done at the end is ours to do
        self._finish = asyncio.Event()
        self._kept: Kept | None = None

    async def run(self) -> Ending:
        """Start, serve until nobody holds the environment any more, tear down; tells every client how it ended."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.add_signal_handler(number, self._finish.set)
        async with await asyncio.start_unix_server(self._serve, sock=self._listener):
            ending = await self._live()
            self._tell({"ended": ending_form(ending)})
            await self._part()
        return ending

    async def _live(self) -> Ending:
        """The environment's whole life; whatever ends it becomes an ending."""
        life = asyncio.create_task(self._hold_open(), name="environment")
        asked = asyncio.create_task(self._finish.wait(), name="asked to finish")
        await asyncio.wait({life, asked}, return_when=asyncio.FIRST_COMPLETED)
        asked.cancel()
        if self._kept is None:
            life.cancel()  # it is still starting: cancelling is what makes it tear down
        try:
            await life
        except asyncio.CancelledError:
            return Ending(ExitCode.OK)
        except HarnessError as error:
            return Ending(error.exit_code, error)
        return Ending(ExitCode.OK)

    async def _hold_open(self) -> None:
        try:
            async with self._open(self._emit) as kept:
                self._kept = kept
                self._tell({"started": kept.describe().to_json()})
                await self._finish.wait()
        except asyncio.CancelledError as stopped:
            if leftovers := getattr(stopped, "__notes__", ()):
                raise TeardownError(
                    "stopped while starting, and not all of it is gone", evidence=leftovers
                ) from None
            raise

    def _emit(self, event: Event) -> None:
        self._tell({"event": encode(event)})

    def _tell(self, message: Mapping[str, Any]) -> None:
        """Everybody hears it, also who comes later."""
        line = encode_line(message)
        self._history.append(line)
        for client in self._clients:
            client.write(line)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One client, from its connection to its end."""
        self._clients.add(writer)
        writer.writelines(self._history)
        try:
            while line := await reader.readline():
                await self._hear(json.loads(line), writer)
        except ConnectionError:
            self._clients.discard(writer)  # it died: nobody reads there any more
        self._let_go(writer)

    async def _hear(self, message: Mapping[str, Any], writer: asyncio.StreamWriter) -> None:
        if message.get("hold"):
            self._holders.add(writer)
        elif message.get("release"):
            self._released.add(writer)
        else:
            writer.write(encode_line(await self._answer(message)))

    async def _answer(self, message: Mapping[str, Any]) -> dict[str, Any]:
        number = message.get("ask")
        try:
            return {"answer": number, "value": await self._do(message)}
        except HarnessError as error:
            return {"answer": number, "error": error_form(error)}

    async def _do(self, message: Mapping[str, Any]) -> object:
        commands: dict[str, Callable[[Mapping[str, Any]], Awaitable[object]]] = {
            "describe": self._describe,
            "stop": self._stop,
            "broken": self._broken,
            "restart": self._restart,
        }
        command = commands.get(str(message.get("do")))
        if command is None:
            raise UsageError(f"the keeper knows no command {message.get('do')!r}")
        return await command(message)

    async def _describe(self, _message: Mapping[str, Any]) -> object:
        return self._environment().describe().to_json()

    async def _broken(self, _message: Mapping[str, Any]) -> object:
        error = self._environment().broken
        return error_form(error) if error else None

    async def _stop(self, _message: Mapping[str, Any]) -> object:
        self._finish.set()
        return None

    async def _restart(self, message: Mapping[str, Any]) -> object:
        environment = self._environment()
        for component in message["components"]:
            await environment.restart(component, message["environment"])
        return None

    def _environment(self) -> Kept:
        if self._kept is None:
            raise UsageError("the environment is not started yet")
        return self._kept

    def _let_go(self, writer: asyncio.StreamWriter) -> None:
        """A client has left. The last holder takes the environment along and hears how that ended."""
        if writer in self._holders and writer not in self._released:
            self.is_abandoned = True
        self._holders.discard(writer)
        if not self._holders and not self._is_kept:
            self._finish.set()
        if not self._finish.is_set():
            self._clients.discard(writer)
            writer.close()

    async def _part(self) -> None:
        """Let what was said arrive; a client that does not read is not waited for."""
        for client in list(self._clients):
            with contextlib.suppress(ConnectionError, TimeoutError):
                async with asyncio.timeout(1):
                    await client.drain()
            client.close()
