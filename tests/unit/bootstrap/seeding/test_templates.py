"""What was migrated and seeded once is used again as long as nothing has changed that it follows from."""

import hashlib
import json
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from harness.bootstrap.preparation.order import Order
from harness.bootstrap.seeding import templates
from harness.bootstrap.seeding.template_inputs import Inputs, key_of
from harness.bootstrap.seeding.templates import Template, find, new_template
from harness.core.errors import ExitCode
from harness.keeper.stay import Stay
from harness.plan.model import Plan
from harness.spec.model import Ecosystem
from tests.doubles.tiny import Tiny

FEW_PLUGINS = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_PLUGINS": "harness.pytest_plugin.plugin"}
STORE = """
  cache:
    image: redis:7
    environment: {REDIS_PASSWORD: other}
    x-harness: {random: [REDIS_PASSWORD], exports: {CACHE: "redis://:{env.REDIS_PASSWORD}@{host}:{port}"}}
  once:
    image: example/once
    x-harness: {process: {command: [sh, -c, "echo once >> ran"]}}
"""
SEED = """
import redis
from types import SimpleNamespace

async def seed(environment):
    with open("ran", "a") as ran:
        ran.write("seed\\n")
    redis.Redis.from_url(environment.variables["CACHE"]).set("greeting", "hello")
    return SimpleNamespace(counts={"greetings": 1}, digest="abc")
"""
WEB = """
async def app(scope, receive, send):
    while scope["type"] == "lifespan":
        step = (await receive())["type"]
        await send({"type": f"{step}.complete"})
        if step == "lifespan.shutdown":
            return
"""
TEST = """
import os, redis

def test_greeting(ecosystem):
    cache = redis.Redis.from_url(os.environ["CACHE"])
    assert cache.get("greeting") == b"hello"
    cache.set("greeting", "changed")

def test_again(ecosystem):
    test_greeting(ecosystem)
    with open("secrets", "w") as secrets:
        secrets.write(os.environ["CACHE"] + " " + os.environ["TEST_TOKEN"])
"""


@pytest.fixture
def cache() -> Iterator[Path]:
    """One that a server's account may enter."""
    folder = Path(tempfile.mkdtemp(prefix="harness-cache-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def an_order(folder: Path, seed: int = 7) -> Order:
    """For nothing in particular."""
    ecosystem = Ecosystem("example", folder, (folder / "compose.yml",), {})
    return Order(
        environment_id="id",
        ecosystem=ecosystem,
        plan=Plan(()),
        provider="process",
        seed=seed,
        stay=Stay(),
        is_measured=False,
        run_folder=folder,
        runtime=folder,
        base_url="",
        attached=(),
    )


def a_template(data: Path, digest: str = "d") -> Template:
    """One of a seed."""
    return Template(data, 1.0, {"users": 2}, digest, {"web": {"TOKEN": "s3cret"}})


def inputs_of(*paths: Path) -> Inputs:
    """These files as they are, and the folders that they are in."""
    return Inputs.reading({str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths})


def make(cache: Path, inputs: Inputs, digest: str = "d", at: float = 1.0) -> None:
    """A template of these inputs."""
    with new_template(cache, "key") as made:
        made.data.mkdir()
        (made.data / "db").write_text(digest)
        made.describe(inputs, replace(a_template(made.data, digest), made=at))


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A file that data follows from."""
    file = tmp_path / "code" / "seed.py"
    file.parent.mkdir()
    file.write_text("one")
    return file


def test_one_that_is_there_is_found(tmp_path: Path, source: Path) -> None:
    """With all that was said of it; what it says is for nobody else to read."""
    make(tmp_path, inputs_of(source))
    found = find(tmp_path, "key")
    assert found == a_template(found.data if found else Path())
    assert found is not None
    assert (found.data / "db").read_text() == "d"
    assert stat.S_IMODE((found.data.parent / "about.json").stat().st_mode) == 0o600
    assert find(tmp_path, "another") is None


def test_touching_is_no_change(tmp_path: Path, source: Path) -> None:
    """As a checkout does; the content counts."""
    make(tmp_path, inputs_of(source))
    os.utime(source, (1, 1))
    assert find(tmp_path, "key") is not None


def test_whatever_changes_makes_another_one(tmp_path: Path, source: Path) -> None:
    """Content, a file more in its folder, or none any more; each time the one before is still that of before."""
    make(tmp_path, inputs_of(source), "first")
    source.write_text("two")
    assert find(tmp_path, "key") is None
    make(tmp_path, inputs_of(source), "second")
    (source.parent / "more.csv").touch()
    assert find(tmp_path, "key") is None
    (source.parent / "more.csv").unlink()
    found = find(tmp_path, "key")
    assert found is not None
    assert found.digest == "second"
    source.write_text("one")
    found = find(tmp_path, "key")
    assert found is not None
    assert found.digest == "first"
    source.unlink()
    assert find(tmp_path, "key") is None


def test_of_two_of_the_same_the_newest_counts(tmp_path: Path, source: Path) -> None:
    """Somebody has asked for a fresh start, perhaps because the other one is spoilt."""
    for digest, at in {"older": 1.0, "newest": 3.0, "old": 2.0}.items():
        make(tmp_path, inputs_of(source), digest, at)
    found = find(tmp_path, "key")
    assert found is not None
    assert found.digest == "newest"


def test_one_whose_data_is_gone_is_removed(tmp_path: Path, source: Path) -> None:
    """Whoever keeps the data knows."""
    make(tmp_path, inputs_of(source))
    assert find(tmp_path, "key", lambda data: not (data / "db").exists()) is None
    assert list((tmp_path / templates.FOLDER).iterdir()) == []


def test_one_that_nobody_described_does_not_stay(tmp_path: Path) -> None:
    """As when its code was written while it was read; and one that failed leaves nothing."""
    with new_template(tmp_path, "key") as made:
        made.data.mkdir()
    with pytest.raises(OSError, match="no room"), new_template(tmp_path, "key") as made:
        raise OSError("no room")
    assert list((tmp_path / templates.FOLDER).iterdir()) == []


def test_those_that_were_used_last_stay(tmp_path: Path, source: Path) -> None:
    """And whatever may be copied at this moment."""
    for number in range(6):
        source.write_text(str(number))
        make(tmp_path, inputs_of(source))
    folders = list((tmp_path / templates.FOLDER).iterdir())
    assert len(folders) == 6
    long_ago = time.time() - 3600
    for number, folder in enumerate(sorted(folders)):
        os.utime(folder, (long_ago + number, long_ago + number))
    source.write_text("new")
    make(tmp_path, inputs_of(source))
    assert len(list((tmp_path / templates.FOLDER).iterdir())) == 4
    assert find(tmp_path, "key") is not None


def test_what_is_asked_for_is_in_the_name(tmp_path: Path) -> None:
    """Another seed, another name; the same, the same."""
    assert key_of(an_order(tmp_path)) == key_of(an_order(tmp_path))
    assert key_of(an_order(tmp_path)) != key_of(an_order(tmp_path, seed=8))


def test_the_next_run_begins_with_it(tmp_path: Path, cache: Path) -> None:
    """Neither one-shots nor the seed run again, until one of them is another; passwords are new each time."""
    project = Tiny(tmp_path, STORE, greeting=TEST)
    file = project.folder / "docker-compose.test.yml"
    text = file.read_text().replace(
        "x-harness:\n", "x-harness:\n  isolation: reset\n  seed: seeding:seed\n", 1
    )
    waits = "    depends_on: {once: {condition: service_completed_successfully}}\n    x-harness:\n"
    command = 'command: [python3, -S, server.py, "{port}"]'
    file.write_text(text.replace("    x-harness:\n", waits, 1).replace(command, "app: web:app"))
    (project.folder / "web.py").write_text(WEB)
    (project.folder / "seeding.py").write_text(SEED)
    variables = FEW_PLUGINS | {"HARNESS_CACHE_DIR": str(cache)}

    def run(*options: str) -> tuple[str, list[str]]:
        """What this run did itself, and the secrets that it had."""
        for name in ("ran", "secrets"):
            (project.folder / name).write_text("")
        ended = project.run("pytest", "-q", *options, **variables)
        assert ended.returncode == ExitCode.OK, ended.stdout
        assert len(project.names("DataSeeded")) == 1
        secrets = (project.folder / "secrets").read_text().split()
        return " ".join((project.folder / "ran").read_text().split()), secrets

    assert run()[0] == "once seed"
    ran, (address, token) = run()
    assert (ran, len(project.names("TemplateTaken"))) == ("", 1)
    ran, again = run()
    assert ran == ""
    assert again[1] == token
    assert again[0].partition("@")[0] != address.partition("@")[0]
    assert run("--harness-fresh")[0] == "once seed"
    (project.folder / "seeding.py").write_text(SEED.replace("hello", "hell" + "o") + "# another\n")
    assert run()[0] == "once seed"
    assert run()[0] == ""
    kept = [json.loads(file.read_text()) for file in (cache / templates.FOLDER).glob("*/about.json")]
    assert token in {about["secrets"]["web"]["TOKEN"] for about in kept}
    assert project.left_over() == []
