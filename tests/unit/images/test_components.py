"""The ecosystem's own images: built when something changed, told when they cannot be."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.core.errors import EnvironmentFailedError, UsageError
from harness.images.components import build_all, build_one, reference_of
from harness.images.context import Contexts
from harness.images.labels import CACHE
from harness.images.needs import Need, needed
from harness.spec.model import Build, Component, Ecosystem, Location
from tests.doubles.images import FakeEngine, refusal

HERE = Location(Path("compose.yml"), 1)


def made(tmp_path: Path, *components: Component) -> Ecosystem:
    """An ecosystem of these, its Dockerfile in place."""
    (tmp_path / "Dockerfile").write_text("FROM base:1 AS one\nARG PIP_INDEX_URL\nFROM one AS two\n")
    return Ecosystem("shop", tmp_path, (Path("compose.yml"),), {c.name: c for c in components})


def component(tmp_path: Path, name: str = "api", **how: Any) -> Component:
    """One that is built."""
    return Component(name, HERE, build=Build(tmp_path, **how))


def engine_with_base(failure: str = "") -> FakeEngine:
    """The base is there."""
    engine = FakeEngine(failure=failure)
    engine.add("base:1")
    return engine


def built(engine: Any, ecosystem: Ecosystem) -> list[str]:
    """What was done for it, without the tags."""
    build_all(engine, ecosystem, ecosystem.components.values(), lambda _line: None)
    done = [str(line).partition(":")[0] for line in engine.done]
    engine.done.clear()
    return done


def test_built_once(tmp_path: Path) -> None:
    """What has not changed is not even sent; what has, is."""
    engine, ecosystem = engine_with_base(), made(tmp_path, component(tmp_path))
    assert built(engine, ecosystem) == ["build shop-api"]
    assert built(engine, ecosystem) == []
    (tmp_path / "main.py").write_text("print()")
    assert built(engine, ecosystem) == ["build shop-api"]
    engine.add("base:1", another="one")
    assert built(engine, ecosystem) == ["build shop-api"]


def test_every_content_has_a_name_of_its_own(tmp_path: Path) -> None:
    """Which leads to it, whoever builds under the same name next; Compose's name leads to what was used last."""
    engine: Any = engine_with_base()
    ecosystem = made(tmp_path, component(tmp_path))

    def one() -> str:
        return build_one(engine, ecosystem, ecosystem.components["api"], lambda _line: None, Contexts())

    ours = one()
    (tmp_path / "main.py").write_text("print()")
    theirs = one()
    assert ours != theirs
    assert engine.get("shop-api") is engine.get(theirs)
    (tmp_path / "main.py").unlink()
    assert one() == ours
    assert engine.get("shop-api") is engine.get(ours)
    assert engine.tags() == {"base:1", ours, theirs, "shop-api:latest"}
    assert engine.get(ours).labels[CACHE] == "shop"
    assert len(engine.done) == 2


def test_what_was_built_before_there_were_names_by_content_goes(tmp_path: Path) -> None:
    """With its only name; unless a container uses it."""
    engine, ecosystem = engine_with_base(), made(tmp_path, component(tmp_path))
    for is_used in (False, True):
        before = engine.add("shop-api")
        engine.used |= {before.id} if is_used else set()
        built(engine, ecosystem)
        assert (before in engine.all) == is_used


def test_a_name_is_used_when_it_is_asked_for(tmp_path: Path) -> None:
    """Not only when it is built: the engine takes note, so that nobody removes it now."""
    engine, ecosystem = engine_with_base(), made(tmp_path, component(tmp_path))
    built(engine, ecosystem)
    engine.now = "2026-12-24T12:00:00Z"
    assert built(engine, ecosystem) == []
    assert engine.get("shop-api").named == engine.now


def test_targets_and_arguments_are_other_images(tmp_path: Path) -> None:
    """Though the context is the same."""
    engine = engine_with_base()
    for how in ({}, {"target": "one"}, {"args": {"A": "1"}}, {"args": {"A": "2"}}):
        assert built(engine, made(tmp_path, component(tmp_path, **how))) == ["build shop-api"]


def test_the_name_is_that_of_compose(tmp_path: Path) -> None:
    """`image` beside `build` says what it is called."""
    ecosystem = made(tmp_path)
    assert reference_of(ecosystem, component(tmp_path)) == "shop-api"
    named = Component("api", HERE, image="ours/api:1", build=Build(tmp_path))
    assert reference_of(ecosystem, named) == "ours/api:1"


def test_the_index_is_passed_on_where_it_is_declared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the file says wins; what the Dockerfile does not take is not passed; no other index, same image."""
    monkeypatch.setenv("PIP_INDEX_URL", "https://index.invalid/simple")
    monkeypatch.setenv("PIP_TRUSTED_HOST", "index.invalid")
    engine, ecosystem = engine_with_base(), made(tmp_path, component(tmp_path))
    built(engine, ecosystem)
    assert list(engine.args.values()) == [{"PIP_INDEX_URL": "https://index.invalid/simple"}]
    monkeypatch.delenv("PIP_INDEX_URL")
    assert built(engine, ecosystem) == []


def test_a_failed_build(tmp_path: Path) -> None:
    """What failed, what it said last, and what it was doing."""
    engine: Any = engine_with_base("The command '/bin/sh -c two' returned a non-zero code: 1")
    ecosystem = made(tmp_path, component(tmp_path))
    told: list[str] = []
    with pytest.raises(
        EnvironmentFailedError, match=r"shop-api could not be made at step 2/2, RUN two: exit code 1$"
    ) as caught:
        build_one(engine, ecosystem, ecosystem.components["api"], told.append, Contexts())
    assert caught.value.evidence[-1] == "hello from two"
    assert told[-1] == "shop-api: step 2/2, RUN two"
    assert not any("RUN one" in line for line in told)


def test_a_full_disk(tmp_path: Path) -> None:
    """What to do about it is no riddle."""
    engine: Any = engine_with_base("write /x: no space left on device")
    ecosystem = made(tmp_path, component(tmp_path))
    with pytest.raises(EnvironmentFailedError) as caught:
        build_one(engine, ecosystem, ecosystem.components["api"], lambda _line: None, Contexts())
    assert "docker system prune" in caught.value.hint


def test_a_build_that_the_engine_refuses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own words in a short line, without the request; what the build never said is not referred to."""
    engine: Any = engine_with_base()

    def refused(**_asked: Any) -> Iterator[dict[str, str]]:
        raise refusal(500, "Error processing tar file")
        yield {}

    monkeypatch.setattr(engine, "build", refused)
    ecosystem = made(tmp_path, component(tmp_path))
    with pytest.raises(EnvironmentFailedError) as caught:
        build_one(engine, ecosystem, ecosystem.components["api"], lambda _line: None, Contexts())
    assert str(caught.value) == "the image shop-api could not be made: Error processing tar file"
    assert "said last" not in caught.value.hint


def test_a_dockerfile_that_is_not_there(tmp_path: Path) -> None:
    """A fault of the request, found before anything is built."""
    with pytest.raises(UsageError, match=r"api: its Dockerfile cannot be read: .*other\.Dockerfile"):
        needed([component(tmp_path, dockerfile="other.Dockerfile")])


def test_a_context_elsewhere(tmp_path: Path) -> None:
    """It is not fetched."""
    engine: Any = engine_with_base()
    ecosystem = made(tmp_path, component(tmp_path, url="https://git.invalid/shop.git"))
    with pytest.raises(UsageError, match="is not on this machine"):
        built(engine, ecosystem)


def test_what_is_needed(tmp_path: Path) -> None:
    """Images that run as they are and bases of builds, each once with all who use it."""
    made(tmp_path)
    inline = Component("tool", HERE, build=Build(tmp_path, dockerfile_inline="FROM base:2"))
    wanted = needed(
        [Component("db", HERE, image="postgres:15"), component(tmp_path), component(tmp_path, "web"), inline]
    )
    assert wanted == (
        Need("postgres:15", ("db",)),
        Need("base:1", ("api", "web")),
        Need("base:2", ("tool",)),
    )
