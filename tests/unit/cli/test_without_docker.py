"""A machine that cannot run containers says so in a line, whatever it is that it lacks, and begins nothing."""

import subprocess
from pathlib import Path

import pytest

from harness.core.errors import ExitCode
from tests.doubles.engine_answers import listening
from tests.doubles.tiny import Tiny


def told(tiny: Tiny, *command: str, **variables: str) -> str:
    """What a command says on such a machine: an error and a hint, with exit code 3, and nothing is left."""
    ended: subprocess.CompletedProcess[str] = tiny.run(*command, "--provider", "docker", **variables)
    assert ended.returncode == ExitCode.ENVIRONMENT
    assert tiny.left_over() == []
    assert not (tiny.folder / "results").exists()
    error, hint = ended.stderr.splitlines()
    assert error.startswith("error: the docker provider cannot be used here: ")
    assert hint.startswith("→ ")
    return ended.stderr


@pytest.mark.parametrize("command", ["test", "up", "plan"])
def test_no_engine(tmp_path: Path, command: str) -> None:
    """The address that was tried, and what to do."""
    assert told(Tiny(tmp_path), "harness", command, DOCKER_HOST="unix:///nowhere.sock") == (
        "error: the docker provider cannot be used here: no container engine answers at unix:///nowhere.sock\n"
        "→ DOCKER_HOST says so: start the engine there, or unset it for an engine of this machine\n"
    )


def test_an_old_engine(tmp_path: Path) -> None:
    """Its version, and the one that is needed."""
    with listening(tmp_path / "engine.sock", "1.30"):
        seen = told(Tiny(tmp_path), "harness", "test", DOCKER_HOST=f"unix://{tmp_path}/engine.sock")
    assert "is too old: it speaks API 1.30, 1.40 is needed\n→ Docker 19.03, Podman 3 or newer\n" in seen


def test_the_extra_is_not_installed(tmp_path: Path) -> None:
    """What to install, word for word."""
    (hiding := tmp_path / "hiding").mkdir()
    (hiding / "sitecustomize.py").write_text("import sys\nsys.modules['docker'] = None\n")
    seen = told(Tiny(tmp_path), "harness", "test", PYTHONPATH=str(hiding))
    assert seen.endswith(
        "the Python package docker is not installed\n→ pip install 'ecosystem-harness[docker]'\n"
    )
