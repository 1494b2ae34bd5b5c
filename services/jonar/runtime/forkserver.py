"""Why this exists: a replica forked from a process that has everything imported is up in milliseconds.

Run by `jonar.runtime.process` as `python -m jonar.runtime.forkserver PARENT_PID MODULE…`. Standard input is a
SOCK_SEQPACKET socket that brings commands (a replica's listening socket travels with its start command),
standard output a pipe that takes answers, a line each; both are JSON objects:

    {"do": "start", "replica": id, "app": "package.module:factory", "environment": {name: value}}
    {"do": "signal", "replica": id, "number": 15}
    {"did": "preload"}   {"did": "start", "replica": id, "pid": pid}   {"did": "exit", "replica": id, "code": code}
    {"did": "refuse", "replica": id, "reason": "[Errno 11] Resource temporarily unavailable"}

multiprocessing's fork server would not do: it leaves its socket in /tmp when Jonar is killed, outlives Jonar as
long as one replica runs, and runs Jonar's main module again in every replica. This one signals only children
that it has not reaped yet, so a process id is never hit after it was given to someone else.
"""

import contextlib
import gc
import importlib
import json
import os
import selectors
import signal
import socket
import sys
import traceback
from collections.abc import Sequence
from typing import Any, NoReturn

import uvicorn

from jonar.runtime.lifeline import die_with

_LONGEST_COMMAND = 65536
_NOT_STARTED = 3  # uvicorn's own exit code for an app that fails to start
_GRACE = 1  # seconds that requests in flight get


class ForkServer:
    """Forks replicas and tells of their ends until the commands end; then it ends all that are left."""

    def __init__(self, commands: socket.socket, answers: int) -> None:
        self._commands = commands
        self._answers = answers
        self._selector = selectors.DefaultSelector()
        self._selector.register(commands, selectors.EVENT_READ)
        self._pids: dict[str, int] = {}

    def serve(self) -> None:
        """Work until whoever gives the commands closes them or dies."""
        while True:
            for key, _ in self._selector.select():
                if key.data is not None:
                    self._reap(key.fd, *key.data)
                elif not self._obey():
                    self._end_all()
                    return

    def tell(self, answer: dict[str, Any]) -> None:
        """Send one answer."""
        os.write(self._answers, json.dumps(answer).encode() + b"\n")

    def _obey(self) -> bool:
        """Carry out one command; False when there are no more."""
        data, descriptors, _, _ = socket.recv_fds(self._commands, _LONGEST_COMMAND, 1)
        if not data:
            return False
        command = json.loads(data)
        if command["do"] == "start":
            self._start(command, descriptors[0])
        elif (pid := self._pids.get(command["replica"])) is not None:
            os.kill(pid, command["number"])
        return True

    def _start(self, command: dict[str, Any], listener: int) -> None:
        parent = os.getpid()
        try:
            pid = os.fork()
        except OSError as error:
            os.close(listener)
            self.tell({"did": "refuse", "replica": command["replica"], "reason": str(error)})
            return
        if pid == 0:
            self._become_replica(parent, command, listener)
        os.close(listener)
        self._pids[command["replica"]] = pid
        self._selector.register(os.pidfd_open(pid), selectors.EVENT_READ, (pid, command["replica"]))
        self.tell({"did": "start", "replica": command["replica"], "pid": pid})

    def _become_replica(self, parent: int, command: dict[str, Any], listener: int) -> NoReturn:
        code = 1
        try:
            die_with(parent)
            self._let_go()
            os.environ.update(command["environment"])
            code = _serve(command["app"], socket.socket(fileno=listener))
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else 1
        except BaseException:  # noqa: BLE001  whatever it was, this copy must not go on as a fork server
            traceback.print_exc()
        finally:
            with contextlib.suppress(OSError):
                sys.stderr.flush()
            os._exit(code)

    def _let_go(self) -> None:
        """Close what belongs to the fork server, so that its end can be noticed."""
        for key in list(self._selector.get_map().values()):
            os.close(key.fd)
        self._commands.detach()
        self._selector.close()
        os.close(self._answers)

    def _reap(self, pidfd: int, pid: int, replica: str) -> None:
        _, status = os.waitpid(pid, 0)
        self._selector.unregister(pidfd)
        os.close(pidfd)
        del self._pids[replica]
        self.tell({"did": "exit", "replica": replica, "code": os.waitstatus_to_exitcode(status)})

    def _end_all(self) -> None:
        for pid in self._pids.values():
            os.kill(pid, signal.SIGKILL)
        for pid in self._pids.values():
            os.waitpid(pid, 0)


def _serve(app: str, listener: socket.socket) -> int:
    """Serve an app on a listening socket until told to end; the exit code to end with."""
    config = uvicorn.Config(
        app,
        factory=True,
        lifespan="on",
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=_GRACE,
    )
    server = uvicorn.Server(config)
    server.run(sockets=[listener])
    return 0 if server.started else _NOT_STARTED


def _preload(modules: Sequence[str]) -> None:
    """Import what replicas need; a module that fails here fails again, visibly, in the replica that needs it."""
    for name in modules:
        try:
            importlib.import_module(name)
        except Exception:  # noqa: BLE001  other components must stay deployable
            traceback.print_exc()
    gc.freeze()


def _take_standard_streams() -> tuple[socket.socket, int]:
    """The command socket and the answer pipe, moved away so that stray prints end up in the log."""
    commands = socket.socket(fileno=os.dup(0))
    answers = os.dup(1)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    os.dup2(2, 1)
    return commands, answers


def main() -> None:
    """Preload, then serve."""
    parent, *modules = sys.argv[1:]
    die_with(int(parent))
    server = ForkServer(*_take_standard_streams())
    _preload(modules)
    server.tell({"did": "preload"})
    server.serve()


if __name__ == "__main__":
    main()
