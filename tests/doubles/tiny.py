"""Why this exists: the smallest ecosystem there is, in a project of its own, for tests of whole commands.

One component that listens after some milliseconds. Everything its commands write has a place below the project's
folder, so that a test can look whether anything is left: processes, sockets, temporary files, shared memory.
"""

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

from tests.doubles.processes import has_ended

_PATIENCE = 60.0  # seconds before a command that does not end counts as hung
_LINGERING = 20.0  # seconds that an interpreter may take to end on a busy machine, once its work is done
_SERVER = """
import socket, sys
server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
print("listening", flush=True)
while True:
    server.accept()[0].close()
"""
COMPOSE = """
name: tiny
x-harness:
  suites: {tiny: tests}
services:
  web:
    image: example/web
    ports: ["8000"]
    environment: {TOKEN: written}
    x-harness:
      process: {command: [python3, -S, server.py, "{port}"]}
      random: [TOKEN]
      exports: {TEST_WEB: "{host}:{port}", TEST_TOKEN: "{env.TOKEN}"}
"""
# Another component of it: never ready, so that a start can be disturbed.
NEVER_READY = """
  never:
    image: example/never
    x-harness:
      process: {command: [python3, -S, -c, "import signal; print('waiting', flush=True); signal.pause()"]}
      ready: {log: never}
"""
FAILING = """
  failing:
    image: example/failing
    ports: ["9000"]
    x-harness:
      process: {command: [sh, -c, "echo last words; exit 7"]}
"""


class Tiny:
    """A project with the smallest ecosystem. What tests it has are given by name and source."""

    def __init__(self, folder: Path, more: str = "", **tests: str) -> None:
        self.folder = folder / "project"
        self.runtime = folder / "run"
        self.temporary = folder / "tmp"
        for each in (self.folder / "tests", self.runtime, self.temporary):
            each.mkdir(parents=True, mode=0o700)
        (self.folder / "server.py").write_text(_SERVER)
        (self.folder / "docker-compose.test.yml").write_text(COMPOSE + more)
        (self.folder / "pytest.ini").write_text("[pytest]\nasyncio_default_fixture_loop_scope = function\n")
        for name, source in tests.items():
            (self.folder / "tests" / f"test_{name}.py").write_text(textwrap.dedent(source))

    @property
    def variables(self) -> dict[str, str]:
        """What commands run with: nothing of an outer harness or pytest, and places of the project's own."""
        foreign = ("HARNESS_", "PYTEST_", "TEST_", "INTEGRATION_", "COMPOSE_", "COV_")
        return {name: value for name, value in os.environ.items() if not name.startswith(foreign)} | {
            "XDG_RUNTIME_DIR": str(self.runtime),
            "TMPDIR": str(self.temporary),
            "HARNESS_CACHE_DIR": str(self.folder.parent / "cache"),
        }

    def begin(self, *command: str, **variables: str) -> "subprocess.Popen[str]":
        """Start a command of this installation (`harness`, `pytest`) in the project's folder."""
        program = Path(sys.executable).with_name(command[0])
        return subprocess.Popen(  # noqa: S603 - our own programs
            [program, *command[1:]],
            cwd=self.folder,
            env=self.variables | variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *command: str, **variables: str) -> "subprocess.CompletedProcess[str]":
        """Run a command to its end."""
        with self.begin(*command, **variables) as process:
            return finish(process)

    @property
    def events(self) -> list[dict[str, Any]]:
        """The facts of the newest run."""
        text = (self.folder / "results" / "latest" / "events.ndjson").read_text()
        return [json.loads(line) for line in text.splitlines()]

    def names(self, kind: str) -> list[dict[str, Any]]:
        """Its facts of one kind."""
        return [event for event in self.events if event["event"] == kind]

    def left_over(self) -> list[str]:
        """Whatever exists now that a command has started or made: processes, sockets, files, shared memory."""
        processes = [pid for pid in self.processes() if not has_ended(pid, _LINGERING)]
        files = [str(path) for folder in (self.runtime, self.temporary) for path in folder.iterdir()]
        return [*map(_command, processes), *files, *self._memory()]

    def processes(self) -> list[int]:
        """Those that work in the project's folder, or carry its places in their variables."""
        pids = [int(process.name) for process in Path("/proc").glob("[0-9]*")]
        return [pid for pid in pids if pid != os.getpid() and self._is_ours(Path(f"/proc/{pid}"))]

    def _is_ours(self, process: Path) -> bool:
        place = str(self.folder.parent)
        try:
            variables = (process / "environ").read_bytes()
            return place in str((process / "cwd").readlink()) or place.encode() in variables
        except OSError:  # it has ended, or is somebody else's
            return False

    def _memory(self) -> list[str]:
        logs = [run.read_text() for run in self.folder.glob("results/*/events.ndjson")]
        ids = {json.loads(line).get("environment_id") for log in logs for line in log.splitlines()}
        return [str(path) for id_ in ids if id_ for path in Path("/dev/shm").glob(f"*{id_}*")]  # noqa: S108 - where data folders are


def _command(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")


def finish(process: "subprocess.Popen[str]") -> "subprocess.CompletedProcess[str]":
    """Wait for the end of a command, and what it said."""
    try:
        out, told = process.communicate(timeout=_PATIENCE)
    finally:
        process.kill()
    return subprocess.CompletedProcess(process.args, process.returncode, out, told)
