"""Why this exists: the keeper itself: runs one environment, tells its clients, ends it when nobody holds it."""

import asyncio
import contextlib
import json
import re
import signal
import socket
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

from harness.core.errors import ExitCode, TeardownError, UsageError, as_failure
from harness.events.facts import ComponentChanged, EnvironmentFailed, Event
from harness.events.log import Emit
from harness.keeper.audience import Audience
from harness.keeper.door import Door
from harness.keeper.protocol import Ending, encode_line, ending_form, error_form
from harness.keeper.serving import Kept, Serving, ending_now
from harness.keeper.stay import Stay
from harness.keeper.tenure import Tenure
from harness.keeper.worlds import Worlds

_LONGEST_LINE = 1 << 24  # bytes of a request; the variables of a restart are in one
_WORLD = re.compile(r"\w+", re.ASCII)

_JUST_HELD = Stay()

Open = Callable[[Emit], AbstractAsyncContextManager[Kept]]


class Keeper:
    """Owns one environment from its start to its end.

    Args:
        listener: A listening Unix socket; the first client is in its queue already.
        open_environment: Starts the environment on entering and tears it down on leaving.
        token: What every client has to present.
        stay: How long the environment stays when nobody holds it.
    """

    def __init__(
        self, listener: socket.socket, open_environment: Open, *, token: str, stay: Stay = _JUST_HELD
    ) -> None:
        self._listener = listener
        self._open = open_environment
        self._door = Door(token)
        self._tenure = Tenure(stay)
        self._finish = self._tenure.over
        self._audience = Audience()
        self._serving: Serving | None = None
        self._worlds = Worlds()
        self._states: dict[str, str] = {}
        self._has_failed = False
        self._asked: set[asyncio.Task[None]] = set()

    @property
    def is_abandoned(self) -> bool:
        """A holder died: what it would have done at the end is ours to do."""
        return self._tenure.is_abandoned

    @property
    def hurry(self) -> asyncio.Event:
        """Set when nobody waits for the teardown that is to come, or goes on."""
        return self._tenure.hurry

    @property
    def handed_over(self) -> asyncio.Event:
        """Set when the environment was left to itself for the first time."""
        return self._tenure.handed_over

    def expire(self) -> None:
        """The environment ends as soon as nobody holds it."""
        self._tenure.expire()

    async def run(self) -> Ending:
        """Start, serve until nobody holds the environment any more, tear down; tells every client how it ended."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.add_signal_handler(number, self._tenure.end)
        server = await asyncio.start_unix_server(self._serve, sock=self._listener, limit=_LONGEST_LINE)
        # Not `async with`: from Python 3.12 on that waits for every connection, without an end.
        with contextlib.closing(server):
            ending = await self._live()
            self._audience.tell({"ended": ending_form(ending)})
            self._tenure.conclude()
            await self._audience.part()
        return ending

    async def _live(self) -> Ending:
        """The environment's whole life; whatever ends it becomes an ending."""
        life = asyncio.create_task(self._hold_open(), name="environment")
        asked = asyncio.create_task(self._finish.wait(), name="asked to finish")
        await asyncio.wait({life, asked}, return_when=asyncio.FIRST_COMPLETED)
        asked.cancel()
        if self._serving is None:
            life.cancel()  # it is still starting: cancelling is what makes it tear down
        try:
            await life
        except asyncio.CancelledError:
            return Ending(ExitCode.OK)
        except Exception as error:  # noqa: BLE001 - told to every client, who have nothing else to go by
            failure = as_failure(error)
            return Ending(failure.exit_code, failure)
        return Ending(ExitCode.OK)

    async def _hold_open(self) -> None:
        try:
            async with self._open(self._emit) as kept:
                self._serving = Serving(kept)
                self._tenure.ready()
                self._audience.tell({"started": kept.describe().to_json()})
                await self._finish.wait()
                await self._end_changes(self._serving)
        except asyncio.CancelledError as stopped:
            if leftovers := getattr(stopped, "__notes__", ()):
                raise TeardownError(
                    "stopped while starting, and not all of it is gone", evidence=leftovers
                ) from None
            raise

    async def _end_changes(self, serving: Serving) -> None:
        """None may go on while its component is torn down; who asked for it is answered, as is everybody else."""
        serving.refuse()
        await self._worlds.aclose()
        await serving.end()
        if self._asked:
            await asyncio.wait(self._asked)

    def _emit(self, event: Event) -> None:
        match event:
            case ComponentChanged(component=name, new=state, world=""):
                self._states[name] = str(state)
            case EnvironmentFailed(world=""):
                self._has_failed = True
        self._audience.state(event)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One client, from its connection to its end."""
        self._audience.connect(writer)
        try:
            greeting = await self._door.admit(reader, writer.get_extra_info("socket"))
            self._audience.welcome(writer, greeting.get("facts"))
            while line := await reader.readline():
                self._hear(line, writer)
        except UsageError as refusal:
            writer.write(encode_line({"refused": error_form(refusal)}))
        except (ConnectionError, ValueError):  # it died, or sent a line without an end
            self._audience.mute(writer)
        finally:
            self._lose(writer)

    def _hear(self, line: bytes, writer: asyncio.StreamWriter) -> None:
        """One message of a client; what takes long goes on beside the next one."""
        message = _parse(line)
        if message.get("hold"):
            writer.write(encode_line({"held": self._tenure.hold(writer)}))
        elif message.get("release"):
            self._release(writer, keep=bool(message.get("keep")))
        else:
            self._beside(self._reply(message, writer))

    def _beside(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something that takes long while others are served."""
        task = asyncio.create_task(work)
        self._asked.add(task)
        task.add_done_callback(self._asked.discard)

    async def _reply(self, message: Mapping[str, Any], writer: asyncio.StreamWriter) -> None:
        answer = await self._answer(message, writer)
        if not writer.is_closing():
            writer.write(encode_line(answer))

    async def _answer(self, message: Mapping[str, Any], writer: asyncio.StreamWriter) -> dict[str, Any]:
        number = message.get("ask")
        try:
            return {"answer": number, "value": await self._do(message, writer)}
        except asyncio.CancelledError:
            return {"answer": number, "error": error_form(ending_now())}
        except Exception as error:  # noqa: BLE001 - the client is told, and the environment goes on
            return {"answer": number, "error": error_form(as_failure(error))}

    async def _do(self, message: Mapping[str, Any], writer: asyncio.StreamWriter) -> object:
        commands: dict[str, Callable[[Mapping[str, Any], asyncio.StreamWriter], Awaitable[object]]] = {
            "stop": self._stop,
            "status": self._status,
            "prepare_worlds": self._prepare_worlds,
            "enter": self._enter,
            "stay": self._stay,
        }
        command = message.get("do")
        if isinstance(command, str) and command in commands:
            return await commands[command](message, writer)
        return await self._served(writer).do(command, message, writer)

    async def _status(self, _message: Mapping[str, Any], _writer: asyncio.StreamWriter) -> object:
        tenure = self._tenure
        return {
            "phase": self._phase(),
            "is_kept": tenure.is_kept,
            "remaining": tenure.remaining,
            "states": self._states,
        }

    async def _stop(self, _message: Mapping[str, Any], _writer: asyncio.StreamWriter) -> object:
        self._tenure.end()
        return None

    async def _prepare_worlds(self, message: Mapping[str, Any], writer: asyncio.StreamWriter) -> object:
        names, serving = _names(message), self._environment()
        self._worlds.end_unused(names)
        await serving.change(serving.kept.prepare_worlds)
        if writer.is_closing():  # nobody would ever close them
            return None
        for name in names:
            self._worlds.begin(serving.kept, name, writer)
        if message.get("waits"):
            await self._worlds.wait_opened(names)
        return None

    async def _enter(self, message: Mapping[str, Any], writer: asyncio.StreamWriter) -> object:
        (name,) = _names({"names": [message.get("world")]})
        if not message.get("opens", True):
            self._worlds.require(name)
        entered = await self._worlds.enter(self._environment().kept, name, writer)
        return entered.kept.describe().to_json()

    async def _stay(self, _message: Mapping[str, Any], writer: asyncio.StreamWriter) -> object:
        self._worlds.keep(writer)
        return None

    def _served(self, writer: asyncio.StreamWriter) -> Serving:
        """What a client's commands are about."""
        return self._worlds.serving(writer) or self._environment()

    def _environment(self) -> Serving:
        if self._serving is None:
            raise UsageError("the environment is not started yet")
        return self._serving

    def _phase(self) -> str:
        if self._finish.is_set():
            return "ending"
        if self._has_failed:
            return "broken"
        return "starting" if self._serving is None else "ready"

    def _release(self, writer: asyncio.StreamWriter, *, keep: bool) -> None:
        """A holder leaves in an orderly way. The last one waits, and hears how the environment ended."""
        self._tenure.release(writer, keep=keep)
        if not self._finish.is_set() and not writer.is_closing():
            writer.write(encode_line({"goes_on": True}))
            self._dismiss(writer)

    def _lose(self, writer: asyncio.StreamWriter) -> None:
        """Nothing comes from a client any more."""
        self._tenure.lose(writer)
        if writer not in self._audience or not self._finish.is_set():
            self._dismiss(writer)

    def _dismiss(self, writer: asyncio.StreamWriter) -> None:
        self._audience.dismiss(writer)
        serving = self._worlds.serving(writer) or self._serving
        if serving is not None:
            serving.end_looks_of(writer)
            if serving.has_faults_of(writer):
                self._beside(serving.heal_left(writer))
        self._worlds.leave(writer)


def _parse(line: bytes) -> Mapping[str, Any]:
    """A message; what is none becomes a command that the keeper does not know."""
    try:
        message = json.loads(line)
    except ValueError:
        message = None
    return message if isinstance(message, dict) else {"do": line[:80].decode(errors="replace").strip()}


def _names(message: Mapping[str, Any]) -> Sequence[str]:
    """Names of worlds, which become names of folders."""
    names = message.get("names")
    if not isinstance(names, list) or not all(isinstance(n, str) and _WORLD.fullmatch(n) for n in names):
        raise UsageError(f"worlds have names of letters and digits, not {names!r}")
    return names
