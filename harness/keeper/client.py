"""Why this exists: a client's side of a keeper: start one or attach to one, hold it, ask it, let it go.

Blocking on purpose: its users are front ends, and what they do meanwhile is wait.
"""

import contextlib
import json
import select
import socket
import time
from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from harness.core.errors import EnvironmentFailedError, ExitCode, HarnessError
from harness.events.facts import Event, decode
from harness.events.log import Emit
from harness.keeper import folders
from harness.keeper.address import address_of
from harness.keeper.description import EnvironmentDescription
from harness.keeper.protocol import NEW, Ending, encode_line, ending_of, error_of

OnOutput = Callable[[str, bytes], None]

_PORTION = 1 << 16  # bytes read at a time


class Lease:
    """A connection to the keeper of one environment. Holding it keeps the environment; closing it lets go.

    Args:
        connection: A connected Unix socket.
        on_event: Called with every fact, as messages are read; None for who wants none, and need not read.
        path: Where the keeper listens.
        log: Where the keeper's own output is; None when that is not known.
    """

    def __init__(
        self, connection: socket.socket, on_event: Emit | None, path: Path, log: Path | None = None
    ) -> None:
        self.path = path
        self._connection = connection
        self._unread = bytearray()
        self._on_event = on_event
        self._log = log
        self._asked = 0
        self._on_output: OnOutput | None = None
        self.description: EnvironmentDescription | None = None
        self.ending: Ending | None = None

    @classmethod
    def attach(
        cls, path: Path, on_event: Emit | None, *, hold: bool, log: Path | None = None, history: bool = True
    ) -> Self:
        """Connect to a keeper that runs.

        Args:
            path: Where it listens.
            on_event: Called with every fact; None for who wants none.
            hold: Whether the environment has to stay meanwhile.
            log: Where the keeper's own output is, if that is known.
            history: Whether facts from before are wanted, too.

        Raises:
            EnvironmentFailedError: nobody listens there any more.
            UsageError: the path is too long for a socket.
        """
        try:
            token = folders.token_of(path.parent)
            connection = _connected(path)
        except OSError as error:
            raise EnvironmentFailedError(
                f"no keeper answers at {path}: {error.strerror or error}",
                hint="the environment has ended; start it with `harness up`",
            ) from error
        lease = cls(connection, on_event, path, log)
        wanted = on_event is not None and (history or NEW)
        lease._send({"token": token, "facts": wanted})
        if hold:
            lease._send({"hold": True})
        return lease

    def wait_started(self) -> EnvironmentDescription:
        """Read until the environment is ready.

        Raises:
            HarnessError: it failed to start; message, hint, evidence and exit code are those of the cause.
        """
        if self.description is not None:
            return self.description
        for _ in self._messages():
            if self.description is not None:
                return self.description
        raise self._failure()

    def wait_ended(self) -> Ending:
        """Read until the environment has been torn down, or its keeper is gone."""
        for _ in self._messages():
            pass
        return self.ending or Ending(ExitCode.ENVIRONMENT, self._failure())

    def ask(self, command: str, *, timeout: float | None = None, **arguments: object) -> Any:
        """One command and its answer; facts that arrive meanwhile go to `on_event`.

        Args:
            command: One of those the protocol knows.
            timeout: Seconds the answer may take; None for as long as it takes.
            arguments: What the command takes.

        Raises:
            HarnessError: the keeper refused, does not answer, or is gone.
        """
        return self.answer(self.post(command, **arguments), command, timeout=timeout)

    def execute(
        self,
        component: str,
        argv: Sequence[str],
        on_output: OnOutput,
        file: Path | None = None,
        timeout: float | None = None,
    ) -> int:
        """Run a command where a component runs; gives its exit code, 127 for a program that is not there.

        Args:
            component: Its name.
            argv: The words of the command.
            on_output: Called with `OUT` or `ERR` and what the command has written there, as it comes.
            file: What the command reads; None for nothing.
            timeout: Seconds it may take; None for as long as it takes.

        Raises:
            HarnessError: as `ask`; or it has not ended by then, and is broken off.
        """
        self._on_output = on_output
        try:
            path = None if file is None else str(file.absolute())
            about = {"component": component, "argv": list(argv), "file": path, "timeout": timeout}
            number = self.post("execute", **about)
            return int(self.answer(number, "execute"))
        finally:
            self._on_output = None

    def post(self, command: str, **arguments: object) -> int:
        """One command without waiting; `answer` takes the number that this gives."""
        self._asked += 1
        self._send({"ask": self._asked, "do": command} | arguments)
        return self._asked

    def answer(self, number: int, command: str, *, timeout: float | None = None) -> Any:
        """What came of a posted command; raises as `ask`. One that was posted before it is not answered any more."""
        try:
            for message in self._messages(timeout):
                if message.get("answer") == number:
                    if "error" in message:
                        raise error_of(message["error"])
                    return message["value"]
        except TimeoutError:
            raise EnvironmentFailedError(
                f"the keeper did not answer {command!r} within {timeout:g} s",
                hint="it may be stopped or the machine overloaded; try again, or kill the keeper and `harness down`",
            ) from None
        raise self._failure()

    def enter(self, world: str, *, opens: bool = True) -> EnvironmentDescription:
        """What is asked from now on is about a world of the environment, which stays as long as we are connected.

        Args:
            world: Its name.
            opens: Whether it is opened where it is not.

        Raises:
            HarnessError: it cannot be opened, or is not open.
        """
        description = EnvironmentDescription.from_json(self.ask("enter", world=world, opens=opens))
        self.description = description
        return description

    def stop(self) -> Ending:
        """End the environment, whoever holds it, and wait until it has been torn down."""
        self._asked += 1
        self._send({"ask": self._asked, "do": "stop"})
        return self.wait_ended()

    def release(self, *, keep: bool = False) -> Ending | None:
        """Let go; when nobody else holds the environment and it is not kept, wait for its teardown.

        Args:
            keep: Ask for the environment to stay, for as long as it was ordered to when it was started.

        Returns:
            None when the environment goes on; how it ended when it has; and when the keeper is gone without having
            told either, an ending with that as its error.
        """
        self.let_go(keep=keep)
        for message in self._messages():
            if message.get("goes_on"):
                return None
        return self.ending or Ending(ExitCode.ENVIRONMENT, self._failure())

    def let_go(self, *, keep: bool = False) -> None:
        """Let go without waiting; from any thread, also while another one waits for the start. Idempotent."""
        self._send({"release": True, "keep": keep})

    def close(self) -> None:
        """Leave without waiting. Idempotent."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def fileno(self) -> int:
        """The descriptor of the connection."""
        return self._connection.fileno()

    def _send(self, message: Mapping[str, Any]) -> None:
        # What it said last tells why it is gone.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self._connection.sendall(encode_line(message))

    def _messages(self, timeout: float | None = None) -> Iterator[Mapping[str, Any]]:
        """What the keeper says, until it leaves. Raises TimeoutError when `timeout` seconds are over before."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            while (end := self._unread.find(b"\n")) >= 0:
                line = bytes(self._unread[:end])
                del self._unread[: end + 1]
                message = json.loads(line)
                self._note(message)
                yield message
            if not self._receive(deadline):
                return

    def _receive(self, deadline: float | None) -> bool:
        """Wait for more and take it; False when there will be none.

        The waiting is done in select, which takes nothing: Ctrl-C in it tears no message in two.
        """
        left = None if deadline is None else max(0.0, deadline - time.monotonic())
        if not select.select([self._connection], [], [], left)[0]:
            raise TimeoutError
        try:
            portion = self._connection.recv(_PORTION)
        except ConnectionResetError:  # the same as its end
            return False
        self._unread += portion
        return bool(portion)

    def _note(self, message: Mapping[str, Any]) -> None:
        if "event" in message and isinstance(message["event"], dict):
            event: Event | None = decode(message["event"])
            if event is not None and self._on_event is not None:
                self._on_event(event)
        elif message.get("said") == self._asked and self._on_output is not None:
            self._on_output(message["stream"], b64decode(message["data"]))
        elif "started" in message:
            self.description = EnvironmentDescription.from_json(message["started"])
        elif "ended" in message:
            self.ending = ending_of(message["ended"])
        elif "refused" in message:
            refusal = error_of(message["refused"])
            self.ending = Ending(refusal.exit_code, refusal)

    def _failure(self) -> HarnessError:
        if self.ending is not None and self.ending.error is not None:
            return self.ending.error
        if self.ending is not None:
            return EnvironmentFailedError("the environment was stopped while it was needed")
        written = self._log is not None and self._log.exists()
        lines = self._log.read_text(errors="replace").splitlines() if self._log and written else []
        return EnvironmentFailedError(
            "the keeper of the environment ended without a word; it was probably killed",
            evidence=lines[-20:],
            hint=f"its own output is in {self._log}" if lines else "`harness down` removes what it left",
        )


def _connected(path: Path) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX)
    try:
        with address_of(path) as address:
            connection.connect(address)
    except BaseException:
        connection.close()
        raise
    return connection


Spawn = Callable[[socket.socket], None]


def start(path: Path, spawn: Spawn, on_event: Emit | None, log: Path | None = None) -> Lease:
    """Open the keeper's socket, join its queue as the first holder, and only then start it.

    In this order a client that is killed at any moment leaves a keeper that sees nobody and ends.

    Args:
        path: Where the socket has to be.
        spawn: Starts the keeper process with the listening socket.
        on_event: Called with every fact; None for who wants none.
        log: Where the keeper's own output will be.
    """
    with socket.socket(socket.AF_UNIX) as listener:
        with address_of(path) as address:
            listener.bind(address)
        path.chmod(0o600)
        folders.make_token(path.parent)
        listener.listen()
        lease = Lease.attach(path, on_event, hold=True, log=log)
        try:
            spawn(listener)
        except BaseException:
            lease.close()
            raise
    return lease
