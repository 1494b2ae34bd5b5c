"""The provider's promises, on an engine that keeps notes: what is made, what goes again, and what may go wrong."""

import asyncio
import io
import socket
import tarfile
import threading
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pytest

from harness.core.clock import SystemClock
from harness.core.errors import EnvironmentFailedError, HarnessError, ProviderUnavailableError
from harness.events.facts import Event, ImageProgress
from harness.plan.model import Plan, Step
from harness.providers.base import CanRestart, Place
from harness.providers.docker import provider as module
from harness.providers.docker.labels import COMPONENT, ENVIRONMENT, owner
from harness.providers.docker.provider import DockerProvider
from harness.spec.model import (
    Component,
    ComponentSettings,
    ContainerSettings,
    Ecosystem,
    GrantedFile,
    Mount,
    Port,
)
from tests.doubles.containers import IMAGE, FakeDocker, component
from tests.doubles.images import refusal
from tests.doubles.plans import make_ecosystem

ID = "0123456789"
WRITTEN = "written-in-the-file"
_SOON = 5.0

SECRET = component(
    "db",
    ports=(Port(5432),),
    environment=MappingProxyType({"DB_PASSWORD": WRITTEN}),
    settings=ComponentSettings(random=("DB_PASSWORD",)),
    mounts=(Mount("volume", "/data", "kept"), Mount("volume", "/cache", "kept"), Mount("tmpfs", "/tmp")),  # noqa: S108 - a folder of a container
    labels=MappingProxyType({"team": "blue"}),
)
USER = component(
    "web",
    ports=(Port(80),),
    expose=(81,),
    aliases=("front",),
    environment=MappingProxyType({"DATABASE_URL": f"postgres://u:{WRITTEN}@db:5432/x"}),
)


class Stage:
    """A provider for some components, and the engine that it finds."""

    def __init__(self, folder: Path, engine: FakeDocker) -> None:
        self.engine = engine
        self.place = Place(ID, folder / "run", folder / "logs")
        self.facts: list[Event] = []
        self.provider = DockerProvider(self.place, SystemClock(), self.facts.append)
        self.plan = Plan(())

    async def prepare(self, *components: Component) -> None:
        """Prepare a plan of these, side by side."""
        self.plan = Plan(tuple(Step(each, 0) for each in components))
        await self.provider.prepare(self.ecosystem, self.plan)

    @property
    def ecosystem(self) -> Ecosystem:
        """Of the plan."""
        return make_ecosystem(self.plan)

    def names(self, kind: str) -> list[str]:
        """What is there of a kind."""
        return [made.name for made in self.engine.everything[kind]]


@pytest.fixture
async def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stage]:
    """Whatever a test does, the provider is closed, and then nothing is on the engine."""
    made = Stage(tmp_path, FakeDocker())
    monkeypatch.setattr(module, "connect", lambda: made.engine)
    try:
        yield made
    finally:
        left = await asyncio.wait_for(made.provider.aclose(), _SOON)
    is_whole = not (made.engine.is_gone or made.engine.resisting)
    if is_whole:
        assert left == ()
        assert not any(made.engine.everything.values())


async def test_what_is_made_says_whose_it_is(stage: Stage) -> None:
    """Networks, volumes and containers, by names and labels; the file's own labels stay."""
    await stage.prepare(SECRET, USER)
    for name in ("db", "web"):
        await stage.provider.start(stage.plan.step(name))
    assert stage.names("network") == [f"harness-{ID}"]
    assert stage.names("volume") == [f"harness-{ID}-kept"]
    assert sorted(stage.names("container")) == [f"harness-{ID}-db", f"harness-{ID}-web"]
    for kind in stage.engine.everything.values():
        for made in kind:
            assert (made.labels[ENVIRONMENT], made.labels["harness.owner"]) == (ID, owner())
    labels = stage.engine.one("db").labels
    assert (labels[COMPONENT], labels["team"]) == ("db", "blue")


async def test_secrets_are_in_variables_and_nowhere_else(stage: Stage) -> None:
    """What was written in the file is not used at all; names, labels and commands hold neither."""
    await stage.prepare(SECRET, USER)
    db, web = [await stage.provider.start(step) for step in stage.plan.steps]
    drawn = db.environment["DB_PASSWORD"]
    assert drawn != WRITTEN
    assert web.environment["DATABASE_URL"] == f"postgres://u:{drawn}@db:5432/x"
    for container in stage.engine.everything["container"]:
        shown = {**container.options, "environment": None, "name": container.name, "labels": container.labels}
        assert drawn not in str(shown)
        assert WRITTEN not in str(shown)
    assert drawn not in str(stage.engine.journal)


async def test_every_port_is_published_on_loopback_and_stays_ours(stage: Stage) -> None:
    """Nobody else on this machine can take it meanwhile, and after the end anybody can."""
    await stage.prepare(USER)
    running = await stage.provider.start(stage.plan.step("web"))
    assert {port: e.host for port, e in running.endpoints.items()} == {80: "127.0.0.1", 81: "127.0.0.1"}
    published = stage.engine.one("web").options["ports"]
    assert {host for host, _ in published.values()} == {"127.0.0.1"}
    for endpoint in running.endpoints.values():
        with socket.socket() as other, pytest.raises(OSError, match="in use"):
            other.bind((endpoint.host, endpoint.port))
    await stage.provider.aclose()
    for endpoint in running.endpoints.values():
        with socket.socket() as other:
            other.bind((endpoint.host, endpoint.port))


async def test_what_a_file_does_not_expose_the_image_does(stage: Stage) -> None:
    """As far as it says so."""
    stage.engine.add("example/quiet:1").exposed = (6379,)
    await stage.prepare(component("quiet", image="example/quiet:1"))
    running = await stage.provider.start(stage.plan.step("quiet"))
    assert list(running.endpoints) == [6379]


async def test_others_find_it_by_every_name(stage: Stage) -> None:
    """In the environment's network only."""
    await stage.prepare(USER)
    await stage.provider.start(stage.plan.step("web"))
    options = stage.engine.one("web").options
    assert options["network"] == f"harness-{ID}"
    assert set(options["networking_config"][f"harness-{ID}"]["Aliases"]) == {"web", "front"}


async def test_configs_and_secrets_are_files_in_it(stage: Stage, tmp_path: Path) -> None:
    """From the file or from a file of this machine; readable by whoever runs there."""
    (source := tmp_path / "key").write_text("from a file")
    files = (
        GrantedFile("a", "/run/secrets/a", content="from the text"),
        GrantedFile("b", "/etc/b", source=source),
    )
    await stage.prepare(component(files=files))
    await stage.provider.start(stage.plan.step("web"))
    (packed,) = stage.engine.one("web").files
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        found = {entry.name: (entry.mode, archive.extractfile(entry).read()) for entry in archive}  # type: ignore[union-attr]  # a file, which has content
    assert found == {"run/secrets/a": (0o444, b"from the text"), "etc/b": (0o444, b"from a file")}


async def test_what_the_engine_refuses_is_one_line_with_the_component(stage: Stage) -> None:
    """Whether it does not make it or does not start it."""
    stage.engine.refusals = {"container": refusal(500, "no space left on device")}
    await stage.prepare(component())
    with pytest.raises(EnvironmentFailedError, match=r"web: the engine does not .*: no space left") as caught:
        await stage.provider.start(stage.plan.step("web"))
    assert "docker system df" in caught.value.hint


async def test_what_does_not_start_is_told_and_removed(stage: Stage) -> None:
    """The line says where the file says how."""
    stage.engine.refusals = {"start": refusal(400, "exec: no such file")}
    await stage.prepare(component())
    with pytest.raises(EnvironmentFailedError, match="web: the engine does not start it: exec") as caught:
        await stage.provider.start(stage.plan.step("web"))
    assert "compose.yml:1 says how it is to run" in caught.value.hint


async def test_no_room_for_a_network(stage: Stage) -> None:
    """Engines have some thirty by default."""
    stage.engine.refusals = {
        "network": refusal(500, "could not find an available, non-overlapping IPv4 pool")
    }
    await stage.prepare(component())
    with pytest.raises(EnvironmentFailedError, match="does not make the environment's network") as caught:
        await stage.provider.start(stage.plan.step("web"))
    assert "docker network prune" in caught.value.hint


async def test_an_image_that_cannot_be_had(stage: Stage) -> None:
    """The others start; who needs that one is told."""
    await stage.prepare(component(), component("other", image="example/other:1"))
    await stage.provider.start(stage.plan.step("web"))
    with pytest.raises(EnvironmentFailedError, match="example/other:1 cannot be pulled"):
        await stage.provider.start(stage.plan.step("other"))


async def test_an_engine_that_goes_away_is_told_and_what_is_left_named(stage: Stage) -> None:
    """By starts, by ends, and by the removal, none of which hangs or raises anything else."""
    await stage.prepare(component(), component("other"))
    running = await stage.provider.start(stage.plan.step("web"))
    stage.engine.go()
    for waiting in (running.exited(), stage.provider.start(stage.plan.step("other"))):
        with pytest.raises(HarnessError, match="does not answer any more"):
            await asyncio.wait_for(waiting, _SOON)
    (left,) = await asyncio.wait_for(stage.provider.aclose(), _SOON)
    assert f"{ENVIRONMENT}={ID}" in left
    assert stage.engine.is_closed


async def test_what_resists_the_removal_is_named(stage: Stage) -> None:
    """The rest goes."""
    await stage.prepare(SECRET)
    await stage.provider.start(stage.plan.step("db"))
    stage.engine.resisting = {f"harness-{ID}-kept": refusal(409, "volume is in use")}
    assert await stage.provider.aclose() == (f"volume harness-{ID}-kept: volume is in use",)
    assert stage.names("container") == stage.names("network") == []


async def test_an_engine_of_another_machine_is_let_go(stage: Stage) -> None:
    """Nothing is made there, and no thread of ours listens to it."""
    stage.engine._host = "build.example"
    with pytest.raises(ProviderUnavailableError, match=r"another machine \(build\.example\)"):
        await stage.prepare(component())
    await stage.provider.aclose()
    assert stage.engine.streams == []
    assert stage.engine.is_closed


async def test_a_client_that_is_opened_while_nobody_waits_any_more_is_closed(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A start that is called off in the middle of that waits for it, and leaves no connection behind."""
    is_asked, may_answer = threading.Event(), threading.Event()

    def connect() -> FakeDocker:
        is_asked.set()
        may_answer.wait(_SOON)
        return stage.engine

    monkeypatch.setattr(module, "connect", connect)
    preparing = asyncio.create_task(stage.prepare(USER))
    await asyncio.to_thread(is_asked.wait, _SOON)
    preparing.cancel()
    closing = asyncio.create_task(stage.provider.aclose())
    may_answer.set()
    await asyncio.wait_for(closing, _SOON)
    assert preparing.cancelled()
    assert stage.engine.is_closed
    assert all(stream._response.is_closed for stream in stage.engine.streams)


async def test_what_is_done_about_images_is_stated(stage: Stage) -> None:
    """For whoever watches the start."""
    stage.engine._registry = {"example/other:1"}
    await stage.prepare(replace(USER, image="example/other:1"))
    await stage.provider.start(stage.plan.step("web"))
    told = [(fact.component, fact.what) for fact in stage.facts if isinstance(fact, ImageProgress)]
    assert ("web", "example/other:1: pulled") in told


async def test_starting_without_preparing(stage: Stage) -> None:
    """Restarts come after starts, and starts after prepare; closing is always allowed."""
    assert await stage.provider.aclose() == ()
    assert await stage.provider.aclose() == ()


async def test_closing_lets_the_engine_go(stage: Stage) -> None:
    """The client, its stream of events, and the pipes of logs."""
    await stage.prepare(USER)
    await stage.provider.start(stage.plan.step("web"))
    await stage.provider.aclose()
    assert stage.engine.is_closed
    assert stage.engine.streams[0]._response.is_closed
    pipes = [link for link in _descriptors() if str(stage.place.logs) in link]
    assert pipes == []


async def test_a_restart_is_the_same_container(stage: Stage) -> None:
    """Its address, volumes and files stay; its next end is another one."""
    await stage.prepare(SECRET)
    step = stage.plan.step("db")
    assert isinstance(stage.provider, CanRestart)
    old = await stage.provider.start(step)
    await old.stop(_SOON)
    new = await stage.provider.restart(step, {})
    assert new.container is old.container
    assert new.endpoints == old.endpoints
    assert new.environment == old.environment
    ending = asyncio.ensure_future(new.exited())
    await asyncio.sleep(0)
    assert not ending.done()
    stage.engine.one("db").end(5)
    assert (await asyncio.wait_for(ending, _SOON)).code == 5


async def test_a_restart_with_other_variables_is_another_container(stage: Stage) -> None:
    """In the place of the old one: same image, name, address and volumes; the secret is the same, too."""
    await stage.prepare(SECRET)
    step = stage.plan.step("db")
    old = await stage.provider.start(step)
    drawn = old.environment["DB_PASSWORD"]
    await old.stop(_SOON)
    image = stage.engine.get(IMAGE)
    stage.engine.add(IMAGE, built="by somebody else")
    new = await stage.provider.restart(step, {"LEVEL": "debug"})
    assert stage.names("container") == [f"harness-{ID}-db"]
    assert new.container.id != old.container.id
    assert new.endpoints == old.endpoints
    assert dict(new.environment) == {"DB_PASSWORD": drawn, "LEVEL": "debug"}
    assert stage.engine.one("db").options["image"] == image.id
    assert stage.engine.one("db").options["volumes_from"] == [old.container.id]
    await new.stop(_SOON)
    last = await stage.provider.restart(step, {})
    assert dict(last.environment) == {"DB_PASSWORD": drawn}


async def test_nothing_that_runs_in_the_hosts_network_is_taken(stage: Stage) -> None:
    """Its published ports would be the machine's."""
    refused = component(container=ContainerSettings(network_mode="host"))
    assert "network_mode host" in str(stage.provider.refusal(refused))


def _descriptors() -> list[str]:
    """Where our open files lead."""
    links = []
    for number in list(Path("/proc/self/fd").iterdir()):
        try:
            links.append(str(number.readlink()))
        except FileNotFoundError:  # that of the listing itself
            continue
    return links
