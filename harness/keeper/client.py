"""Why this exists: a client's side of a keeper: start one or attach to one, hold it, ask it, let it go.

Blocking on purpose: its users are front ends, and what they do meanwhile is wait.
"""

import contextlib
import json
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from harness.core.errors import EnvironmentFailedError, ExitCode, HarnessError
from harness.events.facts import Event, decode
from harness.events.log import Emit
from harness.keeper.description import EnvironmentDescription
from harness.keeper.protocol import Ending, encode_line, ending_of, error_of


class Lease:
    """A connection to the keeper of one environment. Holding it keeps the environment; closing it lets go.

    Args:
        connection: A connected Unix socket.
        on_event: Called with every fact, as messages are read.
        path: Where the keeper listens.
    """

    def __init__(self, connection: socket.socket, on_event: Emit, path: Path) -> None:
        self.path = path
        self._connection = connection
        self._lines = connection.makefile("rb")
        self._on_event = on_event
        self._log = path.with_name("keeper.log")
        self._asked = 0
        self.description: EnvironmentDescription | None = None
        self.ending: Ending | None = None

    @classmethod
    def attach(cls, path: Path, on_event: Emit, *, hold: bool) -> Self:
        """Connect to a keeper that runs.

        Raises:
            EnvironmentFailedError: nobody listens there any more.
        """
        connection = socket.socket(socket.AF_UNIX)
        try:
            connection.connect(str(path))
        except OSError as error:
            connection.close()
            raise EnvironmentFailedError(
                f"no keeper answers at {path}: {error.strerror}",
                hint="the environment has ended; start it with `harness up`",
            ) from error
        lease = cls(connection, on_event, path)
        if hold:
            lease.hold()
        return lease

    def hold(self) -> None:
        """Count as one who needs the environment."""
        self._connection.sendall(encode_line({"hold": True}))

    def wait_started(self) -> EnvironmentDescription:
        """Read until the environment is ready.

        Raises:
            HarnessError: it failed to start; message, hint, evidence and exit code are those of the cause.
        """
        for _ in self._messages():
            if self.description is not None:
                return self.description
        raise self._failure()

    def wait_ended(self) -> Ending:
        """Read until the environment has been torn down."""
        for _ in self._messages():
            pass
        return self.ending or Ending(ExitCode.ENVIRONMENT, self._failure())

    def ask(self, command: str, **arguments: object) -> Any:
        """One command and its answer; facts that arrive meanwhile go to `on_event`.

        Raises:
            HarnessError: the keeper refused, or is gone.
        """
        self._asked += 1
        with contextlib.suppress(BrokenPipeError):  # what it said last tells why it is gone
            self._connection.sendall(encode_line({"ask": self._asked, "do": command} | arguments))
        for message in self._messages():
            if message.get("answer") == self._asked:
                if "error" in message:
                    raise error_of(message["error"])
                return message["value"]
        raise self._failure()

    def release(self) -> Ending | None:
        """Let go, and wait for the teardown when nobody else holds it; None when the environment goes on."""
        with contextlib.suppress(OSError):  # it ended before we let go
            self._connection.sendall(encode_line({"release": True}))
            self._connection.shutdown(socket.SHUT_WR)
        for _ in self._messages():
            pass
        return self.ending

    def close(self) -> None:
        """Leave without waiting. Idempotent."""
        self._lines.close()
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def fileno(self) -> int:
        """For selectors: readable when the keeper has something to say."""
        return self._connection.fileno()

    def _messages(self) -> Iterator[Mapping[str, Any]]:
        with contextlib.suppress(ConnectionResetError):  # the same as its end
            for line in self._lines:
                message = json.loads(line)
                self._note(message)
                yield message

    def _note(self, message: Mapping[str, Any]) -> None:
        if "event" in message and isinstance(message["event"], dict):
            event: Event | None = decode(message["event"])
            if event is not None:
                self._on_event(event)
        elif "started" in message:
            self.description = EnvironmentDescription.from_json(message["started"])
        elif "ended" in message:
            self.ending = ending_of(message["ended"])

    def _failure(self) -> HarnessError:
        if self.ending is not None and self.ending.error is not None:
            return self.ending.error
        if self.ending is not None:
            return EnvironmentFailedError("the environment was stopped while it was needed")
        lines = self._log.read_text(errors="replace").splitlines() if self._log.exists() else []
        return EnvironmentFailedError(
            "the keeper of the environment ended without a word",
            evidence=lines[-20:],
            hint=f"its own output is in {self._log}",
        )


_JOIN_TIMEOUT = (
    10.0  # seconds between somebody's making the folder and listening in it; normally a millisecond
)


def join(path: Path, on_event: Emit) -> Lease:
    """Hold an environment that somebody else is starting at this very moment, or has started.

    Raises:
        EnvironmentFailedError: nobody listens there in time.
    """
    deadline = time.monotonic() + _JOIN_TIMEOUT
    while True:
        try:
            return Lease.attach(path, on_event, hold=True)
        except EnvironmentFailedError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.005)


Spawn = Callable[[socket.socket], None]


def start(path: Path, spawn: Spawn, on_event: Emit) -> Lease:
    """Open the keeper's socket, join its queue as the first holder, and only then start it.

    In this order a client that is killed at any moment leaves a keeper that sees nobody and ends.

    Args:
        path: Where the socket has to be.
        spawn: Starts the keeper process with the listening socket.
        on_event: Called with every fact.
    """
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        path.chmod(0o600)
        listener.listen()
        lease = Lease.attach(path, on_event, hold=True)
        spawn(listener)
    return lease
