"""An environment of `harness up` is taken, renewed or left alone in containers as among processes."""

import secrets
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from harness.containers.engine import connect
from harness.core.errors import ExitCode
from tests.contract.stage import skip_without_docker
from tests.doubles.tiny import Tiny

FEW_PLUGINS = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_PLUGINS": "harness.pytest_plugin.plugin"}
PROGRAM = "import signal; print('says hello', flush=True); signal.pause()\n"
FILE = """
name: NAME
services:
  mounted:
    image: python:3.11-slim
    init: true
    command: [python, /app/says.py]
    volumes: ["./app:/app:ro"]
    x-harness: {ready: {log: says}}
  made:
    build: made
    init: true
    x-harness: {ready: {log: says}}
"""
DOCKERFILE = 'FROM python:3.11-slim\nCOPY says.py /says.py\nCMD ["python", "/says.py"]\n'


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Tiny]:
    """One with a program that is mounted, and one that an image is made from; it runs, for a person."""
    skip_without_docker()
    made = Tiny(tmp_path, it="def test_it(ecosystem): pass")
    name = f"trial-{secrets.token_hex(4)}"
    (made.folder / "docker-compose.test.yml").write_text(FILE.replace("NAME", name))
    for folder in ("app", "made"):
        (made.folder / folder).mkdir()
        (made.folder / folder / "says.py").write_text(PROGRAM)
    (made.folder / "made" / "Dockerfile").write_text(DOCKERFILE)
    up = made.run("harness", "up", "--provider", "docker")
    assert up.returncode == ExitCode.OK, up.stderr
    yield made
    assert made.run("harness", "down", "--all").returncode == ExitCode.OK
    with closing(connect()) as engine:
        for image in engine.images.list(name=f"{name}-made"):
            engine.images.remove(str(image.id), force=True)


def test_in_containers(project: Tiny) -> None:
    """What is mounted is started anew when it has changed; an image is made by the next start alone."""
    command = ("pytest", "-q", "--harness-provider", "docker", "--harness-warm")
    name = str(project.names("EnvironmentStarted")[0]["environment_id"])
    assert f" ({name}) of harness up\n" in project.run(*command, **FEW_PLUGINS).stdout
    (project.folder / "app" / "says.py").write_text(PROGRAM.replace("hello", "good morning"))
    said = project.run(*command, **FEW_PLUGINS).stdout
    assert f" ({name}) of harness up, started anew: says.py of mounted has changed" in said
    (project.folder / "made" / "says.py").write_text(PROGRAM.replace("hello", "good morning"))
    refused = project.run(*command, **FEW_PLUGINS)
    assert refused.returncode == ExitCode.USAGE
    assert "says.py of the image of made has changed" in refused.stdout
