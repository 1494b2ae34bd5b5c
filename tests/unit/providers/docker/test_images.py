"""Before a container is made its image is there: built, fetched or baked; and what builds say is in a log."""

import re
import threading
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from harness.core.errors import EnvironmentFailedError, UsageError
from harness.images.building import Tell
from harness.providers.docker import images
from harness.providers.docker.images import Images, Show
from harness.spec.model import Build, Component, Ecosystem, Mount
from tests.doubles.containers import component
from tests.doubles.images import FakeEngine

_SOON = 5.0


def ecosystem(*components: Component) -> Ecosystem:
    """Of these."""
    return Ecosystem("tiny", Path("/project"), (), {c.name: c for c in components})


def not_shown(_component: str, _what: str, _is_there: bool) -> None:
    """Nobody looks."""


def images_of(engine: FakeEngine, logs: Path, *components: Component, show: Show = not_shown) -> Images:
    """What makes sure of their images."""
    return Images(engine, ecosystem(*components), logs, show)  # type: ignore[arg-type]  # a double


def test_what_is_there_is_taken_as_it_is(tmp_path: Path) -> None:
    """No registry is asked, nothing is said."""
    engine = FakeEngine()
    engine.add("example/web:1")
    web = component()
    assert images_of(engine, tmp_path, web).ensure(web) == "example/web:1"
    assert engine.done == []
    assert list(tmp_path.iterdir()) == []


def test_what_is_missing_is_pulled(tmp_path: Path) -> None:
    """And the component's build log says so."""
    engine = FakeEngine(registry={"example/web:1"})
    web = component()
    assert images_of(engine, tmp_path, web).ensure(web) == "example/web:1"
    assert engine.done == ["pull example/web:1"]
    assert "example/web:1: pulled" in (tmp_path / "web.build.log").read_text()


@pytest.mark.parametrize(
    ("name", "way"),
    [
        ("example/web:1", "`docker pull example/web:1`"),
        ("postgres:15", "`harness images`"),
        ("redis:7", "`harness images`"),
    ],
)
def test_without_a_registry_nothing_is_made_in_the_middle_of_a_start(
    tmp_path: Path, name: str, way: str
) -> None:
    """Making a base takes minutes; `harness images` does that where it can, and the error names what gets it."""
    engine = FakeEngine(registry=None)
    web = component(image=name)
    with pytest.raises(EnvironmentFailedError, match=f"the image {name} cannot be pulled") as caught:
        images_of(engine, tmp_path, web).ensure(web)
    assert caught.value.evidence == ("needed by web",)
    assert way in caught.value.hint
    assert engine.done == [f"pull {name}"]


def built(tmp_path: Path, name: str, dockerfile: str = "FROM base\n") -> Component:
    """A component with a build."""
    return component(name, image=None, build=Build(tmp_path, dockerfile_inline=dockerfile))


def test_a_build_and_what_it_starts_from(tmp_path: Path) -> None:
    """The base is fetched first; what has not changed is not built again."""
    engine = FakeEngine(registry={"base:latest"})
    (context := tmp_path / "context").mkdir()
    (logs := tmp_path / "logs").mkdir()
    web = built(context, "web", "FROM base:latest\n")
    makes = images_of(engine, logs, web)
    tag = makes.ensure(web)
    assert re.fullmatch("tiny-web:[0-9a-f]{12}", tag)
    assert engine.done == ["pull base:latest", f"build {tag}"]
    assert makes.ensure(web) == tag
    assert len(engine.done) == 2
    assert "tiny-web: built from" in (logs / "web.build.log").read_text()


def test_what_is_done_is_shown(tmp_path: Path) -> None:
    """Each step that takes time, how many there are, and that it is there; nothing of what is there already."""
    engine = FakeEngine()
    engine.add("base:latest")
    (logs := tmp_path / "logs").mkdir()
    (context := tmp_path / "context").mkdir()
    web, shown = built(context, "web", "FROM base:latest\n"), list[tuple[str, str, bool]]()
    makes = images_of(engine, logs, web, show=lambda *line: shown.append(line))
    tag = makes.ensure(web)
    (_, began, _), step, (component, end, is_there) = shown
    assert began.startswith(f"tiny-web: built from {context}")
    assert step == ("web", "tiny-web: step 2/2, RUN two", False)
    assert (component, end.partition(" after ")[0], is_there) == ("web", f"{tag}: there", True)
    makes.ensure(web)
    assert len(shown) == 3


def test_a_build_that_fails_is_told_with_its_last_words(tmp_path: Path) -> None:
    """Of that component's image."""
    engine = FakeEngine(failure="no space left on device")
    engine.add("base:latest")
    web = built(tmp_path, "web", "FROM base:latest\n")
    with pytest.raises(
        EnvironmentFailedError, match="could not be made at step 2/2, RUN two: no space left"
    ) as caught:
        images_of(engine, tmp_path, web).ensure(web)
    assert "docker system prune" in caught.value.hint
    assert "hello from two" in caught.value.evidence


def test_a_dockerfile_that_is_not_there(tmp_path: Path) -> None:
    """Is the file's fault: exit code 2."""
    web = component(image=None, build=Build(tmp_path))
    with pytest.raises(UsageError, match="its Dockerfile cannot be read"):
        images_of(FakeEngine(), tmp_path, web).ensure(web)


def test_postgres_is_baked(tmp_path: Path) -> None:
    """So that no start has to wait for initdb; others are not."""
    engine = FakeEngine()
    engine.add("postgres:15")
    db = component(
        "db", image="postgres:15", environment={"POSTGRES_USER": "me", "POSTGRES_PASSWORD": "s3cret"}
    )
    name = images_of(engine, tmp_path, db).ensure(db)
    assert name.startswith("ecosystem-harness/baked:postgres-15-")
    assert "s3cret" not in str(engine.args)
    assert "s3cret" not in (tmp_path / "db.build.log").read_text()


def test_postgres_on_a_tmpfs_is_not_baked(tmp_path: Path) -> None:
    """Its file says where the data is to be, and a baked one has it elsewhere, unless PGDATA leads there."""
    engine = FakeEngine()
    engine.add("postgres:15")
    disk = Mount("tmpfs", "/var/lib/postgresql/data", size=1 << 27)
    db = component("db", image="postgres:15", mounts=(disk,))
    assert images_of(engine, tmp_path, db).ensure(db) == "postgres:15"
    led = replace(db, environment={"PGDATA": "/var/lib/postgresql/data/main"})
    assert "baked" in images_of(engine, tmp_path, led).ensure(led)


def test_what_cannot_be_baked_runs_as_it_is(tmp_path: Path) -> None:
    """Slower; the log says why."""
    engine = FakeEngine(failure="exec format error")
    engine.add("postgres:15")
    db = component("db", image="postgres:15")
    assert images_of(engine, tmp_path, db).ensure(db) == "postgres:15"
    assert "not baked: the image" in (tmp_path / "db.build.log").read_text()


class Baker:
    """Counts who bakes at once."""

    def __init__(self) -> None:
        self.inside = self.most = 0
        self._lock = threading.Lock()

    def __call__(self, _engine: object, base: str, environment: Mapping[str, str], _tell: Tell) -> str:
        """Be there for a while, so that others would be met."""
        with self._lock:
            self.inside += 1
            self.most = max(self.most, self.inside)
        self._let_others_in()
        with self._lock:
            self.inside -= 1
        return f"{base}-{len(environment)}"

    def _let_others_in(self) -> None:
        barrier = threading.Event()
        barrier.wait(0.01)


def test_the_same_image_is_baked_by_one_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second finds it done."""
    engine = FakeEngine()
    engine.add("postgres:15")
    monkeypatch.setattr(images, "bake", baker := Baker())
    both = [component(name, image="postgres:15") for name in ("one", "two", "three")]
    makes = images_of(engine, tmp_path, *both)
    threads = [threading.Thread(target=makes.ensure, args=(each,)) for each in both]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(_SOON)
    assert (baker.most, baker.inside) == (1, 0)
