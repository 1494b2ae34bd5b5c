"""What shed all that it could be known by is known by whose orphan it is."""

import json
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

import harness
from harness.providers.process.tracking.orphans import reaper_above
from tests.doubles.processes import has_ended, is_alive, sleeper

# A keeper with two components, each with a grandchild that shed everything. It says their numbers and obeys.
_KEEPER = """
import json, os, signal, subprocess, sys
from pathlib import Path
from harness.providers.process.tracking.orphans import live_under_reaper
from harness.providers.process.tracking.marks import marks
reaper = os.getpid()
live_under_reaper()
from harness.providers.process.tracking.ownership import end_now
from harness.providers.process.children.spawn import spawn

LEAVES = '''
import os, signal, subprocess, sys
child = "import os; print(os.getpid(), flush=True); import signal; signal.pause()"
if os.fork() == 0:  # as a daemon does it
    subprocess.Popen([sys.executable, "-S", "-c", child], env={}, start_new_session=True)
    os._exit(0)
signal.pause()
'''

def component(name):
    read, write = os.pipe()
    given = os.environ | marks(sys.argv[1], name)
    argv = [sys.executable, "-S", "-c", LEAVES]
    process = spawn(argv, environment=given, directory=Path("/"), output=write, adopts=True)
    return process, int(os.read(read, 20))

components = {name: component(name) for name in ("web", "db")}
numbers = [pid for process, orphan in components.values() for pid in (process.pid, orphan)]
print(json.dumps([reaper, os.getpid(), *numbers]), flush=True)
for line in sys.stdin:
    name = line.strip()
    if name:
        process, _ = components[name]
        process.kill()
        process.wait()
        print(end_now(sys.argv[1], 5.0, component=name, session=process.pid), flush=True)
    else:
        print(end_now(sys.argv[1], 5.0), flush=True)
"""


class Kept:
    """The keeper above, its reaper, and two components with an orphan each."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self.reaper, self.keeper, self.web, self.webs, self.db, self.dbs = json.loads(self._heard())

    @property
    def all(self) -> tuple[int, ...]:
        """Every process there is of it."""
        return (self.reaper, self.keeper, self.web, self.webs, self.db, self.dbs)

    def end(self, component: str = "") -> str:
        """Let it end a component, or everything; gives what is left."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{component}\n")
        self._process.stdin.flush()
        return self._heard()

    def _heard(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()


@pytest.fixture
def kept() -> Iterator[Kept]:
    """Ended afterwards."""
    argv = [sys.executable, "-c", _KEEPER, secrets.token_hex(8)]
    process = subprocess.Popen(  # noqa: S603 - the program above
        argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path(harness.__file__).parents[1]
    )
    with process:
        made = Kept(process)
        yield made
        for pid in made.all:
            if is_alive(pid):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)


def test_a_component_takes_its_orphans_along(kept: Kept) -> None:
    """Without variables, in sessions of their own, as daemons; another component's and strangers go on."""
    with sleeper({}) as stranger:
        assert kept.end("web") == "[]"
        assert not is_alive(kept.webs)
        assert all(map(is_alive, (stranger.pid, kept.keeper, kept.db, kept.dbs)))


def test_the_environment_takes_all_along(kept: Kept) -> None:
    """Also those whose component ended by itself."""
    os.kill(kept.web, signal.SIGKILL)
    assert kept.end() == "[]"
    assert not any(map(is_alive, (kept.web, kept.webs, kept.db, kept.dbs)))


def test_a_killed_keeper_leaves_no_orphans(kept: Kept) -> None:
    """The reaper ends them, and then itself."""
    os.kill(kept.keeper, signal.SIGKILL)
    assert all(map(has_ended, kept.all))


def test_a_keeper_ends_with_its_reaper(kept: Kept) -> None:
    """Nothing is kept that nobody could end."""
    os.kill(kept.reaper, signal.SIGKILL)
    assert has_ended(kept.keeper)


def test_who_asks_a_session_to_end_asks_the_keeper(kept: Kept) -> None:
    """The reaper goes on until that has ended."""
    os.kill(kept.reaper, signal.SIGTERM)
    assert kept.end() == "[]"
    assert is_alive(kept.reaper)


def test_without_a_reaper_nobody_is_taken_for_ours() -> None:
    """The parent of these tests has other children."""
    assert reaper_above() is None
