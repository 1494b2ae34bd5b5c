"""Faults as tests ask for them: on within a block, over after it, and over when the test's process is killed."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness.core.errors import ExitCode
from tests.doubles.tiny import Tiny

MakeTiny = Callable[..., Tiny]

FEW_PLUGINS = {
    "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    "PYTEST_PLUGINS": "harness.pytest_plugin.plugin,pytest_asyncio.plugin",
}
# Another component of it, which a proxy stands before.
PROXIED = """
  behind:
    image: example/behind
    ports: ["9000"]
    x-harness:
      process: {command: [python3, -S, server.py, "{port}"]}
      faults: true
"""
# The component closes every connection that it accepts; one that hangs accepts none.
ANSWERED = """
import socket
def answered(endpoint):
    with socket.create_connection((endpoint.host, endpoint.port), timeout=20) as caller:
        return caller.recv(1) == b""
"""
BLOCKS = """
import pytest
from harness.core.errors import HarnessError
from harness.faults import Cut, Kill, Latency, Reset, TESTS
from answering import answered

def test_in_a_block(ecosystem):
    behind = ecosystem.endpoint("behind")
    with ecosystem.fault(Reset("behind", sources=(TESTS,))), ecosystem.fault(Kill("web")):
        with pytest.raises(ConnectionResetError):
            answered(behind)
        with pytest.raises(ConnectionRefusedError):
            answered(ecosystem.endpoint("web"))
    assert answered(behind) and answered(ecosystem.endpoint("web"))

@pytest.mark.asyncio
async def test_in_an_async_block(ecosystem):
    async with ecosystem.fault(Reset("behind")):
        with pytest.raises(ConnectionResetError):
            answered(ecosystem.endpoint("behind"))
    assert answered(ecosystem.endpoint("behind"))

def test_a_failing_test_heals_all_the_same(ecosystem):
    with pytest.raises(ZeroDivisionError), ecosystem.fault(Kill("web")):
        1 / 0
    assert answered(ecosystem.endpoint("web"))

def test_what_cannot_be_done_is_told(ecosystem):
    with pytest.raises(HarnessError, match="no proxy stands before web"):
        with ecosystem.fault(Cut("web")):
            pass
"""
# The owner of the fault is a process of its own, which is killed.
KILLED = """
import subprocess, sys
from harness.faults import Restart
from answering import answered

OWNER = '''
import signal, sys
from pathlib import Path
from harness.faults import Pause
from harness.keeper.injected_fault import InjectedFault
with InjectedFault(Path(sys.argv[1]), Pause("web")):
    print("on", flush=True)
    signal.pause()
'''

def test_it_heals_when_its_owner_is_killed(ecosystem):
    command = [sys.executable, "-c", OWNER, str(ecosystem._lease.path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as owner:
        assert owner.stdout.readline() == b"on\\n"
        owner.kill()
    assert answered(ecosystem.endpoint("web"))
    with ecosystem.fault(Restart("web")):
        pass  # it had its turn after the healing, which is over by now
"""


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Tiny]:
    """A project of which nothing is left afterwards."""
    made = Tiny(tmp_path, PROXIED, blocks=BLOCKS, killed=KILLED)
    (made.folder / "tests" / "answering.py").write_text(ANSWERED)
    yield made
    assert [left for left in made.left_over() if "pytest-of-" not in left] == []  # that is pytest's own


def test_faults_in_tests(project: Tiny) -> None:
    """Each in order, and each stated with why it ended."""
    ended = project.run("pytest", "--harness-provider", "process", "-v", **FEW_PLUGINS)
    assert ended.returncode == ExitCode.OK, ended.stdout
    stated = [(event["fault"], event["reason"]) for event in project.names("FaultHealed")]
    assert stated == [
        ("Kill", "its owner asked"),
        ("Reset", "its owner asked"),
        ("Reset", "its owner asked"),
        ("Kill", "its owner asked"),
        ("Pause", "its owner has left"),
        ("Restart", "its owner asked"),
    ]
    assert [event["number"] for event in project.names("FaultInjected")] == [1, 2, 3, 4, 5, 6]
