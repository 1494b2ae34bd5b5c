"""Why this exists: imports dominate a Python service's start, so this process imports once and forks for each.

Run as a script by the harness's `forks` module, in the environment's own interpreter state: it imports nothing
of the harness, only the standard library and what the Compose file's `x-harness.preload` names.

Protocol, one JSON message per packet on the SOCK_SEQPACKET socket whose descriptor is argv[1]:
    in   {"preload": [module, …], "coverage": {"folder", "packages"} or null}        first, once
    out  {"ready": seconds}  or  {"failed": text}
    in   {"name", "app" or "call", "port", "environ", "directory"} + the output pipe as an SCM_RIGHTS descriptor
    out  {"name", "pid"}
    out  {"pid", "code"}                                   a child ended; code negative for a signal
End of file on the socket means that the owner is gone: every child is killed.
"""

import contextlib
import ctypes
import gc
import importlib
import inspect
import json
import os
import select
import signal
import socket
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from typing import Any, NoReturn

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
PACKET = 1 << 20
_ASKING = (signal.SIGTERM, signal.SIGINT)  # to end
_OPTIONAL = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


def main() -> None:
    """Import, then fork on request until the owner closes the socket."""
    channel = socket.socket(fileno=int(sys.argv[1]))
    orders = json.loads(channel.recv(PACKET))
    server = Server(channel, orders["coverage"])
    if _preload(channel, orders, server):
        while server.serve():
            pass
    server.end()


class Server:
    """Answers requests: forks, and tells when a fork has ended."""

    def __init__(self, channel: socket.socket, coverage: dict[str, Any] | None) -> None:
        self._channel = channel
        self._coverage = coverage
        self._wakeup = _watch_children()
        self._sources = [channel, self._wakeup]
        self._children = set[int]()
        self._held: list[tuple[dict[str, Any], int]] = []

    def serve(self) -> bool:
        """Wait for something to do and do it; False when the owner has closed the socket."""
        return self._serve(select.select(self._sources, [], [])[0], hold=False)

    def serve_early(self) -> None:
        """Between two imports: fork what has all it needs; the rest is held."""
        while (readable := select.select(self._sources, [], [], 0)[0]) and self._serve(readable, hold=True):
            pass
        self._release(_is_imported)

    def release(self) -> None:
        """Everything is imported: fork what is still held."""
        self._release(lambda _request: True)

    def _release(self, is_due: Callable[[dict[str, Any]], bool]) -> None:
        for held in [held for held in self._held if is_due(held[0])]:
            self._held.remove(held)
            self._fork(*held)

    def end(self) -> None:
        """The owner is gone: so are all forks."""
        for pid in self._children:
            os.kill(pid, signal.SIGKILL)

    def _serve(self, readable: list[socket.socket], *, hold: bool) -> bool:
        if self._wakeup in readable:
            self._wakeup.recv(PACKET)
            self._report_ended()
        return self._channel not in readable or self._take(hold=hold)

    def _take(self, *, hold: bool) -> bool:
        message, descriptors, _, _ = socket.recv_fds(self._channel, PACKET, 1)
        if not message:
            return False
        request = json.loads(message)
        if hold and not _is_imported(request):
            self._held.append((request, descriptors[0]))
        else:
            self._fork(request, descriptors[0])
        return True

    def _fork(self, request: dict[str, Any], output: int) -> None:
        owner = os.getpid()
        leads, says_so = os.pipe()
        pid = os.fork()
        if pid == 0:
            self._channel.close()
            for _, others_output in self._held:
                os.close(others_output)
            _become(request, (output, says_so), owner, self._coverage)
        os.close(output)
        os.close(says_so)
        os.read(leads, 1)  # ends when the fork leads a session: from then on its group can be signalled
        os.close(leads)
        self._children.add(pid)
        self._channel.send(json.dumps({"name": request["name"], "pid": pid}).encode())

    def _report_ended(self) -> None:
        for pid in list(self._children):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                self._children.discard(pid)
                with contextlib.suppress(BrokenPipeError):  # the owner is gone; that is seen next
                    told = {"pid": pid, "code": os.waitstatus_to_exitcode(status)}
                    self._channel.send(json.dumps(told).encode())


def _watch_children() -> socket.socket:
    """A socket that becomes readable whenever a child has ended."""
    wakeup, signalled = socket.socketpair()
    wakeup.setblocking(False)
    signalled.setblocking(False)
    signal.set_wakeup_fd(signalled.detach(), warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
    return wakeup


def _preload(channel: socket.socket, orders: dict[str, Any], server: Server) -> bool:
    began = time.monotonic()
    gc.disable()  # modules live for ever: looking for garbage among them costs a tenth of the time
    try:
        measure = _start_coverage(orders["coverage"], "imports")
        for module in orders["preload"]:
            importlib.import_module(module)
            server.serve_early()
        if measure is not None:
            measure.stop()
            measure.save()
    except BaseException:  # noqa: BLE001 - whatever an import raises is the report
        channel.send(json.dumps({"failed": traceback.format_exc()}).encode())
        return False
    gc.freeze()  # what is imported stays shared between the forks: the collector will not touch its pages
    channel.send(json.dumps({"ready": time.monotonic() - began}).encode())
    server.release()
    return True


def _become(
    request: dict[str, Any], pipes: tuple[int, int], owner: int, coverage: dict[str, Any] | None
) -> NoReturn:
    """Turn this fork into the component; never returns."""
    code, measure = 1, None
    output, says_so = pipes
    try:
        _detach(output, owner)
        os.close(says_so)
        os.environ.clear()
        os.environ.update(request["environ"])
        tempfile.tempdir = None  # what an import may have found out is not this component's place
        os.chdir(request["directory"])
        measure = _start_coverage(coverage if request["coverage"] else None, request["name"])
        # Until a server's own take over. A function may have a use for KeyboardInterrupt, a server has none.
        _handle(_ASKING if "app" in request else _ASKING[:1], lambda _number, _frame: _leave(0, measure))
        code = _serve(request) if "app" in request else _call(request["call"])
    except SystemExit as leaving:
        code = leaving.code if isinstance(leaving.code, int) else int(leaving.code is not None)
    except BaseException:  # noqa: BLE001 - this is the top of the component: its log gets the traceback
        traceback.print_exc()
    finally:
        _leave(code, measure)


def _leave(code: int, measure: Any) -> NoReturn:
    """End this process here and now: an exception might not get out of where a signal finds it, as in a callback."""
    _handle(_ASKING, signal.SIG_IGN)  # it is ending already
    try:
        if measure is not None:
            measure.stop()
            measure.save()
        sys.stdout.flush()
        sys.stderr.flush()
    except BaseException:  # noqa: BLE001 - as above
        traceback.print_exc()
    finally:
        os._exit(code)


def _handle(signals: tuple[signal.Signals, ...], handler: Any) -> None:
    for number in signals:
        signal.signal(number, handler)


def _detach(output: int, owner: int) -> None:
    """A session of its own, default signals, output to the pipe, and no life after the owner's."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda _number, _frame: os._exit(0))  # there is nothing to be saved yet
    os.setsid()
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)  # as the first process of a container is
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != owner:  # it ended between the fork and the prctl
        os._exit(1)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.close(output)
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]  # nothing has put another stream in its place
    sys.stderr.reconfigure(line_buffering=True)  # type: ignore[union-attr]  # nothing has put another stream in its place


def _start_coverage(coverage: dict[str, Any] | None, name: str) -> Any:
    """Measure this process into a data file of its own; None when coverage is not asked for."""
    if coverage is None:
        return None
    from coverage import Coverage  # noqa: PLC0415 - only a measured run pays for it

    data_file = os.path.join(coverage["folder"], f"{name}.{os.getpid()}")  # noqa: PTH118 - no pathlib in forks
    measure = Coverage(
        data_file=data_file, source=coverage["packages"], omit=[__file__], config_file=False, messages=False
    )
    # a fork did not see the imports; the data of `imports`, measured in the preloader, has them
    measure.set_option(
        "run:disable_warnings", ["module-not-measured", "module-not-imported", "no-data-collected"]
    )
    measure.start()
    return measure


def _is_imported(request: dict[str, Any]) -> bool:
    """Whether the module that the component lives in is there already, and with it what that needs."""
    path: str = request.get("app") or request["call"]
    return path.partition(":")[0] in sys.modules


def _load(path: str) -> Any:
    module, _, attribute = path.partition(":")
    return getattr(importlib.import_module(module), attribute)


def _call(path: str) -> int:
    """Run a one-shot: a plain or an async function without parameters; what it returns is the exit code."""
    import asyncio  # noqa: PLC0415 - one-shots that need no loop do not pay for it

    function = _load(path)
    gc.enable()
    result = function()
    if inspect.isawaitable(result):
        result = asyncio.run(_awaited(result))
    return result if isinstance(result, int) else 0


async def _awaited(result: Any) -> Any:
    return await result


def _serve(request: dict[str, Any]) -> int:
    """Serve an ASGI application, or what a factory without parameters makes, until SIGTERM."""
    import uvicorn  # noqa: PLC0415 - part of what the ecosystem brings along

    config = uvicorn.Config(
        request["app"],
        factory=_is_factory(_load(request["app"])),
        host="127.0.0.1",
        port=request["port"],
        lifespan="on",
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=1,
    )
    config.load()  # makes the application
    gc.freeze()
    gc.enable()
    server = uvicorn.Server(config)
    # As it does itself, but without a gap; it raises them again at its end.
    _handle(_ASKING, server.handle_exit)
    server.run()
    return 0 if server.started else 3


def _is_factory(candidate: Any) -> bool:
    """A function that needs no argument makes an application; anything else is one."""
    if not inspect.isfunction(candidate) or inspect.iscoroutinefunction(candidate):
        return False
    parameters = inspect.signature(candidate).parameters.values()
    return not [p for p in parameters if p.default is p.empty and p.kind not in _OPTIONAL]


if __name__ == "__main__":
    main()
