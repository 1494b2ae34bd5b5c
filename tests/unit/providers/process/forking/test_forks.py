"""The preloader and the harness's side of it: forks of a process that has imported already."""

import asyncio
import json
import os
import signal
import textwrap
from collections.abc import AsyncIterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from coverage import CoverageData

from harness.core.clock import SystemClock
from harness.core.errors import EnvironmentFailedError
from harness.providers.logs import LogPump
from harness.providers.process.forking.forks import ForkedChild, ForkRequest, ForkServer, succeed
from harness.providers.process.forking.preloading import Imports, begin
from tests.doubles.processes import has_ended, is_alive

MODULES = {
    "quick": """
        import asyncio, json, os, signal, sys
        def nothing(): pass
        def seven(): return 7
        def leaves(): sys.exit(3)
        def leaves_with_words(): sys.exit("no")
        def breaks(): raise ValueError("broken here")
        async def later(): await asyncio.sleep(0); return 5
        def tells():
            print(json.dumps([sorted(os.environ.items()), os.getcwd(), os.getsid(0) == os.getpid()]))
            print("aside", file=sys.stderr)
        def sleeps(): print("asleep"); signal.pause()
        def default_signals():
            signal.raise_signal(signal.SIGTERM)
            return 9
        class Asked:
            def __del__(self):
                print("asked")
                signal.raise_signal(signal.SIGTERM)
        def asked_in_a_callback():
            Asked()
            print("goes on")
    """,
    "blocked": """
        import os
        os.close(os.open(os.environ["GATE"], os.O_RDONLY))
        def answer(): return 42
    """,
    "faulty": "import no_such_module_anywhere",
    "blocked_and_faulty": "import os; os.open(os.environ['GATE'], os.O_RDONLY); import no_such_module_anywhere",
    "late": "def answer(): return 1",
}


class Stage:
    """A fork server with modules to import, and a gate that `blocked` waits at while it is imported."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.gate = folder / "gate"
        self.servers: list[ForkServer] = []
        self.opened: int | None = None
        os.mkfifo(self.gate)
        for name, source in MODULES.items():
            (folder / f"{name}.py").write_text(textwrap.dedent(source))

    def server(self, *preload: str, **orders: Any) -> ForkServer:
        """A started server that imports `preload` in this order."""
        environment = {"GATE": str(self.gate), "PATH": os.environ["PATH"], "PYTHONPATH": str(self.folder)}
        preloading = begin(Imports(preload, environment, self.folder, **orders), {})
        pump = LogPump(self.folder / "preloader.log", SystemClock(), [], preloading.output)
        server = ForkServer(preloading, pump)
        self.servers.append(server)
        return server

    def open_gate(self) -> None:
        """Let `blocked` be imported, or never be stopped by it. The gate stays open."""
        self.opened = os.open(self.gate, os.O_RDWR)  # such an open does not wait for a reader (fifo(7))

    async def fork(self, server: ForkServer, call: str, name: str = "", **given: Any) -> ForkedChild:
        """Fork a one-shot; what it writes goes to `<name>.txt`."""
        request = ForkRequest(
            name=name or call,
            target={"call": call},
            port=0,
            environment=given.pop("environment", {}),
            directory=self.folder,
            **given,
        )
        with (self.folder / f"{request.name}.txt").open("wb") as output:
            return await server.fork(request, output.fileno())

    def said(self, name: str) -> str:
        """What a fork has written."""
        return (self.folder / f"{name}.txt").read_text()


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    """Its servers are closed, and nothing was said to the loop's handler of forgotten errors."""
    complaints: list[Mapping[str, Any]] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _loop, context: complaints.append(context))
    stage = Stage(tmp_path)
    try:
        yield stage
    finally:
        for server in stage.servers:
            await server.aclose()
            await server.aclose()
        if stage.opened is not None:
            os.close(stage.opened)
        loop.set_exception_handler(None)
    assert complaints == []


@pytest.mark.parametrize(
    ("call", "code"),
    [
        ("nothing", 0),
        ("seven", 7),
        ("later", 5),
        ("leaves", 3),
        ("leaves_with_words", 1),
        ("breaks", 1),
        ("default_signals", 0),
    ],
)
async def test_a_one_shots_result_is_its_exit_code(stage: Stage, call: str, code: int) -> None:
    """What it returns or exits with; an error is 1, and its traceback is in its log."""
    child = await stage.fork(stage.server("quick"), f"quick:{call}", name=call)
    assert await child.ended == code
    child.send(signal.SIGKILL)  # to nobody
    assert ("ValueError: broken here" in stage.said(call)) == (call == "breaks")


async def test_a_fork_gets_exactly_what_it_is_given(stage: Stage) -> None:
    """Its variables, its folder, both outputs, a session of its own."""
    child = await stage.fork(stage.server("quick"), "quick:tells", environment={"WORD": "hello"})
    assert await child.ended == 0
    told, aside = stage.said("quick:tells").splitlines()
    assert json.loads(told) == [[["WORD", "hello"]], str(stage.folder), True]
    assert aside == "aside"


async def test_a_fork_can_be_signalled_the_moment_we_hear_of_it(stage: Stage) -> None:
    """It leads its group by then: a signal is never lost."""
    server = stage.server("quick")
    for i in range(20):
        child = await stage.fork(server, "quick:sleeps", name=f"sleeper-{i}")
        assert os.getpgid(child.pid) == child.pid
        child.send(signal.SIGKILL)
        assert await child.ended == -signal.SIGKILL


async def test_a_fork_starts_as_soon_as_its_own_module_is_there(stage: Stage) -> None:
    """Others are still being imported; one that lives in them is held until then."""
    server = stage.server("quick", "late", "blocked")
    held = asyncio.ensure_future(stage.fork(server, "blocked:answer"))
    quick, late = await asyncio.gather(stage.fork(server, "quick:seven"), stage.fork(server, "late:answer"))
    assert not held.done()
    stage.open_gate()
    assert (await quick.ended, await late.ended) == (7, 1)
    assert await (await held).ended == 42


async def test_a_fork_holds_nobody_elses_output(stage: Stage) -> None:
    """While one lives, the pipe of another ends with that other."""
    server = stage.server("quick", "blocked")
    read, write = os.pipe()
    request = ForkRequest("other", {"call": "blocked:answer"}, 0, {}, stage.folder)
    other = asyncio.ensure_future(server.fork(request, write))
    await asyncio.sleep(0)  # it has asked
    os.close(write)
    sleeper = await stage.fork(server, "quick:sleeps")
    stage.open_gate()
    assert await (await other).ended == 42
    with os.fdopen(read, "rb") as pipe:
        assert await asyncio.wait_for(asyncio.to_thread(pipe.read), 5) == b""
    assert is_alive(sleeper.pid)


async def test_what_cannot_be_imported_is_told_to_everybody(stage: Stage) -> None:
    """To who asked before it was tried and to who asks when it is long known, each with the traceback."""
    server = stage.server("blocked", "faulty")
    early = [asyncio.ensure_future(stage.fork(server, "quick:seven", name=str(i))) for i in range(2)]
    await asyncio.sleep(0)
    stage.open_gate()
    for asked in early:
        with pytest.raises(EnvironmentFailedError, match="no_such_module_anywhere"):
            await asked
    assert await server._process.ended == 0
    await asyncio.sleep(0)
    with pytest.raises(EnvironmentFailedError, match="no_such_module_anywhere") as caught:
        await stage.fork(server, "quick:seven")
    assert any("faulty.py" in line for line in caught.value.evidence)
    assert "x-harness.preload" in caught.value.hint


@pytest.mark.parametrize("has_asked", [False, True])
async def test_what_cannot_be_imported_is_told_also_when_it_has_ended_by_then(
    stage: Stage, has_asked: bool
) -> None:
    """What it said last is heard, though nothing can be sent any more, or what was sent has not been read."""
    server = stage.server("blocked_and_faulty")
    early = [asyncio.ensure_future(stage.fork(server, "quick:seven", name="early"))] if has_asked else []
    await asyncio.sleep(0)
    stage.open_gate()
    os.waitid(os.P_PID, server._process.pid, os.WEXITED | os.WNOWAIT)  # noqa: ASYNC222 - so the loop hears nothing
    for asked in early or [asyncio.ensure_future(stage.fork(server, "quick:seven"))]:
        with pytest.raises(EnvironmentFailedError, match="no_such_module_anywhere"):
            await asked


async def test_forks_end_with_a_preloader_that_dies(stage: Stage) -> None:
    """Whoever waits for one, or for its end, hears of it; so does who asks afterwards."""
    server = stage.server("quick", "blocked")
    child = await stage.fork(server, "quick:sleeps")
    waiting = asyncio.ensure_future(stage.fork(server, "blocked:answer"))
    await asyncio.sleep(0)
    os.kill(server._process.pid, signal.SIGKILL)
    with pytest.raises(EnvironmentFailedError, match="has ended"):
        await waiting
    assert await child.ended == -signal.SIGKILL
    assert has_ended(child.pid)
    with pytest.raises(EnvironmentFailedError, match="has ended"):
        await stage.fork(server, "quick:seven")


async def test_closing_waits_for_no_import(stage: Stage) -> None:
    """One that hangs is ended with all forks there are."""
    server = stage.server("quick", "blocked")
    child = await stage.fork(server, "quick:sleeps")
    async with asyncio.timeout(5):
        await server.aclose()
    assert has_ended(child.pid)


async def test_many_may_ask_while_it_imports(stage: Stage) -> None:
    """More than a socket's buffer holds."""
    server = stage.server("blocked", "quick")
    big = {"BIG": "x" * 20_000}
    asked = [
        asyncio.ensure_future(stage.fork(server, "quick:nothing", name=f"n{i}", environment=big))
        for i in range(30)
    ]
    await asyncio.sleep(0)
    stage.open_gate()
    children = await asyncio.gather(*asked)
    assert [await child.ended for child in children] == [0] * 30


async def test_giving_up_waiting_disturbs_nobody(stage: Stage) -> None:
    """The answer comes all the same, and finds nobody (the fixture listens for complaints)."""
    server = stage.server("quick", "blocked")
    given_up = asyncio.ensure_future(stage.fork(server, "blocked:answer"))
    await asyncio.sleep(0)
    given_up.cancel()
    await asyncio.wait({given_up})
    stage.open_gate()
    child = await stage.fork(server, "quick:seven")
    assert await child.ended == 7


async def test_a_measured_fork_leaves_its_data(stage: Stage) -> None:
    """A file of its own, beside that of the imports; one that is not measured leaves none."""
    data = stage.folder / "coverage"
    data.mkdir()
    server = stage.server("quick", coverage=data, packages=("quick",))
    measured = await stage.fork(server, "quick:seven", name="yes", is_measured=True)
    plain = await stage.fork(server, "quick:seven", name="no")
    assert (await measured.ended, await plain.ended) == (7, 7)
    assert sorted(file.name.partition(".")[0] for file in data.iterdir()) == ["imports", "yes"]


async def test_asked_to_end_a_fork_ends_where_no_exception_gets_through(stage: Stage) -> None:
    """In a callback, where Python ignores what is raised; what was measured until then is kept all the same."""
    data = stage.folder / "coverage"
    data.mkdir()
    server = stage.server("quick", coverage=data, packages=("quick",))
    child = await stage.fork(server, "quick:asked_in_a_callback", name="yes", is_measured=True)
    assert await child.ended == 0
    assert stage.said("yes") == "asked\n"
    (kept,) = data.glob("yes.*")
    measured = CoverageData(str(kept))
    measured.read()
    assert [Path(file).name for file in measured.measured_files()] == ["quick.py"]


async def test_the_harness_is_no_part_of_what_is_measured(stage: Stage) -> None:
    """Where nothing is said of packages all code is measured but ours, and that of installed packages."""
    data = stage.folder / "coverage"
    data.mkdir()
    server = stage.server("quick", coverage=data)
    child = await stage.fork(server, "quick:seven", is_measured=True)
    assert await child.ended == 7
    measured: set[str] = set()
    for file in data.iterdir():
        with closing(CoverageData(str(file))) as one:
            one.read()
            measured |= one.measured_files()
    assert measured == {str(stage.folder / "quick.py")}


async def test_a_fresh_one_takes_the_place_of_the_one_before(stage: Stage) -> None:
    """It has the code as it is now; the one before ends with the last of its forks."""
    before = stage.server("late", "quick")
    asleep = await stage.fork(before, "quick:sleeps")
    assert await (await stage.fork(before, "late:answer")).ended == 1
    (stage.folder / "late.py").write_text("def answer(): return 22")
    fresh = await succeed(before, stage.server("late", "quick"))
    assert await (await stage.fork(fresh, "late:answer")).ended == 22
    assert is_alive(asleep.pid)
    asleep.send(signal.SIGKILL)
    assert await asleep.ended == -signal.SIGKILL
    await asyncio.wait_for(before._process.ended, 20)


async def test_code_that_cannot_be_imported_takes_no_place(stage: Stage) -> None:
    """Whoever is there goes on, with the code that it has."""
    before = stage.server("late")
    assert await (await stage.fork(before, "late:answer")).ended == 1
    with pytest.raises(EnvironmentFailedError, match="no_such_module_anywhere"):
        await succeed(before, stage.server("faulty"))
    assert await (await stage.fork(before, "late:answer")).ended == 1
