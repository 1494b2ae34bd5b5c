"""What was migrated and seeded once in containers is there for the next run; what cannot be kept is not pretended."""

import json
import secrets
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from harness.containers.engine import connect
from harness.core.errors import ExitCode
from harness.providers.docker.labels import ENVIRONMENT
from tests.contract.stage import others_with, skip_without_docker
from tests.doubles.tiny import Tiny

FEW_PLUGINS = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_PLUGINS": "harness.pytest_plugin.plugin"}
STORES = ("baked", "scripted", "cache")
FILE = """
name: NAME
x-harness: {isolation: reset, seed: "seeding:seed"}
services:
  baked:
    image: postgres:15
    environment: {POSTGRES_PASSWORD: first}
    x-harness: {random: [POSTGRES_PASSWORD], exports: {BAKED: "postgresql://postgres:{env.POSTGRES_PASSWORD}@{host}:{port}/postgres"}}
  scripted:
    image: postgres:15
    environment: {POSTGRES_PASSWORD: second}
    volumes: ["./made.sql:/docker-entrypoint-initdb.d/made.sql:ro"]
    x-harness: {random: [POSTGRES_PASSWORD], exports: {SCRIPTED: "postgresql://postgres:{env.POSTGRES_PASSWORD}@{host}:{port}/postgres"}}
  cache:
    image: redis:7
    environment: {REDIS_PASSWORD: third}
    command: [sh, -c, 'exec redis-server --requirepass "$$REDIS_PASSWORD"']
    x-harness: {random: [REDIS_PASSWORD], exports: {CACHE: "redis://:{env.REDIS_PASSWORD}@{host}:{port}"}}
  once:
    image: postgres:15
    environment: {PGPASSWORD: first}
    entrypoint: [psql, -h, baked, -U, postgres, -c, "CREATE TABLE made_once (n int); INSERT INTO made_once VALUES (1)"]
    depends_on: {baked: {condition: service_healthy}}
    x-harness: {random: [PGPASSWORD]}
  user:
    build: user
    init: true
    depends_on: {once: {condition: service_completed_successfully}}
"""
DOCKERFILE = 'FROM python:3.11-slim\nCMD ["python", "-c", "import signal; signal.pause()"]\n'
SEED = """
import asyncpg, redis
from types import SimpleNamespace

async def seed(environment):
    for name in ("BAKED", "SCRIPTED"):
        connection = await asyncpg.connect(environment.variables[name])
        await connection.execute("CREATE TABLE seeded (n int); INSERT INTO seeded SELECT generate_series(1, 100)")
        await connection.close()
    redis.Redis.from_url(environment.variables["CACHE"]).set("greeting", "hello")
    return SimpleNamespace(counts={"rows": 200}, digest="abc")
"""
TEST = """
import os, asyncpg, redis

async def rows(address, table):
    connection = await asyncpg.connect(address)
    try:
        return await connection.fetchval(f"SELECT count(*) FROM {table}")
    finally:
        await connection.close()

async def test_data(ecosystem):
    for name, tables in {"BAKED": ("seeded", "made_once"), "SCRIPTED": ("seeded", "made_by_script")}.items():
        assert [await rows(os.environ[name], table) for table in tables] == [100, 1]
    cache = redis.Redis.from_url(os.environ["CACHE"])
    assert cache.get("greeting") == b"hello"
    cache.set("greeting", "changed")
    with open("addresses", "w") as file:
        file.write(" ".join(os.environ[name] for name in ("BAKED", "SCRIPTED", "CACHE")))

async def test_data_again(ecosystem):
    await test_data(ecosystem)
"""


class Project(Tiny):
    """An ecosystem of stores in containers, with a name and images of its own."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, it=TEST)
        self.name = f"trial-{secrets.token_hex(4)}"
        self.write(FILE)
        (self.folder / "pytest.ini").write_text("[pytest]\nasyncio_mode = auto\n")
        (self.folder / "made.sql").write_text("CREATE TABLE made_by_script AS SELECT 1 AS n;")
        (self.folder / "seeding.py").write_text(SEED)
        (self.folder / "addresses").touch()  # another file beside the seed would be another input
        (self.folder / "user").mkdir()
        (self.folder / "user" / "Dockerfile").write_text(DOCKERFILE)

    def write(self, text: str) -> None:
        """Another Compose file."""
        (self.folder / "docker-compose.test.yml").write_text(text.replace("NAME", self.name))

    def passwords(self, *options: str) -> Sequence[str]:
        """Run the tests; what stores were logged in to with, in their order."""
        plugins = FEW_PLUGINS["PYTEST_PLUGINS"] + ",pytest_asyncio.plugin,xdist.plugin"
        variables = FEW_PLUGINS | {"PYTEST_PLUGINS": plugins}
        ended = self.run("pytest", "-q", "--harness-provider", "docker", *options, **variables)
        assert ended.returncode == ExitCode.OK, ended.stdout
        addresses = (self.folder / "addresses").read_text().split()
        return [address.rpartition("@")[0].rpartition(":")[2] for address in addresses]

    @property
    def is_from_template(self) -> bool:
        """Whether the newest run has begun with one: its one-shot and its seed did nothing then."""
        skipped = [
            e for e in self.names("ComponentChanged") if (e["component"], e["new"]) == ("once", "skipped")
        ]
        assert len(skipped) == len(self.names("TemplateTaken"))
        return bool(skipped)

    def kept_images(self) -> list[str]:
        """What templates in its cache have on the engine."""
        abouts = (self.folder.parent / "cache").glob("seeded/*/data/containers.json")
        return [image for about in abouts for image in json.loads(about.read_text())["images"].values()]


def seeded_images() -> set[str]:
    """What templates of all projects have on the engine."""
    with closing(connect()) as engine:
        return {tag for image in engine.images.list("ecosystem-harness/seeded") for tag in image.tags}


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    """One that leaves no images."""
    skip_without_docker()
    made = Project(tmp_path)
    yield made
    with closing(connect()) as engine:
        for name in made.kept_images():
            engine.images.remove(name, force=True)
        for image in engine.images.list(name=f"{made.name}-user"):
            engine.images.remove(str(image.id), force=True)


def test_the_next_run_begins_with_it(project: Project) -> None:
    """With new passwords but where the data opens with the one that it has; what is made of a changed file is new."""
    first = project.passwords()
    assert not project.is_from_template
    second, third = project.passwords(), project.passwords()
    assert project.is_from_template
    baked, scripted, cache = zip(first, second, third, strict=True)
    assert len(set(baked)) == len(set(cache)) == 3
    assert len(set(scripted)) == 1
    (project.folder / "made.sql").write_text("CREATE TABLE made_by_script AS SELECT 2 AS n;")
    assert project.passwords()[1] not in scripted
    assert not project.is_from_template
    assert project.left_over() == []


def test_worlds_begin_with_it(project: Project) -> None:
    """Whatever way each store's data takes; what was made for them goes with the environment."""
    project.passwords("-n", "2", "--dist", "each")
    assert [event["world"] for event in project.names("WorldOpened")] == ["gw1"]
    assert len([event for event in project.names("CaseFinished") if event["outcome"] == "passed"]) == 4
    (started,) = project.names("EnvironmentStarted")
    assert others_with(f"{ENVIRONMENT}={started['environment_id']}") == []


def test_an_image_that_is_gone(project: Project) -> None:
    """Whoever tidies up the engine loses no more than some time."""
    project.passwords()
    with closing(connect()) as engine:
        (name,) = project.kept_images()
        labels = engine.images.get(name).attrs["Config"]
        assert not [told for told in labels["Env"] if told.startswith("POSTGRES_") and told.partition("=")[2]]
        engine.images.remove(name)
    project.passwords()
    assert not project.is_from_template
    project.passwords()
    assert project.is_from_template


def test_one_that_is_given_up_leaves_no_image(project: Project) -> None:
    """As here, where there are more files than anybody looks at."""
    many = project.folder / "many"
    many.mkdir()
    for number in range(5_001):
        (many / str(number)).touch()
    project.write(f'{FILE}    volumes: ["./many:/many:ro"]\n')
    before = seeded_images()
    project.passwords()
    assert "no template is left for later runs" in (project.folder / "results/latest/keeper.log").read_text()
    assert seeded_images() <= before


def test_data_that_nobody_would_copy(project: Project) -> None:
    """A component that is no known store has a volume: it may be one all the same."""
    project.write(f"{FILE}    volumes: [kept:/kept]\nvolumes: {{kept: {{}}}}\n")
    project.passwords()
    assert project.kept_images() == []
    assert "user keeps data in a volume (/kept)" in (project.folder / "results/latest/keeper.log").read_text()
    project.passwords()
    assert not project.is_from_template
