"""What is made here is pushed to the registry that is set, under a name that pods can use; what has another is not."""

from typing import Any, cast

import pytest
from docker import DockerClient

from harness.core.errors import EnvironmentFailedError
from harness.providers.kubernetes.supplying.registry import (
    REGISTRY,
    Registry,
    is_pulled_from_elsewhere,
    registry_of,
)
from harness.spec.model import Build, Component
from tests.doubles.containers import component
from tests.doubles.images import FakeEngine

OURS = Registry("reg.example:5000/team")


@pytest.mark.parametrize(
    ("image", "name"),
    [
        ("web", "reg.example:5000/team/web:latest"),
        ("shop/web:1", "reg.example:5000/team/shop/web:1"),
        ("docker.io/library/python:3.11", "reg.example:5000/team/python:3.11"),
        ("other:5001/web:1", "reg.example:5000/team/other-5001/web:1"),
    ],
)
def test_names_there(image: str, name: str) -> None:
    """Two images never have one name."""
    assert OURS.name_of(image) == name


@pytest.mark.parametrize(("told", "prefix"), [("reg:5000/a/", "reg:5000/a"), ("reg", "reg")])
def test_a_registry_is_set(told: str, prefix: str) -> None:
    """Or none is."""
    assert registry_of({REGISTRY: told}) == Registry(prefix)
    assert registry_of({}) is None


@pytest.mark.parametrize(
    ("image", "is_built", "elsewhere"),
    [
        ("python:3.11", False, False),
        ("ghcr.io/team/web:1", False, True),
        ("python@sha256:" + "a" * 64, False, True),
        ("ghcr.io/team/web:1", True, False),
        (None, True, False),
    ],
)
def test_whose_name_says_enough_is_pulled_from_there(
    image: str | None, is_built: bool, elsewhere: bool
) -> None:
    """What is built here is in no registry yet, whatever it is called."""
    made: Component = component(image=image, build=cast(Build, object()) if is_built else None)
    assert is_pulled_from_elsewhere(made) == elsewhere


class FakePushingEngine(FakeEngine):
    """One that has an image, and a registry that answers."""

    def __init__(self, *answers: dict[str, Any]) -> None:
        super().__init__()
        self.pushed: list[str] = []
        self._answers = answers
        self.add("web:1")

    def push(self, repository: str, tag: str, **_how: bool) -> list[dict[str, Any]]:
        """What it says of each layer."""
        assert f"{repository}:{tag}" in self.tags()
        self.pushed.append(f"{repository}:{tag}")
        return list(self._answers)


def pushed(engine: FakePushingEngine) -> str:
    """The name there of its image."""
    return OURS.push(cast(DockerClient, engine), "web:1")


def test_an_image_is_pushed() -> None:
    """Under its name there, which it does not keep here."""
    engine = FakePushingEngine({"status": "Pushing"}, {"status": "1: digest: sha256:1 size: 2"})
    assert pushed(engine) == "reg.example:5000/team/web:1"
    assert engine.pushed == ["reg.example:5000/team/web:1"]
    assert engine.tags() == {"web:1"}


def test_a_name_that_somebody_else_gave_stays() -> None:
    """It was there before."""
    engine = FakePushingEngine()
    engine.name(engine.get("web:1"), "reg.example:5000/team/web:1")
    pushed(engine)
    assert "reg.example:5000/team/web:1" in engine.tags()


def test_a_registry_that_refuses_is_told() -> None:
    """In its own words, with what to look at."""
    engine = FakePushingEngine({"error": "unauthorized: authentication required"})
    with pytest.raises(EnvironmentFailedError, match="unauthorized") as refused:
        pushed(engine)
    assert REGISTRY in str(refused.value.hint)
    assert engine.tags() == {"web:1"}
