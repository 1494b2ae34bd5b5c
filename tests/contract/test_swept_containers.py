"""What a killed keeper, or a reboot, left on the container engine is removed by the next command, and nothing else."""

import json
import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.containers.engine import connect
from harness.core.errors import ExitCode
from harness.providers.docker.labels import ENVIRONMENT
from tests.contract.stage import skip_without_docker
from tests.doubles.processes import has_ended
from tests.doubles.tiny import Tiny

FILE = """
name: swept
services:
  web:
    image: python:3.11-slim
    command: [python3, -S, -m, http.server, "8000"]
    ports: ["8000"]
    volumes: ["data:/data"]
volumes: {data: {}}
"""


@pytest.fixture
def tiny(tmp_path: Path) -> Iterator[Tiny]:
    """A project whose component is a container, of which nothing is left afterwards."""
    skip_without_docker()
    tiny = Tiny(tmp_path)
    (tiny.folder / "docker-compose.test.yml").write_text(FILE)
    yield tiny
    tiny.run("harness", "down", "--all")
    assert tiny.left_over() == []


def up(tiny: Tiny) -> tuple[str, int]:
    """Another environment: its id, and the process of its keeper."""
    before = {path.parent.name for path in tiny.runtime.rglob("about.json")}
    started = tiny.run("harness", "up", "--provider", "docker", "--new")
    assert started.returncode == ExitCode.OK, started.stderr
    (new,) = (path for path in tiny.runtime.rglob("about.json") if path.parent.name not in before)
    return new.parent.name, json.loads(new.read_text())["keeper_pid"]


def on_engine(environment_id: str) -> list[str]:
    """The names of what an environment has there, in order: containers, networks, volumes."""
    filters: dict[str, Any] = {"label": f"{ENVIRONMENT}={environment_id}"}
    client = connect()
    try:
        kinds = (
            client.containers.list(all=True, filters=filters, ignore_removed=True),
            client.networks.list(filters=filters),
            client.volumes.list(filters=filters),
        )
        return [str(made.name) for listed in kinds for made in listed]
    finally:
        client.close()


def test_a_killed_keepers_containers_are_swept_beside_a_living_one(tiny: Tiny) -> None:
    """Two die at once; for one even the runtime folder is gone, as after a reboot. The living one is not touched."""
    dead, rebooted, living = up(tiny), up(tiny), up(tiny)
    for _, keeper in (dead, rebooted):
        os.kill(keeper, signal.SIGKILL)
        assert has_ended(keeper)
    (folder,) = (path for path in tiny.runtime.rglob(rebooted[0]))
    shutil.rmtree(folder)
    assert [len(on_engine(name)) for name, _ in (dead, rebooted, living)] == [3, 3, 3]

    down = tiny.run("harness", "down", "-e", dead[0])

    assert down.returncode == ExitCode.OK, down.stderr
    assert dead[0] in down.stderr
    assert rebooted[0] in down.stderr
    assert [len(on_engine(name)) for name, _ in (dead, rebooted, living)] == [0, 0, 3]
    assert tiny.run("harness", "down").returncode == ExitCode.OK
    assert on_engine(living[0]) == []
