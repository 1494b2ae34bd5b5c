"""What the process provider adds to its parts: who gets which ports, variables, secrets and folders."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from harness.core.clock import SystemClock
from harness.core.endpoint import Endpoint
from harness.core.errors import ComponentExitedError, EnvironmentFailedError, UsageError
from harness.core.ids import new_environment_id
from harness.core.secrets import MASK
from harness.plan.model import Plan, Step
from harness.providers.base import Place
from harness.providers.existing import ExistingProvider
from harness.providers.process.embedded.base import Home, Launch
from harness.providers.process.provider import ProcessProvider
from harness.providers.process.storage.folders import data_root
from harness.providers.process.tracking.marks import COMPONENT_MARKER, MARKER
from harness.spec.model import (
    Component,
    ComponentSettings,
    Ecosystem,
    EcosystemSettings,
    GrantedFile,
    Location,
    Port,
    ProcessSettings,
)

HERE = Location(Path("compose.yml"), 1)
TELL = """
import json, os
print(json.dumps(dict(os.environ)))
print(os.getcwd())
print(oct(os.stat(os.environ["TMPDIR"]).st_mode)[-3:])
"""
Variables = Mapping[str, str]


def step(
    name: str,
    *command: str,
    ports: tuple[int, ...] = (),
    environment: Variables | None = None,
    random: tuple[str, ...] = (),
    exports: Variables | None = None,
    process: ProcessSettings | None = None,
    **fields: Any,
) -> Step:
    """A component that runs a Python program, or as `process` says."""
    settings = ComponentSettings(
        process=process or ProcessSettings(command=(sys.executable, "-c", *(command or (TELL,)))),
        random=random,
        exports=MappingProxyType(dict(exports or {})),
    )
    component = Component(
        name,
        HERE,
        ports=tuple(Port(port) for port in ports),
        environment=MappingProxyType(dict(environment or {})),
        settings=settings,
        **fields,
    )
    return Step(component, level=0)


class Stage:
    """Providers of one test; each is closed, and nothing may be left."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.place = Place(new_environment_id(), folder / "runtime", folder / "logs")
        self._provider: ProcessProvider | None = None

    async def prepare(
        self, *steps: Step, attach: Variables | None = None, **settings: Any
    ) -> ProcessProvider:
        """A provider prepared for these components; those that `attach` names run already."""
        existing = ExistingProvider(attach or {})
        attached = {s.name: existing.attach(s.component) for s in steps if s.name in (attach or {})}
        self._provider = ProcessProvider.of(
            self.place, self.folder / "cache", SystemClock(), attached=attached
        )
        ecosystem = Ecosystem(
            "example",
            self.folder,
            (HERE.path,),
            {s.name: s.component for s in steps},
            settings=EcosystemSettings(**settings),
        )
        await self._provider.prepare(ecosystem, Plan(steps))
        return self._provider

    async def aclose(self) -> None:
        """Close the provider and look."""
        if self._provider is not None:
            assert await self._provider.aclose() == ()
        assert list(data_root().glob(f"*{self.place.environment_id}*")) == []

    def log(self, name: str) -> list[str]:
        """What a component wrote."""
        lines = (self.place.logs / f"{name}.log").read_text().splitlines()
        return [line.partition(" ")[2] for line in lines]


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    """Nothing of it is left afterwards."""
    stage = Stage(tmp_path)
    yield stage
    await stage.aclose()


async def told(stage: Stage, provider: ProcessProvider, step: Step) -> tuple[dict[str, str], list[str]]:
    """The variables a component says that it got; its folder, and the mode of that for temporary files."""
    running = await provider.start(step)
    assert (await running.exited()).code == 0
    variables, *folders = stage.log(step.name)
    return json.loads(variables), folders


async def test_a_component_gets_the_basics_its_own_and_the_markers(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing else of ours; a place for temporary files that nobody else can enter."""
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.setenv("SOMETHING_OF_OURS", "x")
    one = step("one", environment={"WORD": "hello"})
    variables, folders = await told(stage, await stage.prepare(one, pythonpath=(stage.folder,)), one)
    assert (variables["WORD"], variables["TZ"]) == ("hello", "UTC")
    assert variables[MARKER] == stage.place.environment_id
    assert variables[COMPONENT_MARKER] == "one"
    assert variables["PYTHONPATH"].split(os.pathsep)[0] == str(stage.folder)
    assert variables["PATH"].startswith(str(Path(sys.executable).parent))
    assert "SOMETHING_OF_OURS" not in variables
    assert variables["TMPDIR"].startswith(str(data_root()))
    assert folders == [str(stage.folder), "700"]


async def test_neighbours_are_found_by_every_name_they_have(stage: Stage) -> None:
    """Their service's, their aliases; also in what is set for processes only."""
    db = step("db", ports=(5432,), aliases=("database",))
    command = ProcessSettings(
        command=(sys.executable, "-c", TELL),
        environment=MappingProxyType({"EXTRA": "http://db:5432", "LISTEN": "0.0.0.0:{port}"}),
    )
    web = step("web", ports=(80,), process=command, environment={"A": "db:5432", "B": "database:5432"})
    variables, _ = await told(stage, await stage.prepare(db, web), web)
    assert variables["A"] == variables["B"] == variables["EXTRA"].removeprefix("http://")
    assert variables["A"].startswith("127.0.0.1:")
    assert variables["LISTEN"].startswith("0.0.0.0:")
    assert variables["LISTEN"] not in ("0.0.0.0:{port}", f"0.0.0.0:{variables['A'].rpartition(':')[2]}")


async def test_a_secret_is_everybodys_and_in_no_log(stage: Stage) -> None:
    """Drawn for this environment, given to whoever wrote the old one, masked wherever it is printed."""
    source = "import os; print(os.environ['URL']); print(len(os.environ['URL']))"
    db = step("db", environment={"PASSWORD": "written"}, random=("PASSWORD",))
    web = step("web", source, environment={"URL": "postgres://me:written@host/x"})
    provider = await stage.prepare(db, web)
    running = await provider.start(web)
    assert (await running.exited()).code == 0
    assert stage.log("web")[0] == f"postgres://me:{MASK}@host/x"
    assert "written" not in running.environment["URL"]
    assert int(stage.log("web")[1]) == len("postgres://me:@host/x") + 64


async def test_granted_files_are_where_the_variables_say(stage: Stage) -> None:
    """A secret of the file by content."""
    source = "import os; print(open(os.environ['KEY_FILE']).read())"
    files = (GrantedFile("key", "/run/secrets/key", content="in the file"),)
    one = step("one", source, environment={"KEY_FILE": "/run/secrets/key"}, files=files)
    provider = await stage.prepare(one)
    assert (await (await provider.start(one)).exited()).code == 0
    assert stage.log("one") == ["in the file"]


async def test_what_runs_already_is_pointed_to_and_never_started(stage: Stage) -> None:
    """Nor restarted; what cannot run as a process is fine where somebody else runs it."""
    db = step("db", ports=(5432,), exports={"db": "{port}"})
    db = replace(db, component=replace(db.component, settings=replace(db.component.settings, process=None)))
    web = step("web", environment={"DB": "db:5432"})
    provider = await stage.prepare(db, web, attach={"db": "15432"})
    assert provider.refusal(db.component) is None
    assert provider.refusal(replace(web.component, settings=ComponentSettings())) is not None
    attached = await provider.start(db)
    assert attached.endpoints[5432] == Endpoint("127.0.0.1", 15432, 5432)
    variables, _ = await told(stage, provider, web)
    assert variables["DB"] == "127.0.0.1:15432"
    with pytest.raises(UsageError, match="only attached"):
        await provider.restart(db, {})


class FakeRecipe:
    """A recipe whose server ends before it is set up, or whose set-up fails."""

    def __init__(self, source: str, *, fails: bool) -> None:
        self.polite = 9
        self.port = 6379
        self.port_given = 0
        self._source = source
        self._fails = fails

    async def warm(self, component: Component, home: Home) -> None:
        """Nothing."""

    async def launch(
        self, _component: Component, _environment: Variables, endpoint: Endpoint, _home: Home
    ) -> Launch:
        """Run the program: in a shell, for servers' accounts cannot enter every Python installation."""
        self.port_given = endpoint.target
        return Launch(("/bin/sh", "-c", self._source), {}, self._finish)

    async def _finish(self) -> None:
        if self._fails:
            raise EnvironmentFailedError("the script failed")
        await asyncio.get_running_loop().create_future()


def embedded(monkeypatch: pytest.MonkeyPatch, recipe: FakeRecipe, **fields: Any) -> Step:
    """A component that the recipe runs."""
    monkeypatch.setattr("harness.providers.process.servers.recipe_for", lambda _component: recipe)
    return step("db", process=ProcessSettings(embedded="redis", **fields.pop("process", {})), **fields)


async def test_a_server_that_ends_while_it_is_set_up_is_told_at_once(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With its last words; nobody waits for the rest of its set-up."""
    server = embedded(monkeypatch, FakeRecipe("echo no room; exit 2", fails=False))
    provider = await stage.prepare(server)
    with pytest.raises(ComponentExitedError, match="exit code 2 while it was being set up") as caught:
        await provider.start(server)
    assert caught.value.evidence == ("no room",)


async def test_a_set_up_that_fails_is_told_and_its_server_ends(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the latest when the environment is closed: the fixture looks."""
    server = embedded(monkeypatch, FakeRecipe("exec sleep 60", fails=True))
    provider = await stage.prepare(server)
    with pytest.raises(EnvironmentFailedError, match="the script failed"):
        await provider.start(server)


@pytest.mark.parametrize(
    ("process", "ports", "expected"),
    [({}, (8001, 6379), 6379), ({"port": 7000}, (6379,), 7000), ({}, (8001, 8002), 8001), ({}, (), 6379)],
)
async def test_an_embedded_server_listens_for_its_usual_port(
    stage: Stage,
    monkeypatch: pytest.MonkeyPatch,
    process: dict[str, int],
    ports: tuple[int, ...],
    expected: int,
) -> None:
    """Wherever that stands among the ports; the file may say another."""
    recipe = FakeRecipe("exec sleep 60", fails=True)
    server = embedded(monkeypatch, recipe, process=process, ports=ports)
    provider = await stage.prepare(server)
    with pytest.raises(EnvironmentFailedError):
        await provider.start(server)
    assert recipe.port_given == expected


async def test_starting_before_preparing_is_a_mistake_that_is_told(stage: Stage) -> None:
    """Not a crash somewhere inside."""
    process = ProcessSettings(call="json:dumps")
    provider = await stage.prepare(step("other"))
    fork = step("one", process=process)
    provider._addresses._own["one"] = {}
    with pytest.raises(EnvironmentFailedError, match="nothing is preloaded"):
        await provider.start(fork)
