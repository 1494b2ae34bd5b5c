"""The ecosystem's own seeding code is run beside the keeper, and its mistakes are told as its own."""

import asyncio
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from harness.bootstrap.seeding.seeder import ModuleSeeder, seeder_of
from harness.core.endpoint import Endpoint
from harness.core.errors import ExitCode, HarnessError
from harness.spec.model import Ecosystem, EcosystemSettings
from tests.doubles.processes import has_ended

# A keeper forks before it starts threads; earlier tests of this process have started some, and Python ≥ 3.12 says so.
pytestmark = pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")

Make = Callable[..., AbstractContextManager[Any]]
ENVIRONMENT: Any = SimpleNamespace(
    variables={"TEST_WEB": "here"}, endpoints={"web": (Endpoint("127.0.0.1", 8000, 80),), "silent": ()}
)
ID = "0123456789"
GIVEN = "from types import SimpleNamespace as Seeded\n"
# Forks as a keeper does, and then is busy with something else.
KEEPER = """
import signal, sys
from harness.bootstrap.seeding.seeding_process import Seeding, fork
pid, _channel = fork(Seeding("blocking:seed", (sys.argv[1],), 7), "0123456789")
print(pid, flush=True)
signal.pause()
"""


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Writes a seeding module, and makes its seeder."""

    def seeder(source: str, function: str = "seed", folder: str = "") -> AbstractContextManager[Any]:
        (tmp_path / folder).mkdir(exist_ok=True)
        (tmp_path / folder / "seeding_of_a_team.py").write_text(source)
        settings = EcosystemSettings(pythonpath=(tmp_path / folder,), seed=f"seeding_of_a_team:{function}")
        return seeder_of(Ecosystem("example", tmp_path, (), {}, settings=settings), seed=7, environment_id=ID)

    return seeder


async def both(seeder: ModuleSeeder) -> Any:
    """Prepare and seed."""
    await seeder.prepare()
    return await seeder.seed(ENVIRONMENT)


@pytest.mark.parametrize("folder", ["", "lib"])
async def test_it_prepares_and_seeds(make: Make, folder: str) -> None:
    """From the project's folder, or from one of its paths; data is prepared from the seed before."""
    source = GIVEN + (
        "prepared = []\n"
        "def prepare(seed): prepared.append(seed)\n"
        "async def seed(environment): return Seeded(counts={'n': prepared[0]}, digest=str(environment.seed))\n"
    )
    with make(source, folder=folder) as seeder:
        seeded = await both(seeder)
    assert (seeded.counts, seeded.digest) == ({"n": 7}, "7")
    assert "seeding_of_a_team" not in sys.modules


async def test_what_comes_after_it_is_heard(make: Make) -> None:
    """The number of its descriptor is the next one's, whose readers the loop has to watch in their own right."""
    with make(GIVEN + "async def seed(environment): return Seeded(counts={}, digest='')") as seeder:
        await both(seeder)
    loop = asyncio.get_running_loop()
    for one, other in [socket.socketpair() for _ in range(4)]:  # the lowest numbers that are free
        for ours, theirs in ((one, other), (other, one)):
            heard = asyncio.Event()
            loop.add_reader(ours, heard.set)
            theirs.send(b"x")
            await asyncio.wait_for(heard.wait(), 5)
            loop.remove_reader(ours)
        one.close()
        other.close()


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("environment.variables['TEST_WEB']", "here"),
        ("environment.url('web')", "http://127.0.0.1:8000"),
        ("__import__('os').environ['HARNESS_ENVIRONMENT_ID']", ID),
        ("__import__('os').read(0, 1).decode()", ""),
    ],
)
async def test_what_it_is_given(make: Make, given: str, expected: str) -> None:
    """Variables, addresses, the mark of its environment, and nothing to read."""
    with make(GIVEN + f"async def seed(environment): return Seeded(counts={{}}, digest={given})\n") as seeder:
        assert (await both(seeder)).digest == expected


@pytest.mark.parametrize("component", ["silent", "nobody"])
async def test_a_component_that_does_not_listen(make: Make, component: str) -> None:
    """Is an error that names those that do."""
    source = f"async def seed(environment): environment.url({component!r})\n"
    with make(source) as seeder, pytest.raises(HarnessError, match=f"{component}.*listens") as caught:
        await both(seeder)
    assert "web" in caught.value.hint


@pytest.mark.parametrize(
    ("source", "function", "told"),
    [
        ("import no_such_module", "seed", "cannot import"),
        ("", "seed", "has no 'seed'"),
        ("def other(): pass", "seed", "has no 'seed'"),
    ],
)
async def test_what_the_file_names_and_is_not_there(
    make: Make, source: str, function: str, told: str
) -> None:
    """A fault of the file, with exit code 2."""
    with make(source, function) as seeder, pytest.raises(HarnessError, match=told) as caught:
        await seeder.prepare()
    assert caught.value.exit_code is ExitCode.USAGE
    assert "x-harness.seed" in caught.value.message


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("raise ValueError('my mistake')", "ValueError: my mistake"),
        (
            "def seed(): pass\ndef prepare(seed): raise ValueError('my mistake')",
            "ValueError: my mistake",
        ),
        ("async def seed(environment): raise ValueError('my mistake')", "ValueError: my mistake"),
        ("async def seed(environment): return None", "AttributeError: .* 'counts'"),
    ],
)
async def test_its_own_mistakes_are_told_as_such(make: Make, source: str, told: str) -> None:
    """With where they were made."""
    with make(source) as seeder, pytest.raises(HarnessError, match=f"raised {told}") as caught:
        await both(seeder)
    assert caught.value.exit_code is ExitCode.ENVIRONMENT
    assert "seed" in caught.value.evidence[-1]


async def test_what_it_raises_for_people_is_passed_on(make: Make) -> None:
    """Errors of the harness as they are."""
    source = (
        "from harness.core.errors import UsageError\nasync def seed(_): raise UsageError('no such set')\n"
    )
    with make(source) as seeder, pytest.raises(HarnessError, match=r"^no such set$") as caught:
        await both(seeder)
    assert caught.value.exit_code is ExitCode.USAGE


@pytest.mark.parametrize(
    ("ending", "told"),
    [
        ("os._exit(3)", "exit code 3"),
        ("sys.exit('enough')", "exit code 1"),
        ("os.kill(os.getpid(), 11)", "SIGSEGV"),
        ("os.closerange(3, 100); signal.pause()", "SIGKILL"),
    ],
)
@pytest.mark.parametrize("source", ["{}", "def seed(_): {}", "async def seed(_): {}"])
async def test_it_ends_nobody_but_itself(make: Make, source: str, ending: str, told: str) -> None:
    """How it ended is told."""
    source = "import os, signal, sys\n" + source.format(ending)
    with make(source) as seeder, pytest.raises(HarnessError, match=f"without an answer: {told}"):
        await both(seeder)


@pytest.mark.parametrize("source", ["signal.pause()", "async def seed(_): signal.pause()"])
async def test_it_may_block_and_is_ended_all_the_same(make: Make, source: str) -> None:
    """Others go on meanwhile, and whoever gives up waiting for it ends it."""
    with make("import signal\n" + source) as seeder:
        working = asyncio.create_task(both(seeder))
        await asyncio.sleep(0)
        working.cancel()
        with pytest.raises(asyncio.CancelledError):
            await working
        assert has_ended(seeder._pid)


async def test_what_it_starts_ends_with_it(make: Make) -> None:
    """A command in the background, say."""
    source = (
        "import subprocess\n"
        "async def seed(_): return Seeded(counts={}, digest=str(subprocess.Popen(['sleep', '1000']).pid))\n"
    )
    with make(GIVEN + source) as seeder:
        assert has_ended(int((await both(seeder)).digest))


def test_it_ends_with_its_keeper(tmp_path: Path) -> None:
    """However that ends, and whatever it does at that moment."""
    (tmp_path / "blocking.py").write_text("import signal\nsignal.pause()")
    command = [sys.executable, "-c", KEEPER, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as keeper:  # noqa: S603 - ourselves
        assert keeper.stdout is not None
        pid = int(keeper.stdout.readline())
        keeper.send_signal(signal.SIGKILL)
    assert has_ended(pid)


def test_an_ecosystem_without_one_has_none() -> None:
    """Nothing is started."""
    with seeder_of(Ecosystem("example", Path("/p"), (), {}), 7, ID) as seeder:
        assert seeder is None
