"""Why this exists: the wire between Jonar and its fork server, so that the process runtime speaks in replicas only."""

import asyncio
import contextlib
import json
import os
import socket
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable, Sequence
from typing import Any

_CLOSE_TIMEOUT = 1.0


class Link:
    """A running fork server. `on_answer` gets each of its answers, `on_end` its exit code, once."""

    def __init__(
        self,
        process: Process,
        commands: socket.socket,
        on_answer: Callable[[dict[str, Any]], None],
        on_end: Callable[[int], None],
    ) -> None:
        self._process = process
        self._commands = commands
        self._on_answer = on_answer
        self._on_end = on_end
        self._reader = asyncio.create_task(self._read(), name="fork server's answers")

    @property
    def pid(self) -> int:
        """The fork server's process id."""
        return self._process.pid

    def send(self, command: dict[str, Any], handed_over: Sequence[socket.socket] = ()) -> None:
        """Send one command.

        Raises:
            OSError: the fork server is gone or has stopped taking commands.
        """
        descriptors = [handed.fileno() for handed in handed_over]
        socket.send_fds(self._commands, [json.dumps(command).encode()], descriptors)

    async def aclose(self) -> None:
        """End the fork server, which ends its replicas; by force when it does not obey in time."""
        self._commands.close()
        try:
            await asyncio.wait_for(self._process.wait(), _CLOSE_TIMEOUT)
        except TimeoutError:
            self._process.kill()
        await self._reader

    async def _read(self) -> None:
        answers = self._process.stdout
        if answers is None:
            raise RuntimeError("the fork server was started without a pipe for its answers")
        async for line in answers:
            self._on_answer(json.loads(line))
        self._on_end(await self._process.wait())
        self._commands.close()


async def open_link(
    preload: Sequence[str],
    on_answer: Callable[[dict[str, Any]], None],
    on_end: Callable[[int], None],
) -> Link:
    """Start a fork server that imports `preload`. It runs in a session of its own: a Ctrl-C is Jonar's to handle.

    Raises:
        OSError: the interpreter could not be started.
    """
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.setblocking(False)
    with contextlib.ExitStack() as undo:
        undo.callback(ours.close)
        with theirs:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-P", "-m", "jonar.runtime.forkserver", str(os.getpid()), *preload),
                stdin=theirs.fileno(),
                stdout=PIPE,
                env=_environment(),
                start_new_session=True,
            )
        undo.pop_all()
    return Link(process, ours, on_answer, on_end)


def _environment() -> dict[str, str]:
    """Jonar's whole environment, markers of whoever supervises it included, and where Jonar imports from."""
    return dict(os.environ) | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
