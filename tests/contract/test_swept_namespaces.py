"""What killed keepers, and machines that are gone, left in a cluster goes with the next command, and nothing else."""

import json
import os
import signal
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from harness.core.errors import ExitCode
from harness.core.ids import new_environment_id
from harness.providers.docker.keepers import Keeper
from harness.providers.kubernetes.connection.access import VARIABLE, resolve
from harness.providers.kubernetes.namespaces.marks import (
    ENVIRONMENT,
    EXPIRES,
    OWNER,
    annotations,
    namespace_of,
)
from harness.providers.kubernetes.namespaces.removal import PATIENCE, remove, unless_gone
from harness.providers.kubernetes.supplying.images import CONTAINERD
from tests.contract.stage import cluster_or_skip
from tests.doubles.processes import has_ended
from tests.doubles.tiny import Tiny

if TYPE_CHECKING:
    from kubernetes.client import CoreV1Api

FILE = """
name: swept
services:
  web:
    image: python:3.11-slim
    init: true
    command: [python3, -S, -m, http.server, "8000"]
    ports: ["8000"]
"""
FINALIZER = "example.com/keep"
HERE = Keeper.here()
ENDED = replace(HERE, started=HERE.started + 1)  # whose number we have now
ELSEWHERE = replace(HERE, machine="a runner that is gone", boot="gone")

# Whole commands, one after the other, on a machine that runs the cluster as well.
pytestmark = pytest.mark.timeout(300)


class Project(Tiny):
    """One whose component is a pod, and a way to its cluster."""

    def __init__(self, folder: Path, core: "CoreV1Api") -> None:
        super().__init__(folder)
        self.core = core
        (self.folder / "docker-compose.test.yml").write_text(FILE)

    @property
    def variables(self) -> dict[str, str]:
        """And those that lead to the cluster."""
        return super().variables | {
            name: os.environ[name] for name in (VARIABLE, CONTAINERD) if name in os.environ
        }

    def up(self) -> tuple[str, int]:
        """Another environment: its id, and the process of its keeper."""
        before = set(self.runtime.rglob("about.json"))
        started = self.run("harness", "up", "--provider", "kubernetes", "--new")
        assert started.returncode == ExitCode.OK, started.stderr
        (new,) = set(self.runtime.rglob("about.json")) - before
        return new.parent.name, json.loads(new.read_text())["keeper_pid"]

    def leave(
        self,
        keeper: Keeper,
        expires: timedelta = timedelta(hours=1),
        name: str = "",
        labels: Mapping[str, str] | None = None,
    ) -> str:
        """What a keeper that is gone has left of an environment: its id."""
        environment_id = new_environment_id()
        instant = (datetime.now(UTC) + expires).isoformat(timespec="seconds")
        ours = {ENVIRONMENT: environment_id, OWNER: str(os.geteuid())}
        metadata = {
            "name": name or namespace_of(environment_id),
            "labels": ours if labels is None else dict(labels),
            "annotations": annotations(Path("/run/gone"), keeper.label) | {EXPIRES: instant},
        }
        create(self.core, metadata)
        return environment_id

    def there(self, *environments: str) -> list[bool]:
        """Whether these have a namespace that is not on its way out."""
        return [namespace_of(each) in names(self.core) for each in environments]


def create(core: "CoreV1Api", metadata: object) -> None:
    """A namespace."""
    body: Any = {"metadata": metadata}
    core.create_namespace(body)


def names(core: "CoreV1Api") -> list[str]:
    """Of the namespaces that are not on their way out."""
    found = (each.metadata for each in core.list_namespace().items)
    return [str(metadata.name) for metadata in found if metadata and metadata.deletion_timestamp is None]


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    """Nothing of it is left afterwards."""
    project = Project(tmp_path, cluster_or_skip())
    yield project
    project.run("harness", "down", "--all")
    assert project.left_over() == []


@pytest.fixture
def made(project: Project) -> Iterator[list[str]]:
    """Namespaces that the test removes itself."""
    mine: list[str] = []
    yield mine
    assert [told for name in mine for told in remove(project.core, name)] == []


def kill(keeper: int) -> None:
    """Without a word."""
    os.kill(keeper, signal.SIGKILL)
    assert has_ended(keeper)


def test_a_killed_keepers_namespace_is_swept_beside_a_living_one(project: Project) -> None:
    """By any next command; the living one is not touched."""
    dead, living = project.up(), project.up()
    kill(dead[1])

    down = project.run("harness", "down", "-e", dead[0])

    assert down.returncode == ExitCode.OK, down.stderr
    assert dead[0] in down.stderr
    assert project.there(dead[0], living[0]) == [False, True]
    kill(living[1])
    assert project.run("harness", "down").returncode == ExitCode.OK
    assert project.there(living[0]) == [False]


def test_of_gone_machines_goes_what_has_expired(project: Project, made: list[str]) -> None:
    """What has not, or only looks alike, stays."""
    expired = project.leave(ELSEWHERE, timedelta(seconds=-1))
    waiting = project.leave(ELSEWHERE, timedelta(minutes=5))
    alike = f"keep-{new_environment_id()}"
    project.leave(ELSEWHERE, timedelta(days=-1), name=alike)
    unlabelled = namespace_of(new_environment_id())
    project.leave(ELSEWHERE, timedelta(days=-1), name=unlabelled, labels={"somebody": "else"})
    made += [namespace_of(waiting), alike, unlabelled]

    down = project.run("harness", "down", "--context", resolve("", os.environ))

    assert down.returncode == ExitCode.OK, down.stderr
    assert expired in down.stderr
    assert set(names(project.core)) >= set(made)
    assert namespace_of(expired) not in names(project.core)


def test_what_keeps_a_namespace_from_going_is_named(project: Project) -> None:
    """The object and its finalizer; the exit code says so, the next `down` too, and at once; then it goes."""
    name = namespace_of(project.leave(ENDED))
    kept: Any = {"metadata": {"name": "kept", "finalizers": [FINALIZER]}}
    project.core.create_namespaced_config_map(name, kept)
    try:
        assert assert_named(project, f"configmaps/kept waits for the finalizer {FINALIZER}") > PATIENCE
        assert assert_named(project, f"configmaps/kept waits for the finalizer {FINALIZER}") < PATIENCE
    finally:
        free: Any = {"metadata": {"finalizers": None}}
        unless_gone(project.core.patch_namespaced_config_map, "kept", name, free)
    assert remove(project.core, name) == ()


def assert_named(project: Project, told: str) -> float:
    """By `harness down`, whose exit code says so, too; the seconds that took."""
    began = time.monotonic()
    with project.begin("harness", "down", "--context", resolve("", os.environ)) as process:
        _, said = process.communicate(timeout=3 * PATIENCE)
    assert process.returncode == ExitCode.TEARDOWN
    assert told in " ".join(said.split())
    return time.monotonic() - began
