"""`harness exec` and `harness copy`, as people type them; what a killed one ran is gone with it."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.bootstrap.cache import cache_folder
from harness.core.errors import ExitCode
from tests.doubles.processes import has_ended
from tests.doubles.tiny import Tiny, finish

STORES = """
  db:
    image: postgres:16
    environment: {POSTGRES_PASSWORD: written, POSTGRES_USER: someone, POSTGRES_DB: shop}
    x-harness: {random: [POSTGRES_PASSWORD]}
  cache:
    image: redis:7
    command: redis-server --requirepass written
"""
_PATIENCE = 10.0  # seconds


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Tiny]:
    """A stack that runs; nothing of it is left afterwards."""
    made = Tiny(tmp_path, STORES)
    # The server's account has to enter it, which pytest's own folders do not let it.
    cache = {"HARNESS_CACHE_DIR": os.environ.get("HARNESS_CACHE_DIR", str(cache_folder()))}
    up = made.run("harness", "up", "--provider", "process", **cache)
    assert up.returncode == ExitCode.OK, up.stderr
    yield made
    made.run("harness", "down")
    assert made.left_over() == []


def test_commands(project: Tiny) -> None:
    """With the component's variables; exit code, output and input are the command's; `--` may be written or not."""
    ran = project.run("harness", "exec", "web", "--", "sh", "-c", "echo said; echo told >&2; exit 9")
    assert (ran.returncode, ran.stdout, ran.stderr) == (9, "said\n", "told\n")
    missing = project.run("harness", "exec", "web", "no-such-program", "-c")
    assert (missing.returncode, missing.stdout) == (127, "")
    assert "no-such-program" in missing.stderr
    piped = subprocess.run(  # noqa: S603 - our own program
        [Path(sys.executable).with_name("harness"), "exec", "-i", "web", "cat"],
        cwd=project.folder,
        env=project.variables,
        input=b"one\ntwo\xff",
        capture_output=True,
        timeout=60,
        check=True,
    )
    assert piped.stdout == b"one\ntwo\xff"
    nothing = project.run("harness", "exec", "web", "--")
    assert (nothing.returncode, "no command to run in web" in nothing.stderr) == (ExitCode.USAGE, True)


def test_the_clients_of_embedded_servers(project: Tiny) -> None:
    """They are there, and let in, as in the images."""
    psql = project.run("harness", "exec", "db", "psql", "-U", "someone", "-Atc", "SELECT 6 * 7", "shop")
    assert (psql.returncode, psql.stdout) == (0, "42\n")
    redis = project.run("harness", "exec", "cache", "redis-cli", "-p", "{port}", "ping")
    assert (redis.returncode, redis.stdout) == (0, "PONG\n")


def test_copies(project: Tiny, tmp_path: Path) -> None:
    """Out and in; anything else is told."""
    out = project.run("harness", "copy", "web:server.py", str(tmp_path / "copied.py"))
    assert (out.returncode, out.stderr) == (ExitCode.OK, "")
    assert (tmp_path / "copied.py").read_text() == (project.folder / "server.py").read_text()
    back = project.run("harness", "copy", "../copied.py", f"web:{tmp_path}/again.py")
    assert (back.returncode, back.stderr) == (ExitCode.OK, "")
    assert (tmp_path / "again.py").read_text() == (tmp_path / "copied.py").read_text()
    for paths in (("a", "b"), ("web:a", "db:b"), ("wab:a", "b")):
        told = project.run("harness", "copy", *paths)
        assert told.returncode == ExitCode.USAGE
        assert "one path in a component, as COMPONENT:PATH" in told.stderr
    gone = project.run("harness", "copy", "web:/no/such", ".")
    assert (gone.returncode, "tar in web ended" in gone.stderr) == (ExitCode.ENVIRONMENT, True)


def test_what_it_runs_ends_with_it(project: Tiny) -> None:
    """However it ends."""
    process = project.begin("harness", "exec", "web", "sh", "-c", "echo $$; exec sleep 600")
    assert process.stdout is not None
    pid = int(process.stdout.readline())
    process.send_signal(signal.SIGKILL)
    finish(process)
    assert has_ended(pid, _PATIENCE)


def test_the_end_waits_for_nobody_who_does_not_read(project: Tiny) -> None:
    """However much there is to be read."""
    process = project.begin("harness", "exec", "web", "yes")
    assert process.stdout is not None
    assert process.stdout.readline() == "y\n"
    down = project.run("harness", "down")
    assert (down.returncode, down.stderr.count("torn down")) == (ExitCode.OK, 1), down.stderr
    assert finish(process).returncode == ExitCode.ENVIRONMENT
