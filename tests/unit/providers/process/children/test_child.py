"""One process: started, signalled with all its group, noticed when it ends."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from harness.core.errors import EnvironmentFailedError
from harness.providers.process.children.child import ExecutedChild, execute
from tests.doubles.processes import has_ended

HERE = Path.cwd()


def python(source: str, output: int, directory: Path = HERE, *arguments: str) -> ExecutedChild:
    """A child that runs `source`."""
    argv = [sys.executable, "-S", "-c", source, *arguments]
    return execute(argv, environment={"GREETING": "hello"}, directory=directory, output=output)


@pytest.mark.parametrize(
    ("source", "code"),
    [("pass", 0), ("raise SystemExit(3)", 3), ("import os; os.kill(os.getpid(), 9)", -9)],
)
async def test_its_end_is_noticed(source: str, code: int) -> None:
    """With its exit code, or the signal as a negative number; signalling it afterwards does nothing."""
    child = python(source, os.open(os.devnull, os.O_WRONLY))
    assert await child.ended == code
    child.send(signal.SIGKILL)


async def test_it_gets_what_it_is_given(tmp_path: Path) -> None:
    """Exactly these variables, this folder, both outputs into one place, and no input."""
    source = (
        "import os, sys; os.environ.pop('LC_CTYPE', None); print(sorted(os.environ.items())); print(os.getcwd());"
        "print(sys.stdin.read() == '', file=sys.stderr); print(os.getsid(0) == os.getpid())"
    )
    log = tmp_path / "log"
    with log.open("w") as output:
        child = python(source, output.fileno(), tmp_path)
    assert await child.ended == 0
    lines = sorted(log.read_text().splitlines())
    assert lines == sorted(["[('GREETING', 'hello')]", str(tmp_path), "True", "True"])


async def test_a_signal_is_for_the_whole_group() -> None:
    """Children that stayed in it included."""
    read, write = os.pipe()
    source = (
        "import os, signal, subprocess, sys;"
        "c = subprocess.Popen([sys.executable, '-S', '-c', 'import signal; print(1, flush=True); signal.pause()']);"
        "print(c.pid, flush=True); signal.pause()"
    )
    child = python(source, write)
    os.close(write)
    with os.fdopen(read) as said:
        grandchild = max(int(said.readline()), int(said.readline()))
        child.send(signal.SIGTERM)
        assert await child.ended == -signal.SIGTERM
        assert said.read() == ""  # nobody has the pipe any more
    assert has_ended(grandchild)


async def test_it_ends_when_its_starter_dies() -> None:
    """Whatever the starter dies of."""
    starter = (
        "import asyncio, os, signal, sys\n"
        "from pathlib import Path\n"
        "from harness.providers.process.children.child import execute\n"
        "async def main():\n"
        "    argv = [sys.executable, '-S', '-c', 'import os, signal; print(os.getpid(), flush=True); signal.pause()']\n"
        "    execute(argv, environment={}, directory=Path('/'), output=1)\n"
        "    await asyncio.sleep(60)\n"
        "asyncio.run(main())\n"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", starter, stdout=asyncio.subprocess.PIPE, cwd=HERE
    )
    assert process.stdout is not None
    child = int(await process.stdout.readline())
    process.kill()
    await process.wait()
    assert await process.stdout.read() == b""  # the child has let go of the pipe too
    assert has_ended(child)


@pytest.mark.parametrize(
    ("program", "directory", "reason"),
    [
        ("/no/such/program", HERE, "No such file"),
        (sys.executable, Path("/no/such/folder"), "No such file"),
        (str(HERE), HERE, "Permission denied"),
    ],
)
async def test_what_cannot_be_started_is_told(program: str, directory: Path, reason: str) -> None:
    """Which program, where, and why."""
    with pytest.raises(EnvironmentFailedError) as caught:
        execute([program], environment={}, directory=directory, output=1)
    assert repr(program) in caught.value.message
    assert str(directory) in caught.value.message
    assert reason in caught.value.message
