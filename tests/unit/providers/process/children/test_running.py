"""A component that runs as a process, as the engine sees it."""

import asyncio
import os
import secrets
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from types import MappingProxyType

import pytest

from harness.core.clock import SystemClock
from harness.core.endpoint import Endpoint
from harness.core.errors import UsageError
from harness.core.secrets import MASK
from harness.providers.logs import LogPump
from harness.providers.process.children.child import execute
from harness.providers.process.children.running import RunningProcess
from harness.providers.process.tracking.marks import COMPONENT_MARKER, MARKER
from harness.spec.model import Component, ComponentSettings, Location, ReadySettings
from tests.doubles.processes import is_alive

HERE = Location(Path("compose.yml"), 1)
Run = Callable[..., RunningProcess]

PATIENT = """
import signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("here", flush=True)
while True: signal.pause()
"""
WITH_ORPHAN = """
import subprocess, sys
sleeper = "import os, signal; print('orphan', os.getpid(), flush=True); signal.pause()"
subprocess.Popen([sys.executable, "-S", "-c", sleeper], start_new_session=True)
import signal; signal.pause()
"""


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Starts a component that runs a program."""

    def start(source: str, ready: ReadySettings | None = None, **endpoints: Endpoint) -> RunningProcess:
        environment_id = secrets.token_hex(8)
        environment = {MARKER: environment_id, COMPONENT_MARKER: "web", "WORD": "s3cret"}
        pump = LogPump(tmp_path / "web.log", SystemClock(), ["s3cret"])
        argv = [sys.executable, "-S", "-c", source]
        child = execute(argv, environment=environment, directory=tmp_path, output=pump.write_end)
        pump.child_has_it()
        settings = ComponentSettings(ready=ready or ReadySettings())
        listening = MappingProxyType({e.target: e for e in endpoints.values()})
        return RunningProcess(
            Component("web", HERE, settings=settings),
            child,
            pump,
            own=listening,
            endpoints=listening,
            environment=environment,
            directory=tmp_path,
            polite=signal.SIGTERM,
            clients={},
        )

    return start


async def said(running: RunningProcess, word: str) -> str:
    """The line that begins with `word`, once it is in the log."""
    while True:
        for line in running.tail():
            if line.startswith(word):
                return line
        readable = asyncio.Event()
        loop = asyncio.get_running_loop()
        descriptor = os.dup(running._pump._read_end)
        loop.add_reader(descriptor, readable.set)
        await readable.wait()
        loop.remove_reader(descriptor)
        os.close(descriptor)


@pytest.mark.parametrize(
    ("listens", "told"),
    [
        (
            "s = socket.create_server(('127.0.0.1', 0)); print('at', s.getsockname()[1], flush=True)",
            "it listens at",
        ),
        ("print('at', 0, flush=True)", "it listens nowhere; {port} in its command is that of 127.0.0.1:1"),
    ],
)
async def test_who_listens_elsewhere_is_found(run: Run, listens: str, told: str) -> None:
    """Its command has not taken the port that it was told."""
    source = f"import signal, socket\n{listens}\nsignal.pause()"
    running = run(source, web=Endpoint("127.0.0.1", 1, 8000))
    port = (await said(running, "at")).split()[1]
    where = running.whereabouts()
    assert where.startswith(told)
    assert port == "0" or f"127.0.0.1:{port}, not at 127.0.0.1:1, whose port is {{port}}" in where
    await running.stop(1.0)


async def test_who_listens_where_it_should_has_another_trouble(run: Run) -> None:
    """Nothing is said of it then, nor of one that need not listen."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    serve = f"s = socket.create_server(('127.0.0.1', {port})); print('at', flush=True)"
    running = run(f"import signal, socket\n{serve}\nsignal.pause()", web=Endpoint("127.0.0.1", port, 8000))
    await said(running, "at")
    assert running.whereabouts() == ""
    await running.stop(1.0)
    silent = run("pass")
    assert silent.whereabouts() == ""
    await silent.stop(1.0)


async def test_its_last_words_are_there_when_it_has_ended(run: Run) -> None:
    """Everybody who waits gets the same answer."""
    running = run("print('one'); print('two'); raise SystemExit(7)")
    codes = await asyncio.gather(running.exited(), running.exited())
    assert [ended.code for ended in codes] == [7, 7]
    assert running.tail(1) == ("two",)
    await running.stop(1.0)


async def test_it_is_asked_first_and_forced_later(run: Run) -> None:
    """By the signal that cannot be ignored."""
    running = run(PATIENT)
    await said(running, "here")
    await running.stop(0.05)
    assert (await running.exited()).code == -signal.SIGKILL
    assert running.tail() == ("here",)


async def test_what_it_started_ends_before_stop_returns(run: Run) -> None:
    """Also in a session of its own: the place is free then for a restart."""
    running = run(WITH_ORPHAN)
    orphan = int((await said(running, "orphan")).split()[1])
    await running.stop(1.0)
    assert not is_alive(orphan)
    assert not is_alive(running.pid)


async def test_a_component_that_ended_by_itself_is_cleaned_up_after(run: Run) -> None:
    """Its orphans are not spared because it is gone."""
    running = run(WITH_ORPHAN.replace("import signal; signal.pause()", ""))
    assert (await running.exited()).code == 0
    orphan = int((await said(running, "orphan")).split()[1])
    await running.stop(1.0)
    assert not is_alive(orphan)


async def test_its_check_runs_as_it_does_itself(run: Run, tmp_path: Path) -> None:
    """In its folder, with its variables and its port, and what it says is masked."""
    check = ("sh", "-c", "echo $(pwd) $WORD {port} {port:9000}; exit 1")
    endpoints = {"a": Endpoint("127.0.0.1", 40_001, 8000), "b": Endpoint("127.0.0.1", 40_002, 9000)}
    running = run("import signal; signal.pause()", ReadySettings(command=check), **endpoints)
    answer = await running.probe().check()
    assert not answer.is_ready
    assert answer.seen == f"exit code 1: {tmp_path} {MASK} 40001 40002"
    await running.stop(1.0)


async def test_a_check_with_a_port_that_is_not_there_is_told(run: Run) -> None:
    """As for the component's own command."""
    running = run("import signal; signal.pause()", ReadySettings(command=("true", "{port}")))
    with pytest.raises(UsageError, match="stands for no port"):
        await running.probe().check()
    await running.stop(1.0)


async def test_its_log_may_say_that_it_is_ready(run: Run) -> None:
    """What the pump has read is what the probe looks through."""
    running = run(
        "print('up and running', flush=True); import signal; signal.pause()", ReadySettings(log="up")
    )
    await said(running, "up")
    assert (await running.probe().check()).is_ready
    await running.stop(1.0)
