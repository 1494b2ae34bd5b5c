"""Two checkouts of one project share an engine and every name; each of them runs its own code, whoever built last."""

import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from datetime import timedelta
from pathlib import Path

import pytest
from docker import DockerClient

from harness.containers.engine import connect
from harness.core.clock import SystemClock
from harness.images import outdated
from harness.plan.model import Plan, Step
from harness.providers.base import Running
from harness.providers.docker.images import Images
from harness.providers.docker.provider import DockerProvider
from harness.spec.model import Build, Component, ContainerSettings, Ecosystem
from tests.contract.ecosystem import HERE, IMAGE
from tests.contract.stage import make_place, skip_without_docker

_TIMEOUT = 60.0
# What it says is its code, not its variables: a word in a file of the image.
_DOCKERFILE = f"FROM {IMAGE}\nCOPY word /word\n"
_SAYING = ("sh", "-c", "cat /word && exec sleep 60")


@pytest.fixture(scope="module")
def engine() -> Iterator[DockerClient]:
    """The engine of this machine."""
    skip_without_docker()
    with closing(connect()) as client:
        yield client


@pytest.fixture
def name(engine: DockerClient) -> Iterator[str]:
    """A project's name that nobody else has; its images go."""
    drawn = f"trial-{secrets.token_hex(4)}"
    yield drawn
    for image in engine.images.list(name=f"{drawn}-web"):
        engine.images.remove(str(image.id), force=True)


def checkout(name: str, folder: Path, word: str) -> Ecosystem:
    """A project with one component, whose code is `word`."""
    folder.mkdir(exist_ok=True)
    (folder / "word").write_text(f"{word}\n")
    component = Component(
        "web",
        HERE,
        build=Build(folder, dockerfile_inline=_DOCKERFILE),
        command=_SAYING,
        container=ContainerSettings(init=True),
    )
    return Ecosystem(name, folder, (HERE.path,), {"web": component})


def ensured(engine: DockerClient, project: Ecosystem, logs: Path) -> str:
    """What a start of it makes its container from."""
    images = Images(engine, project, logs, lambda _component, _line, _is_there: None)
    return images.ensure(project.components["web"])


def said_by(engine: DockerClient, image: str) -> str:
    """The code that is in an image."""
    return engine.containers.run(image, ["cat", "/word"], remove=True).decode().strip()


def test_each_of_two_checkouts_has_its_own_image(engine: DockerClient, name: str, tmp_path: Path) -> None:
    """Both are built before either is used; then the first goes back to what it had, and nothing is built."""
    ours, theirs = checkout(name, tmp_path / "a", "ours"), checkout(name, tmp_path / "b", "theirs")
    first, second = ensured(engine, ours, tmp_path), ensured(engine, theirs, tmp_path)
    assert (said_by(engine, first), said_by(engine, second)) == ("ours", "theirs")
    changed = ensured(engine, checkout(name, tmp_path / "a", "changed"), tmp_path)
    assert [said_by(engine, image) for image in (first, second, changed)] == ["ours", "theirs", "changed"]
    assert said_by(engine, f"{name}-web") == "changed"
    told = (tmp_path / "web.build.log").read_text()
    assert ensured(engine, checkout(name, tmp_path / "a", "ours"), tmp_path) == first
    assert (tmp_path / "web.build.log").read_text() == told
    assert said_by(engine, f"{name}-web") == "ours"


def test_what_was_not_used_for_long_goes_with_the_next_build(
    engine: DockerClient, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the engine's clock, which notes each use; not while a container is made from it."""
    first, _ = (ensured(engine, checkout(name, tmp_path / "a", word), tmp_path) for word in ("1", "2"))
    used = engine.containers.create(first)
    try:
        monkeypatch.setattr(outdated, "_KEPT", timedelta())
        third = ensured(engine, checkout(name, tmp_path / "a", "3"), tmp_path)
        assert tags(engine, name) == {first, third, f"{name}-web:latest"}
    finally:
        used.remove()
    assert ensured(engine, checkout(name, tmp_path / "a", "1"), tmp_path) == first
    fourth = ensured(engine, checkout(name, tmp_path / "a", "4"), tmp_path)
    assert tags(engine, name) == {fourth, f"{name}-web:latest"}


def tags(engine: DockerClient, name: str) -> set[str]:
    """Every name of the project's images."""
    return {tag for image in engine.images.list(name=f"{name}-web") for tag in image.tags}


async def test_a_container_in_the_place_of_another_has_its_code(
    engine: DockerClient, name: str, tmp_path: Path
) -> None:
    """A restart with other variables, after another checkout has built the same name."""
    ours, theirs = checkout(name, tmp_path / "a", "ours"), checkout(name, tmp_path / "b", "theirs")
    async with provided(ours, tmp_path) as (provider, step):
        running = await provider.start(step)
        ensured(engine, theirs, tmp_path)
        await running.stop(0.1)
        running = await provider.restart(step, {"LEVEL": "debug"})
        await running.stop(0.1)
        assert set(lines(running)) == {"ours"}
        assert running.environment["LEVEL"] == "debug"


@asynccontextmanager
async def provided(project: Ecosystem, folder: Path) -> AsyncIterator[tuple[DockerProvider, Step]]:
    """A provider that is about to start the component; afterwards nothing of it is there."""
    (place := make_place(folder)).logs.mkdir()
    step = Step(project.components["web"], 0)
    provider = DockerProvider(place, SystemClock())
    try:
        await provider.prepare(project, Plan((step,)))
        yield provider, step
    finally:
        assert await provider.aclose() == ()


def lines(running: Running) -> list[str]:
    """What it said, without the times."""
    return [line.split()[-1] for line in running.tail()]
